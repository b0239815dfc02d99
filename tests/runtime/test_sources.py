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


def test_members_of_one_model_are_constants():
    only = {"weight_bits": "4", "companding": "NULL", "flags": "HR_MEAN | HR_LOGARITHM"}
    text, plain = sources.one_file(only), sources.one_file()
    assert "#define HR_ONLY_weight_bits HR_ONLY(weight_bits, (uint8_t)(4))" in text
    assert "HR_ONLY(companding, (const uint8_t *)(NULL))" in text
    for name in only:
        assert plain.count(f"model->{name}") > 0 and f"model->{name}" not in text
    assert text.count("model->input_weight_bits") == plain.count("model->input_weight_bits")


def test_the_interface_of_one_model_names_it():
    text = sources.interface(0xAB12)
    assert "#define HR_LAYOUT 0x0000ab12u\n" in text
    assert text.replace("0x0000ab12u", "5") == sources.interface() == sources.text("hadamrnn.h")
