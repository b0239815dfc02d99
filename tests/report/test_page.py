"""What the pages say of runs."""

from hadamrnn.report import page


def test_every_group_has_its_rows_and_its_command(groups):
    text = page.markdown({"har2": list(groups.values())}, {"har2": ["har2-size"]})
    first = "[har2](../../results/paper/har2-seed1.json)"
    assert f"| {first} | hadamrnn, d 8, q 1, 4 bits | 2 | 92.00 ± 2.83 | 800 | 5 |" in text
    assert "| har2 | 0.5 ± 0 | 93.00 ± 2.83 | 0.4 ± 0 | 0 of 20 |" in text
    assert "# har2; others: seed=2\ndvc exp run -S model=hadamrnn -S seed=1\n" in text
    assert "# har2-lstm\ndvc exp run -S model=lstm -S seed=1\n" in text
    assert "published, not measured here" in text
    assert "![har2: test accuracy against model size](har2-size.svg)" in text


def test_a_float_baseline_is_called_what_it_is(groups):
    text = page.markdown({"har2": list(groups.values())}, {"har2": []})
    assert "| lstm, d 8, float32 | 1 | 81.00 | 1,800 | 5 |" in text
    assert "| har2-lstm | 0.4 |  |  |  |" in text


def test_no_table_is_wider_than_a_page(groups):
    """Six short columns fit the 880 pixels that GitHub and the documentation give a table."""
    for columns in (page.COLUMNS, page.DETAILS, page.PUBLISHED):
        assert len(columns) <= 6
        assert len(" ".join(columns)) <= 90


def test_the_web_page_needs_no_other_file(groups):
    own = list(groups.values())
    text = page.webpage({"har2": own}, {"har2": ["size"]}, lambda name: f"<svg>{name}</svg>")
    assert "<svg>size</svg>" in text
    assert "<td>92.00 ± 2.83</td>" in text
    assert "](" not in text
