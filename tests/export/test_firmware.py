"""The folder that ``hadamrnn firmware`` writes: it compiles everywhere and equals Python."""

import dataclasses
import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hadamrnn import cli
from hadamrnn.compiler import compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.export import firmware
from hadamrnn.integer import c_header, inputs, load, packed
from hadamrnn.runtime import sources
from tests.random_models import random_inputs, random_model, random_readings, recorded

ROOT = Path(__file__).parents[2]
ARDUINO = Path(__file__).parents[1] / "arduino.h"
STRICT = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror")
RISCV = "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 --specs=picolibc.specs -O2"
COMPILERS = (
    "gcc -O2",
    "gcc -O3 -march=native",
    "clang -O2",
    "clang -O3 -march=native",
    "avr-gcc -Os -flto -mmcu=atmega328p",
    "avr-gcc -Os -mmcu=attiny85",
    "arm-none-eabi-gcc -O2 -mcpu=cortex-m0plus",
    "arm-none-eabi-gcc -O2 -mcpu=cortex-m4",
    RISCV,
)
HOST = [compiler for compiler in COMPILERS if compiler.startswith(("gcc", "clang"))]


def compilers(names):
    """Parameters of a test, skipped where a compiler is not installed."""
    return pytest.mark.parametrize(
        "compiler",
        [
            pytest.param(
                name.split(),
                id=name.split(" --")[0],
                marks=pytest.mark.skipif(
                    not shutil.which(name.split()[0]), reason="compiler not installed"
                ),
            )
            for name in names
        ],
    )


needs_gcc = pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")


def models():
    """A model of each kind of example."""
    rng = np.random.default_rng(0)
    yield random_model(rng, name="plain", block_size=32, activation_bits=9)
    yield random_model(rng, name="HAR-2", readout="mean", class_names=("a", "b", "c", "d"))
    yield random_model(rng, name="hr", kind="symbol", per_step=True, input_size=7)
    yield recorded(rng, random_model(rng, name="raw", input_size=6, readout="log_mean"))


def build(folder, compiler, *files):
    """Compile C files of a folder strictly; the program's path."""
    options = [*compiler[1:], "-std=c99", *STRICT]
    needs_libm = ["-lm"] if "-lm" in (folder / "README.md").read_text() else []
    compile_c([*options, *files, *needs_libm, "-o", "program"], compiler=compiler[:1], cwd=folder)
    return folder / "program"


def predict(program, sequence):
    """What an example prints for a sequence of numbers: its words."""
    rows = np.atleast_2d(sequence.T).T
    text = "".join(",".join(map(repr, row.tolist())) + "\n" for row in rows)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
    return done.stdout.split()


@compilers(COMPILERS)
def test_every_file_compiles_without_a_warning(tmp_path, compiler):
    options = [*compiler[1:], "-std=c99", *STRICT, "-c", "-o", "out.o"]
    for index, model in enumerate(models()):
        folder = tmp_path / model.name
        firmware.write(model, folder, loader=True)
        paths = sorted(folder.glob("*.c"))
        for path in [folder / "main.c"] if index else paths:  # the others have no model in them
            compile_c([*options, path.name], compiler=compiler[:1], cwd=folder)


@compilers(HOST)
def test_the_example_prints_what_python_predicts(tmp_path, compiler):
    """Real numbers beyond the range of the inputs too, and halves, which round to even."""
    for model in models():
        folder = tmp_path / model.name
        firmware.write(model, folder)
        program = build(folder, compiler, "main.c", "hadamrnn.c")
        x = random_inputs(np.random.default_rng(1), model, sequences=4)
        if model.recording is not None:
            x = random_readings(np.random.default_rng(1), model, sequences=4)
            x[0] += np.tile(model.recording.unit, model.recording.frame) / 2
        elif model.input_kind == "dense":
            x = np.random.default_rng(1).integers(-99, 600, x.shape) / 2 * model.input_scale
        expected = model.predict_inputs(inputs.integers_of(model, x))  # no doubt of their range
        for sequence, classes in zip(x, expected, strict=True):
            wanted = [str(c) for c in np.atleast_1d(classes)]
            if model.class_names:
                wanted = [model.class_names[int(c)] for c in wanted]
            assert predict(program, sequence) == wanted, model.name


def printed(model, text, path, capsys, monkeypatch):
    """What ``hadamrnn stream`` prints for lines of numbers."""
    packed.write(model, path)
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))
    assert cli.main(["stream", str(path)]) == 0
    return capsys.readouterr().out


@needs_gcc
def test_the_example_of_a_stream_prints_what_the_command_does(tmp_path, capsys, monkeypatch):
    """States that fade, windows of states that do not, symbols; then what it cannot read."""
    rng = np.random.default_rng(7)
    shape = {"name": "m", "output_bias": np.zeros(4, np.int32)}
    readings = {"readout": "log_mean", "fade": 3, "input_size": 6}
    for number, fields in enumerate(
        (
            {"readout": "log_mean", "fade": 3, "class_names": ("a", "b", "c", "d")},
            {"readout": "mean", "max_steps": 9},
            readings,
            {"readout": "last", "fade": 2, "kind": "symbol", "input_size": 5},
        )
    ):
        model = random_model(rng, **shape, **fields)
        if fields is readings:
            model = recorded(rng, model)
        folder = tmp_path / str(number)
        firmware.write(model, folder)
        program = build(folder, ["gcc"], "stream.c", "hadamrnn_stream.c", "hadamrnn.c")
        (x,) = random_inputs(rng, model, sequences=1, steps=90)
        if model.recording is not None:
            x = random_readings(rng, model, sequences=1, steps=90).reshape(
                -1, model.recording.channels
            )
        elif model.input_kind == "dense":
            x = (x - float(model.input_zero_point)) * model.input_scale
        rows = np.atleast_2d(x.T).T
        text = "".join(",".join(map(repr, row.tolist())) + "\n" for row in rows)
        done = subprocess.run([program], input=text, capture_output=True, text=True, check=True)
        assert done.stdout == printed(model, text, folder / "m.hrnn", capsys, monkeypatch)
        assert done.stdout.count("\n") > 2
    done = subprocess.run([program], input="1\n2\nx\n", capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout.endswith("after step 2: must be 1 numbers\n")


INSIDE = """
#define main example_main
#include "main.c"
#undef main
int main(void)
{
    int8_t input[PDIGITS_INPUT_SIZE];
    int32_t logits[PDIGITS_OUTPUT_SIZE];
    int i;

    (void)example_main;
    while (read_step(input) == PDIGITS_INPUT_SIZE && hr_step(&pdigits_model, &state, input) == 0) {
        printf("%d ", input[0]);
    }
    (void)hr_logits(&pdigits_model, &state, logits);
    for (i = 0; i < PDIGITS_OUTPUT_SIZE; i++) {
        printf("%ld ", (long)logits[i]);
    }
    print_answer();
    return 0;
}
"""


@needs_gcc
def test_real_digits_give_the_integers_of_python(tmp_path):
    """The shipped model, every input and logit, with halves between two inputs among the pixels."""
    digits = pytest.importorskip("sklearn.datasets").load_digits()
    model = load(ROOT / "shipped/pdigits/model.hrnn")
    firmware.write(model, tmp_path)
    (tmp_path / "inside.c").write_text(INSIDE)
    program = build(tmp_path, ["gcc"], "inside.c", "hadamrnn.c")
    x = digits.data[:40, :, None]
    x[20:] += np.random.default_rng(0).integers(-40, 40, x[20:].shape) * model.input_scale / 2
    x_int = model.quantize_input(x)
    for sequence, numbers, logits in zip(x, x_int, model.run_logits(x_int), strict=True):
        wanted = [*numbers.ravel(), *logits, logits.argmax()]
        assert predict(program, sequence) == list(map(str, wanted))


@needs_gcc
def test_the_example_says_what_it_cannot_read(tmp_path):
    model = random_model(np.random.default_rng(0), name="m", max_steps=2, readout="mean")
    firmware.write(model, tmp_path)
    program = build(tmp_path, ["gcc"], "main.c", "hadamrnn.c")
    for text, words in (
        ("", "step 0: must be 3 numbers"),
        ("1,2,3\n4,five,6\n", "step 1: must be 3 numbers"),
        ("1 2 3 4", "step 1: must be 3 numbers"),
        ("1 2 3 " * 3, "hr_step: status 5, see hadamrnn.h"),
    ):
        done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
        assert done.returncode == 1 and done.stdout.strip() == words


@pytest.mark.skipif(not shutil.which("avr-g++"), reason="needs avr-g++")
def test_the_arduino_sketch_compiles_beside_the_three_files(tmp_path):
    firmware.write(load(ROOT / "shipped/har2/model.hrnn"), tmp_path / "firmware")
    sketch = tmp_path / "har2"
    shutil.copytree(ROOT / "examples/arduino/har2", sketch)
    for name in ("hadamrnn.c", "hadamrnn.h", "har2.h"):
        shutil.copy(tmp_path / "firmware" / name, sketch)
    options = ["-Os", "-mmcu=atmega2560", "-Wall", "-Wextra", "-Werror", "-c"]
    shim = ["-std=gnu++11", "-include", ARDUINO, "-x", "c++"]
    compile_c([*options, *shim, "har2.ino", "-o", "a.o"], compiler=["avr-g++"], cwd=sketch)
    compile_c([*options, "hadamrnn.c", "-o", "b.o"], compiler=["avr-gcc"], cwd=sketch)


def variants():
    """Two models of one name."""
    first = random_model(np.random.default_rng(1), name="gesture", block_size=16)
    return first, random_model(np.random.default_rng(2), name="gesture", block_size=8)


def write_variants(folder, second_name=None):
    first, second = variants()
    firmware.write(first, folder, any_model=True)
    c_header.write(first, folder / "a.h")
    c_header.write(second, folder / "b.h", name=second_name)


@compilers(["gcc", "clang", "avr-gcc -mmcu=atmega328p"])
def test_two_models_of_one_name_are_refused_by_the_compiler(tmp_path, compiler):
    """Without a guard that tells them apart, the second header would be skipped in silence."""
    write_variants(tmp_path)
    (tmp_path / "both.c").write_text('#include "a.h"\n#include "b.h"\n')
    command = [*compiler, "-std=c99", "-c", "both.c", "-o", "both.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    first, second = (c_header.names_of(model).checksum for model in variants())
    assert done.returncode
    assert "two models named gesture in one program: name one with" in done.stderr
    assert f"two_models_named_gesture_0x{first:08x}u_and_0x{second:08x}u" in done.stderr


@compilers(["gcc", "clang", "avr-gcc -mmcu=atmega328p"])
def test_a_header_of_another_layout_does_not_compile(tmp_path, compiler):
    """Its numbers would be taken for other members of hr_model."""
    write_variants(tmp_path)
    text = (tmp_path / "hadamrnn.h").read_text()
    (tmp_path / "hadamrnn.h").write_text(text.replace("HR_LAYOUT 5", "HR_LAYOUT 4"))
    (tmp_path / "one.c").write_text('#include "a.h"\n')
    command = [*compiler, "-std=c99", "-c", "one.c", "-o", "one.o"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "gesture.h is of another version than hadamrnn.h" in done.stderr


@compilers(["gcc", "clang", "avr-gcc -mmcu=atmega328p"])
def test_a_runtime_for_one_model_takes_no_other(tmp_path, compiler):
    """Its constants would be wrong for it."""
    first, second = variants()
    firmware.write(first, tmp_path)
    assert "model->hidden_size" not in (tmp_path / "hadamrnn.c").read_text()
    for model, compiles in ((first, False), (second, False), (first, True), (second, False)):
        c_header.write(model, tmp_path / "other.h", alone=compiles or model is second)
        (tmp_path / "one.c").write_text('#include "other.h"\nGESTURE_STATE(state);\n')
        command = [*compiler, "-std=c99", "-c", "one.c", "-o", "one.o"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) == compiles
        assert compiles or "gesture.h is of another version than hadamrnn.h" in done.stderr


TWO = """
#include "gesture.h"
#include "small.h"
GESTURE_STATE(a);
SMALL_STATE(b);
int main(void)
{
    int8_t input[GESTURE_INPUT_SIZE] = {0};
    return (int)hr_step(&gesture_model, &a, input) || (int)hr_step(&small_model, &b, input);
}
"""


@needs_gcc
@pytest.mark.parametrize("package", [None, "cmake"])
def test_a_second_model_in_a_folder_makes_the_runtime_one_for_any(tmp_path, package):
    """In whatever order, and however often, they are written."""
    first, second = variants()
    for model, name in ((first, None), (second, "small"), (first, None)):
        firmware.write(model, tmp_path, name=name, package=package)
    place = tmp_path / "src" if package else tmp_path
    assert "model->hidden_size" in (place / "hadamrnn.c").read_text()
    (place / "two.c").write_text(TWO)
    compile_c(["-std=c99", *STRICT, "two.c", "hadamrnn.c", "-o", "two"], ["gcc"], cwd=place)
    assert subprocess.run([place / "two"], check=False).returncode == 0


@pytest.mark.long
@needs_gcc
@pytest.mark.parametrize("options", ["-O0", "-O2 -DHR_NO_VECTORS", "-O2 -DHR_LANES=1", "-Os"])
def test_forms_for_one_model_equal_python(tmp_path, options):
    """What the constants leave of every form, under both sanitizers."""
    rng = np.random.default_rng(11)
    shapes = ({"block_size": 64, "q": 1, "activation_bits": 10, "fade": 4, "bits": 4},)
    shapes += ({"block_size": 8, "q": 5, "bits": 3, "readout": "log_mean"},)
    shapes += ({"block_size": 32, "q": 2, "activation_bits": 13, "readout": "mean", "bits": 6},)
    sanitizers = ["-fsanitize=undefined,address", "-fno-sanitize-recover=all"]
    for number, fields in enumerate(shapes):
        model = random_model(rng, name="m", **fields)
        folder = tmp_path / str(number)
        firmware.write(model, folder)
        x = random_inputs(rng, model, sequences=3)
        program = folder / "host_program"
        command = ["-std=c99", *options.split(), *sanitizers, "-I", folder]
        command += ['-DHR_MODEL_HEADER="m.h"', f"-DHR_MODEL={c_header.names_of(model).model}"]
        files = [folder / "hadamrnn.c", sources.FOLDER / "targets/host_program.c"]
        loader = sources.FOLDER / "hadamrnn_load.c"
        compile_c([*command, *files, loader, "-o", program], ["gcc"], cwd=folder)
        (folder / "in").write_bytes(np.array(x.shape[:2], "<u4").tobytes() + x.tobytes())
        subprocess.run([program, "in", "out", "1"], cwd=folder, check=True)
        logits, checksums = model.trace(x)
        words = np.fromfile(folder / "out", "<u4")
        assert words[: logits.size].astype(np.int32).tolist() == logits.ravel().tolist()
        assert words[logits.size :][: len(x)].tolist() == checksums.tolist()


SHIPPED = sorted(ROOT.glob("shipped/*/model.hrnn"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_files_are_of_the_present_format(path):
    """The header beside a model is the one that this hadamrnn.h can read."""
    model = load(path)
    assert packed.to_bytes(model) == path.read_bytes()
    assert c_header.to_text(model) == (path.parent / "model.h").read_text(encoding="utf-8")


@needs_gcc
def test_a_name_makes_room_for_both(tmp_path):
    write_variants(tmp_path, second_name="Gesture (small)")
    (tmp_path / "both.c").write_text(
        '#include "a.h"\n#include "a.h"\n#include "b.h"\nGESTURE_STATE(a);\nGESTURE_SMALL_STATE(b);'
        "\nint main(void)\n{\n    return gesture_model.block_size != 16 ||\n"
        "           gesture_small_model.block_size != 8 || hr_reset(&a) || hr_reset(&b);\n}\n"
    )
    assert not subprocess.run([build(tmp_path, ["gcc"], "both.c", "hadamrnn.c")]).returncode


KEYWORDS = "auto do if int restrict void asm class new typeof inline _Bool namespace"
OTHERS = "hr HR hr_state hr_weight hadamrnn hadamrnn_model signal string main 2x int8 null"


@needs_gcc
@pytest.mark.parametrize("name", f"{KEYWORDS} {OTHERS}".split())
def test_no_name_clashes_with_c_or_hadamrnn_h(tmp_path, name):
    """The header's file name hides no other, its names are no keywords: C and C++ take it."""
    model = dataclasses.replace(next(models()), name=name)
    written = firmware.write(model, tmp_path)
    assert len(set(written)) == len(written)
    assert_c_and_cpp(tmp_path, "main.c", "stream.c")


def assert_c_and_cpp(folder, *files):
    options = [*STRICT, "-I", ".", "-fsyntax-only", *files]
    compile_c(["-std=c99", *options], compiler=["gcc"], cwd=folder)
    if shutil.which("g++"):
        options.remove("-Wpedantic")
        compile_c(["-x", "c++", *options], compiler=["g++"], cwd=folder)


@needs_gcc
def test_every_file_is_c_and_cpp(tmp_path):
    firmware.write(next(models()), tmp_path, loader=True)
    files = {path.name for path in tmp_path.glob("*.c")}
    assert files >= {"hadamrnn.c", "hadamrnn_load.c", "hadamrnn_stream.c", "main.c", "stream.c"}
    assert_c_and_cpp(tmp_path, *files)


def test_the_command_needs_numpy_alone_and_keeps_the_example(tmp_path):
    model = tmp_path / "model.hrnn"
    packed.write(next(models()), model)
    code = (
        "import sys\nfrom hadamrnn import cli\n"
        "code = cli.main(sys.argv[1:])\n"
        "heavy = {'torch', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else code)\n"
    )
    arguments = ["firmware", str(model), str(tmp_path / "c" / "here"), "--name", "Second 1"]
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    folder = tmp_path / "c" / "here"
    names = ["hadamrnn.c", "hadamrnn.h", "second_1.h", "main.c"]
    names += ["hadamrnn_stream.c", "hadamrnn_stream.h", "stream.c", "README.md"]
    assert done.stdout.split() == [str(folder / name) for name in names]
    (folder / "main.c").write_text("mine")
    (folder / "stream.c").write_text("mine")
    (folder / "second_1.h").write_text("old")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("main.c", "stream.c"):
        assert f"{name} is kept as it was" in done.stdout
        assert (folder / name).read_text() == "mine"
    assert (folder / "second_1.h").read_text().startswith("/* HadamRNN model")
    assert len((folder / "README.md").read_text().splitlines()) <= 12


def test_what_cannot_be_written_is_one_sentence(tmp_path, capsys):
    model = tmp_path / "model.hrnn"
    packed.write(next(models()), model)
    assert cli.main(["firmware", str(model), str(model)]) == 1
    sentence = "must be writable, and is as it was before; got File exists\n"
    assert capsys.readouterr().err == f"hadamrnn: {model}/hadamrnn.c: {sentence}"
    with pytest.raises(HadamrnnError, match="must hold a letter or digit to name C tables"):
        firmware.write(next(models()), tmp_path, name="--")
