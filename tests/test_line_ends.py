"""A clone on a system that converts line ends behaves as any other."""

import shutil
import subprocess
from pathlib import Path

import pytest

from hadamrnn.integer import c_header, load, packed
from hadamrnn.runtime import sources

ROOT = Path(__file__).parents[1]
BINARY = {".hrnn", ".onnx", ".png", ".npy", ".npz", ".safetensors", ".gz", ".zip"}

needs_checkout = pytest.mark.skipif(
    not (ROOT / ".git").exists() or not shutil.which("git"), reason="needs a git checkout"
)


def git(folder, *arguments):
    command = ["git", "-c", "core.autocrlf=true", "-c", "core.safecrlf=false", *arguments]
    return subprocess.run(
        command, cwd=folder, check=True, capture_output=True, encoding="utf-8"
    ).stdout


@needs_checkout
def test_every_file_keeps_its_line_ends():
    """``git ls-files --eol``: "i/lf w/lf attr/text=auto eol=lf", a tab, the name."""
    for line in git(ROOT, "ls-files", "--eol").splitlines():
        facts, name = line.split("\t")
        if Path(name).suffix in BINARY:
            assert "attr/-text" in facts, name
        else:
            assert "eol=lf" in facts and "crlf" not in facts and "mixed" not in facts, line


@needs_checkout
def test_a_checkout_that_converts_changes_no_byte(tmp_path):
    """core.autocrlf is true, as Git for Windows sets it: files are written again from the index."""
    names = ("shipped/pdigits/model.hrnn", "shipped/pdigits/model.h", "dvc.yaml", ".ci/run")
    for name in (".gitattributes", *names):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "-A")
    for name in names:
        (tmp_path / name).unlink()
    git(tmp_path, "checkout", "--", ".")
    for name in names:
        assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), name


def test_sources_with_other_line_ends_give_the_same_file(tmp_path, monkeypatch):
    """A clone of before, or an archive that was converted."""
    wanted = sources.one_file()
    for path in sources.FOLDER.glob("*.[ch]"):
        (tmp_path / path.name).write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    monkeypatch.setattr(sources, "FOLDER", tmp_path)
    assert sources.one_file() == wanted


def test_a_converted_header_compares_equal(tmp_path):
    model = load(ROOT / "shipped/pdigits/model.hrnn")
    path = tmp_path / "model.h"
    c_header.write(model, path)
    assert b"\r" not in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert path.read_text(encoding="utf-8") == c_header.to_text(model)
    packed.write(model, tmp_path / "model.hrnn")
    assert (tmp_path / "model.hrnn").read_bytes() == packed.to_bytes(model)
