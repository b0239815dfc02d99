"""Shipping: what lies in Git is replaced whole, and only by this command."""

import pytest

from hadamrnn.errors import HadamrnnError
from stages import ship
from tests.project_imports import ROOT


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A working folder with one made benchmark and an older shipped model."""
    monkeypatch.chdir(tmp_path)
    for name in ("exports/a/model.hrnn", "results/a/metrics.json", "results/a/history.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"new {name}")
    (tmp_path / "shipped/a").mkdir(parents=True)
    for name in ("model.h", "metrics.json", "device-small.json"):
        (tmp_path / "shipped/a" / name).write_text("old")
    return tmp_path / "shipped/a"


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_shipped_files_are_those_of_one_run_and_other_reports_stay(made):
    ship.ship("a")
    assert names(made) == {"model.hrnn", "metrics.json", "history.csv", "device-small.json"}
    assert (made / "metrics.json").read_text() == "new results/a/metrics.json"


def test_models_of_megabytes_stay_out_of_git(made, monkeypatch):
    monkeypatch.setattr(ship, "MOST_BYTES", 3)
    ship.ship("a")
    assert names(made) == {"metrics.json", "history.csv", "device-small.json"}


def test_nothing_made_ships_nothing(made):
    (made.parent.parent / "results/a/metrics.json").unlink()
    with pytest.raises(HadamrnnError, match=r"^results/a/metrics.json: must exist before it ships"):
        ship.ship("a")
    assert (made / "metrics.json").read_text() == "old"


def test_no_stage_writes_into_the_shipped_folder():
    assert "shipped" not in (ROOT / "dvc.yaml").read_text(encoding="utf-8")
