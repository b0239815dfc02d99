"""Every command in README and docs is one that its program accepts today."""

import pytest

from tests.docs.commands import Checker, Refused, sessions
from tests.docs.pages import ROOT, all_pages, commands

SPOILED = {
    "dvc exp run -S key.that.is.not=1": "key.that.is.not",
    "dvc exp run -S benchmark.pdigits.hidden_size=64": "hidden_size",
    "dvc exp run -S q=3": "q",
    "dvc exp run -S train.epochs=0": "epochs",
    "dvc exp run -S 'seed=1,2'": "queue",
    "dvc repro evaluate@har2": "har2",
    "dvc repro polish@copy": "polish",
    "dvc queue begin": "dvc",
    "nox -s polish": "polish",
    "hadamrnn polish FILE": "usage",
    "hadamrnn info --polish FILE": "usage",
    "hadamrnn sweep -S q=1,3": "q: ",
    "python -m stages.polish copy": "module",
    "python -m stages.device har2": "har2",
    "python -m benchmarks.paper queue polish": "polish",
    "python -m benchmarks.studies.sensor_folds polish": "usage",
    "pip install '.[polish]'": "extra",
    "polish --all": "check",
}


# The changelog speaks of commands as they were.
PAGES = [page for page in all_pages() if page.name != "CHANGELOG.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_documented_commands_are_accepted(page, tmp_path):
    checker, refused = Checker(tmp_path), []
    for command in commands(page):
        try:
            checker.check(command)
        except Refused as error:
            refused.append(f"{command}\n    {error}")
    assert not refused, "\n".join(refused)


@pytest.mark.parametrize("command", SPOILED)
def test_wrong_commands_are_found(command, tmp_path):
    with pytest.raises(Refused, match=SPOILED[command]):
        Checker(tmp_path).check(command)


def test_every_session_and_subcommand_is_documented():
    page = (ROOT / "docs/reference/commands.md").read_text(encoding="utf-8")
    for name in sessions():
        assert f"`nox -s {name}`" in page, name


def test_pages_show_commands():
    found = {str(page.relative_to(ROOT)): len(commands(page)) for page in all_pages()}
    assert found["README.md"] >= 8 and found["docs/reference/commands.md"] >= 30
    assert found["docs/results/README.md"] >= 60
