"""Workflow files: actions are pinned to commits, and every nox session that is run exists."""

import ast
import re

import yaml

from tests.docs.pages import ROOT

PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def steps():
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            yield from job["steps"]


def test_actions_are_pinned_to_commits():
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used and all(PINNED.fullmatch(name) for name in used)


def test_sessions_exist():
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    runs = [step["run"] for step in steps() if step.get("run", "").startswith("nox -s ")]
    assert runs and {name for run in runs for name in run.split()[2:]} <= known
