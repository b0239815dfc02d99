"""Each C header compiles alone, none includes itself through others, one file has them all."""

import shutil

import pytest

from hadamrnn.compiler import STRICT, compile_c
from hadamrnn.runtime import sources

FORMS = ("", "-DHR_LANES=1", "-DHR_NO_VECTORS", "-DHR_NO_INTRINSICS", "-DHR_SMALL -DHR_NO_VECTORS")

every_compiler = pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason="not installed"))
        for name in ("gcc", "clang")
    ],
)


@every_compiler
@pytest.mark.parametrize("path", sources.headers(), ids=lambda path: path.name)
def test_every_header_compiles_alone(path, compiler):
    for form in FORMS:
        options = ["-std=c99", *STRICT, *form.split(), "-fsyntax-only", "-x", "c", path]
        compile_c(options, compiler=[compiler])


def test_no_header_includes_itself_through_others():
    above = {path.name: set(sources.included(path.name)) for path in sources.headers()}
    while above:
        free = {name for name, needs in above.items() if not needs & set(above)}
        assert free, f"in a circle: {sorted(above)}"
        above = {name: needs for name, needs in above.items() if name not in free}


def test_one_file_holds_every_header_once():
    text = sources.one_file()
    for path in sources.headers():
        wanted = 0 if path.name in sources.PUBLIC else 1
        assert text.count(f"#define {path.stem.upper()}_H") == wanted, path.name
    assert text.count('#include "') == 1
