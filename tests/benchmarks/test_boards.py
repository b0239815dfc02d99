"""The table of boards: its arithmetic, and that its figures are those of the runtime as it is."""

import json
from pathlib import Path

import pytest

from benchmarks.targets import boards
from docs.generators.boards import page
from hadamrnn.integer import load
from hadamrnn.targets import bench
from hadamrnn.targets.processors import TARGETS

FOUND = json.loads(boards.RESULT.read_text(encoding="utf-8"))
BY_NAME = {board.name: board for board in boards.BOARDS}


def cost(**fields):
    common = {"source": "counted", "unit": "cycles", "ms": None, "table_bytes": 0}
    common |= {"stack_bytes": 0, "fits": True, "flash_bytes": 32_000, "ram_bytes": 2_000}
    return bench.Cost(**(common | {"step": 16_000, "logits": 8_000} | fields))


def test_what_a_board_is_taken_for():
    uno = BY_NAME["Arduino Uno"]
    row = boards.on_board(uno, cost(), 20.0)
    assert (row["ms"], row["logits_ms"], row["share"], row["fits"]) == (1.0, 0.5, 0.05, True)
    assert row["microjoules"] == pytest.approx(10.4 * 5.0)
    assert not boards.on_board(uno, cost(ram_bytes=2_049), 20.0)["fits"]
    assert not boards.on_board(uno, cost(flash_bytes=33_000), 20.0)["fits"]
    row = boards.on_board(BY_NAME["STM32L100RB"], cost(), 20.0)
    assert row["ms"] == 1.0  # two cycles an instruction at 32 MHz
    assert boards.on_board(BY_NAME["Arduino Mega"], cost(), 20.0)["microjoules"] is None
    row = boards.on_board(uno, cost(raw=cost(step=32_000)), 20.0)
    assert (row["count"], row["unit"], row["ms"]) == (16_000, "cycles", 1.0)
    assert (row["raw"]["count"], row["raw"]["ms"], row["raw"]["raw"]) == (32_000, 2.0, None)


@pytest.mark.parametrize("name", FOUND["models"])
def test_the_results_are_those_of_the_runtime_as_it_is(name):
    """Within a tenth of what is counted; else: python -m benchmarks.targets.boards."""
    entry = FOUND["models"][name]
    model = load(Path(entry["file"]))
    assert set(entry["boards"]) == set(BY_NAME)
    for board, row in entry["boards"].items():
        target = TARGETS[BY_NAME[board].target]
        counted = bench.cost(model, target, counted=True)
        expected = boards.on_board(BY_NAME[board], counted, entry["period_ms"])
        assert row["fits"] == expected["fits"], board
        for one, other in ((row, expected), (row["raw"], expected["raw"])):
            for key in ("ms", "flash_bytes", "ram_bytes"):
                assert one[key] == pytest.approx(other[key], rel=0.1), (board, key)


def test_the_page_says_what_does_not_fit_and_whose_current_it_is():
    text = page(FOUND)
    raw = FOUND["models"]["har2"]["boards"]["Arduino Uno"]["raw"]
    sizes = (f"{raw[key]:,}" for key in ("flash_bytes", "ram_bytes", "stack_bytes"))
    assert f"| har2 | {' | '.join(sizes)} | does not fit |" in text
    row = FOUND["models"]["har2-uno"]["boards"]["Arduino Uno"]
    for one in (row, row["raw"]):
        assert f"| {one['count']:,} | {one['ms']:.2f} |" in text
    for board in boards.BOARDS:
        assert f"## {board.name}" in text and board.source in text
