"""The command as a process: its output in pipes, on full disks and in any encoding."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.integer import packed
from tests.random_models import random_model


@pytest.fixture
def folder(tmp_path):
    """A dense model, written as a file."""
    packed.write(random_model(np.random.default_rng(0)), tmp_path / "dense.hrnn")
    return tmp_path


def command(*arguments, **options):
    """The command as a process of its own, its output in a pipe."""
    return subprocess.Popen(
        [sys.executable, "-m", "hadamrnn.cli", *map(str, arguments)],
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_a_reader_that_stops_early_is_no_error(folder):
    """As ``hadamrnn predict FILE INPUT | head -1`` does."""
    np.save(folder / "x.npy", np.zeros((40_000, 1, 3)))  # more lines than a pipe holds
    with command("predict", folder / "dense.hrnn", folder / "x.npy") as process:
        assert process.stdout.read(2) == "0\t"
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_one_sentence(folder):
    with (
        open("/dev/full", "w") as full,
        command("info", folder / "dense.hrnn", stdout=full) as process,
    ):
        errors = process.stderr.read()
    assert process.returncode == 1
    assert errors == "hadamrnn: standard output: must be usable; got No space left on device\n"


def test_class_names_in_any_encoding(folder):
    names = ("liegen", "höher", "低い", "walk")
    packed.write(random_model(np.random.default_rng(7), class_names=names), folder / "names.hrnn")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    with command("info", folder / "names.hrnn", env=environment) as process:
        output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "") and "liegen, h\\xf6her" in output


def test_the_command_needs_no_torch(folder):
    source = (
        "import sys; from hadamrnn import cli; code = cli.main(sys.argv[1:]); "
        "print(sorted({'torch', 'onnx', 'scipy'} & set(sys.modules))); exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", source, "info", folder / "dense.hrnn"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
