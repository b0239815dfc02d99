"""Values set in the text of params.yaml."""

import re

import pytest
import yaml

from hadamrnn.cli.edited import with_values
from hadamrnn.errors import HadamrnnError
from tests.docs.pages import ROOT

SHIPPED = (ROOT / "params.yaml").read_text(encoding="utf-8")
VALUES = {"q": 4, "fade": None, "learning_rate": 0.002, "readout": "log_mean", "hidden_size": 64}


@pytest.mark.parametrize("name", yaml.safe_load(SHIPPED)["benchmark"])
def test_only_these_values_change_and_every_comment_stays(name):
    document = yaml.safe_load(SHIPPED)
    changed = with_values(SHIPPED, name, VALUES)
    document["benchmark"][name] |= VALUES
    assert yaml.safe_load(changed) == document
    assert re.findall("#.*", changed) == re.findall("#.*", SHIPPED)
    assert {*SHIPPED.splitlines()} - {*changed.splitlines()} == {
        line
        for line in {*SHIPPED.splitlines()} - {*changed.splitlines()}
        if line.split(":")[0].strip() in VALUES
    }


def test_a_section_in_one_line_is_refused():
    with pytest.raises(HadamrnnError, match="^benchmark.a: must be written in lines of its own"):
        with_values("benchmark:\n  a: {q: 1, data: {}}\n", "a", {"q": 2})
