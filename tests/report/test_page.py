"""What the pages say of runs."""

from hadamrnn.report import page
from hadamrnn.webpage import interactive
from hadamrnn.webpage.index import index
from hadamrnn.webpage.interactive import Mark
from hadamrnn.webpage.results import Scores


def test_every_group_has_its_rows_and_its_command(groups):
    text = page.markdown({"har2": list(groups.values())}, {"har2": ["har2-size"]})
    first = "[har2](../../results/paper/har2-seed1.json)"
    assert f"| {first} | hadamrnn, d 8, q 1, 4 bits | 2 | 92.00 ± 2.83 | 1,000 | 5 |" in text
    assert "| har2 | 0.5 ± 0 | 93.00 ± 2.83 | 0.4 ± 0 | 0 of 20 |" in text
    assert "# har2; others: seed=2\ndvc exp run -S model=hadamrnn -S seed=1\n" in text
    assert "# har2-lstm\ndvc exp run -S model=lstm -S seed=1\n" in text
    assert "published, not measured here" in text
    assert "![har2: test accuracy against model size](har2-size.svg)" in text


def test_a_float_baseline_is_called_what_it_is(groups):
    text = page.markdown({"har2": list(groups.values())}, {"har2": []})
    assert "| lstm, d 8, float32 | 1 | 81.00 | 2,000 | 5 |" in text
    assert "| har2-lstm | 0.4 |  |  |  |" in text


def test_no_table_is_wider_than_a_page(groups):
    """Six short columns fit the 880 pixels that GitHub and the documentation give a table."""
    for columns in (page.COLUMNS, page.DETAILS, page.PUBLISHED):
        assert len(columns) <= 6
        assert len(" ".join(columns)) <= 90


def test_the_web_page_needs_no_other_file(groups):
    own = list(groups.values())
    figures = {"har2": ["har2-size", "har2-curves"]}
    text = index([], [], {"har2": own}, figures, lambda name: f"<svg>{name}</svg>")
    assert "<svg>har2-curves</svg>" in text
    assert "har2-size" not in text, "the chart to be explored stands for it"
    assert "<td>92.00 ± 2.83</td>" in text and '<h2 id="har2">' in text
    assert "](" not in text


def test_own_runs_come_first(groups):
    metrics = {
        "float": {"accuracy": 0.5},
        "integer": {"accuracy": 0.75},
        "majority": {"accuracy": 0.25},
        "size": {"packed_file_bytes": 1234, "total_bytes": 1200},
        "operations_per_step": {"additions": 2, "dense_multiply_adds": 9, "shifts": 1},
        "parity": {"c_mismatches": 1, "sequences": 2000},
    }
    scores = Scores(name="mine", metrics=metrics)
    assert scores.mark == Mark("mine", "mine", interactive.OWN, 75.0, 1234, 3)
    recorded = [Mark("har2-seed1", "har2", interactive.RECORDED, 92.0, 800, 5)]
    text = index([scores], recorded, {"har2": list(groups.values())}, {}, str)
    cells = ('<a href="mine.html">mine</a>', "75.00 %", "25.00 %", "1,234", "1 of 2,000")
    row = "".join(f"<td>{cell}</td>" for cell in cells)
    assert -1 < text.index(row) < text.index('<h2 id="har2">')
