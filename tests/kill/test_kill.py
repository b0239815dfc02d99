"""Kills at many moments, as many as HADAMRNN_KILLS says, else 20; a report: python -m tests.kill.

Each takes 5 to 20 seconds. The pages, which no kill is aimed at, are left out here.
"""

import json
import os
import random
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tests.kill import clones
from tests.kill.__main__ import kill, summary
from tests.kill.trial import ROLES, SIGNALS, drawn
from tests.pipeline.clones import MARKS

COUNT = int(os.environ.get("HADAMRNN_KILLS", "20"))
WRITER = """
import sys
for name in sys.argv[2:]:
    open(name, "w").write(name)
"""


@pytest.mark.long(minutes=5)
class TestKills:
    pytestmark = MARKS

    def test_every_kill_is_made_good(self, tmp_path):
        records = kill(COUNT, 1, tmp_path, 1, None, None, ("dvc", "repro", "evaluate"))
        assert [record for record in records if not record["good"]] == []
        assert summary(records, "", None)["kills"] >= COUNT


def test_plans_reach_every_role_signal_and_target():
    stages = clones.STAGES
    known = SimpleNamespace(
        writings=dict.fromkeys((*stages, "dvc"), 10), seconds=dict.fromkeys(ROLES, 3.0)
    )
    draw = random.Random(0)
    plans = [drawn(known, draw, number) for number in range(200)]
    assert {plan.role for plan in plans} == {*stages, "dvc", "torchrun"}
    assert {plan.signal for plan in plans} == {*SIGNALS}
    assert {plan.to for plan in plans} == {"group", "dvc", "stage"}
    assert 100 < sum(plan.event > 0 for plan in plans) < 180
    assert all(plan.event <= 10 and plan.delay <= 3 for plan in plans)


@pytest.mark.parametrize("event", [0, 1, 2, 3])
def test_the_hook_strikes_before_a_writing(tmp_path, event):
    """As "stages.writer", which writes a, b and c."""
    mark = tmp_path / "mark"
    plan = {"role": "writer", "event": event, "delay": 0.0, "signal": "SIGKILL", "to": "stage"}
    folder = tmp_path / "clone"
    folder.mkdir()
    environment = clones.environment(folder, KILL_PLAN=json.dumps(plan | {"mark": str(mark)}))
    command = [sys.executable, "-c", WRITER, "stages.writer", "a", "b", "c"]
    done = subprocess.run(command, cwd=folder, env=environment, check=False)
    written = sorted(path.name for path in folder.iterdir())
    assert done.returncode == -9 and written == ["a", "b", "c"][: max(0, event - 1)]
    assert mark.read_text() == ("start" if event == 0 else f"open {'abc'[event - 1]}")
    assert subprocess.run(command, cwd=folder, env=environment, check=False).returncode == 0


def test_times_and_nothing_else_are_left_out_of_a_comparison():
    def plain(name, text):
        return clones._plain(name, text.encode())

    one, two = '{"seconds": 1, "loss": 2}', '{"seconds": 9, "loss": 2}'
    assert plain("results/a/train.json", one) == plain("results/a/train.json", two)
    assert plain("models/a/config.json", one) != plain("models/a/config.json", two)
    other = '{"seconds": 1, "loss": 3}'
    assert plain("results/a/train.json", one) != plain("results/a/train.json", other)
    table = "epoch,seconds,loss\n1,{},2\n"
    first, second = (plain("results/a/history.csv", table.format(t)) for t in (1, 5))
    assert first == second != plain("results/a/history.csv", "epoch,seconds,loss\n1,1,3\n")
