"""The model card lies beside the model that it describes, and beside no other."""

from pathlib import Path

import pytest
import yaml

from hadamrnn import files
from hadamrnn.errors import HadamrnnError
from stages import cards, scored
from tests.project_imports import ROOT

COPY = Path("exports/watch/README.md")


@pytest.fixture
def evaluated(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("models/watch/config.json", "exports/watch/SHA256SUMS"):
        files.write_text(name, "of the model")
    scored.write("watch", {"float": {}}, [], "# watch\n")


def test_an_export_made_anew_keeps_its_card(evaluated):
    cards.place("watch")
    assert COPY.read_text() == "# watch\n"
    COPY.unlink()
    cards.place("watch")
    assert COPY.read_text() == "# watch\n"


def test_another_model_has_no_card_until_it_is_scored(evaluated):
    cards.place("watch")
    files.write_text("exports/watch/SHA256SUMS", "of another")
    cards.place("watch")
    assert not COPY.exists()


def test_a_damaged_card_is_noticed(evaluated):
    files.write_text("results/watch/README.md", "# another\n")
    with pytest.raises(HadamrnnError, match=r"^results/watch/README.md: must be whole"):
        scored.check("watch")


def test_dvc_overlooks_the_copy_and_keeps_the_card():
    assert "/exports/*/README.md" in (ROOT / ".dvcignore").read_text(encoding="utf-8").splitlines()
    evaluate = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["evaluate"]
    outs = [next(iter(out)) for out in evaluate["do"]["outs"]]
    assert "results/${item}/README.md" in outs
    # The copy must not decide what evaluates: it would each time differ from what it was.
    assert "exports/${item}" not in evaluate["do"]["deps"]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("x")])
def test_damaged_exports_are_noticed_though_their_sums_are_whole(tmp_path, monkeypatch, damage):
    monkeypatch.chdir(tmp_path)
    cards.check_exports("watch")  # nothing there: the stage says what is missing
    files.write_text("exports/watch/model.h", "tables")
    files.write_sums("exports/watch", ["model.h"])
    cards.check_exports("watch")
    damage(tmp_path / "exports/watch/model.h")
    with pytest.raises(SystemExit, match=r"error: exports/watch/model.h: .* export@watch"):
        cards.check_exports("watch")
