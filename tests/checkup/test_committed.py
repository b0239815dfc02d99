"""What experiments leave in params.yaml is told, with the way back."""

import subprocess

import pytest

from hadamrnn.checkup import committed


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """A repository with a committed params.yaml, as the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("q: auto\ntrain: {epochs: 3}\n")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], check=True)
    return tmp_path


def test_nothing_to_say_of_the_committed_file(clone):
    assert committed.note() is None
    (clone / "params.yaml").write_text("train:\n  epochs: 3\nq: auto  # the same\n")
    assert committed.note() is None


def test_every_difference_and_the_way_back(clone):
    (clone / "params.yaml").write_text("q: 4\ntrain: {epochs: 3, seed: null}\n")
    assert committed.note() == (
        "params.yaml differs from the committed one: q is 4 ('auto'); train.seed is null "
        "(not there). To undo it: git restore params.yaml"
    )


def test_many_differences_are_cut(clone):
    (clone / "params.yaml").write_text("".join(f"k{i}: {i}\n" for i in range(20)))
    assert " and 14 more. To undo it" in committed.note()


def test_no_repository_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("q: auto\n")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert committed.note() is None
