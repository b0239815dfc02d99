"""Workflows and the dev container: what they name exists, and is pinned."""

import ast
import importlib.util
import json
import re
import shlex
import tomllib

import yaml

from tests.docs.pages import ROOT

PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def jobs():
    for path in sorted((ROOT / ".github/workflows").glob("*.yml")):
        yield yaml.safe_load(path.read_text(encoding="utf-8"))


def steps():
    for workflow in jobs():
        for job in workflow["jobs"].values():
            yield from job["steps"]


def test_actions_are_pinned_to_commits():
    used = [step["uses"] for step in steps() if "uses" in step]
    assert used and all(PINNED.fullmatch(name) for name in used)


def test_sessions_exist():
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    known = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    runs = [step["run"] for step in steps() if step.get("run", "").startswith("nox -s ")]
    assert runs and {name for run in runs for name in run.split()[2:]} <= known


def test_modules_that_are_run_exist():
    names = [name for step in steps() for name in re.findall(r"-m (\S+)", step.get("run", ""))]
    assert names and all(importlib.util.find_spec(name) for name in names)


def test_a_job_that_may_write_runs_nothing_of_a_pull_request():
    """Its token could do harm in the hands of whoever proposes a change."""
    writing = []
    for workflow in jobs():
        assert "write" not in str(workflow["permissions"])
        for name, job in workflow["jobs"].items():
            if "write" in str(job.get("permissions", "")):
                writing.append(name)
                assert set(job.get("needs", "").split()) <= set(workflow["jobs"])
                ran = "\n".join(step.get("run", "") for step in job["steps"])
                assert not re.search(r"\b(nox|pip|python|dvc|hadamrnn|sh|bash|make)\b", ran)
    assert writing == ["comment"]


def test_nothing_that_others_write_is_pasted_into_a_script():
    """${{ }} in a script is replaced before the shell reads it; from env it stays text."""
    scripts = [step["run"] for step in steps() if "run" in step]
    assert scripts and not any("${{" in script for script in scripts)


def test_the_report_says_what_the_pipeline_prints(tmp_path):
    """Outputs of the job that makes it, and who reads them, have one name."""
    (workflow,) = jobs()
    made, said = workflow["jobs"]["results"], workflow["jobs"]["comment"]
    (step,) = [step for step in made["steps"] if step.get("id") == "report"]
    assert "report<<" in step["run"] and "report.md" in step["run"]
    assert made["outputs"] == {"report": "${{ steps.report.outputs.report }}"}
    assert said["steps"][-1]["env"]["REPORT"] == "${{ needs.results.outputs.report }}"


def test_the_dev_container_has_what_the_project_names():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tag = re.fullmatch(
        r"mcr\.microsoft\.com/devcontainers/python:1-3\.(\d+)-\w+", container["image"]
    )
    assert f">=3.{tag[1]}" == project["project"]["requires-python"]
    words = shlex.split(container["postCreateCommand"])
    groups = {words[k + 1] for k, word in enumerate(words) if word == "--group"}
    assert groups and groups <= set(project["dependency-groups"])
    (extra,) = re.findall(r"\.\[(\w+)\]", " ".join(words))
    assert extra in project["project"]["optional-dependencies"]
    for value in container["containerEnv"].values():
        name = value.removeprefix("${containerWorkspaceFolder}/")
        assert name != value and (ROOT / name).is_file()
    (folder,) = container["customizations"]["vscode"]["settings"]["python.testing.pytestArgs"]
    assert (ROOT / folder).is_dir()
    assert all(
        re.fullmatch(r"[\w-]+\.[\w-]+", name)
        for name in container["customizations"]["vscode"]["extensions"]
    )
