"""The objects that the tests keep are those that the compiler would make."""

import shutil
import subprocess

import pytest

from hadamrnn import compiler
from hadamrnn.errors import HadamrnnError
from tests import compiling

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
MAIN = '#include "value.h"\nint main(void) { return VALUE + ADDED; }\n'


@pytest.fixture
def build(tmp_path, monkeypatch):
    """Compile MAIN with a header and options; what the program answers. It counts compilations."""
    plain, calls = compiler.run_tool, []

    def counted(command, cwd=None):
        calls.append(command)
        return plain(command, cwd)

    monkeypatch.setattr(compiler, "run_tool", counted)
    compiling.keep(tmp_path / "kept", monkeypatch)

    def made(place, header, *options):
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        (folder / "value.h").write_text(header)
        (folder / "main.c").write_text(MAIN)
        before = len(calls)
        compiler.compile_c([f"-I{folder}", *options, folder / "main.c", "-o", folder / "main"])
        return subprocess.run([folder / "main"], check=False).returncode, len(calls) - before

    return made


def test_the_same_text_is_compiled_once_wherever_it_lies(build):
    assert build("a", "#define VALUE 3", "-DADDED=1") == (4, 3)  # preprocessed, compiled, linked
    assert build("b", "#define VALUE 3", "-DADDED=1") == (4, 1)


def test_another_header_definition_or_option_is_compiled_anew(build):
    build("a", "#define VALUE 3", "-DADDED=1")
    assert build("a", "#define VALUE 5", "-DADDED=1") == (6, 3)
    assert build("a", "#define VALUE 5", "-DADDED=2") == (7, 3)
    assert build("a", "#define VALUE 5", "-DADDED=2", "-O2") == (7, 3)


def test_what_fails_is_told_in_the_compilers_words(build):
    with pytest.raises(HadamrnnError, match=r"must compile the C runtime; got .*main.c:2.*ADDED"):
        build("a", "#define VALUE 3")
