"""The C runtime equals integer Python in every state and logit, under sanitizers, and refuses."""

import json
import math
import struct
import subprocess
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hadamrnn import compiler, hadamard
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import c_header, packed
from hadamrnn.integer.proof import INT32_MAX, accumulator_bound, input_bounds
from hadamrnn.runtime import sources
from hadamrnn.targets import host
from tests.random_models import (
    STEPS,
    many_models,
    random_inputs,
    random_model,
    random_readings,
    recorded,
)

pytestmark = pytest.mark.skipif(
    not any(map(compiler.shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)
GOLDEN = Path(__file__).parents[1] / "golden"
STRICT = ("-std=c99", *compiler.SANITIZERS)
LOADER_OK, LOADER_REFUSES = {0, 2}, range(106, 110)  # exit codes of the host program


@pytest.fixture(scope="module", params=("-DHR_LANES=1", "-DHR_NO_VECTORS", "-DHR_LANES=2"))
def loader(request):
    """One sanitized program that loads packed files, for each form of the inner loops."""
    with host.HostProgram(sanitize=True, options=[request.param]) as program:
        yield program


def compile_and_run(tmp_path, source, *extra):
    """Standard output of a C99 program built with the runtime, strictly and sanitized."""
    main = tmp_path / "main.c"
    main.write_text(source)
    compiler.compile_c(
        [*STRICT, "-I", sources.FOLDER, "-I", tmp_path, main, *extra, "-o", tmp_path / "main"]
    )
    done = subprocess.run([tmp_path / "main"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_c_equals_integer_python(loader):
    """m = 2 to 512, widths 2 to 16, both input kinds, all readouts: every state and logit."""
    rng = np.random.default_rng(1)
    for model in many_models(seed=1):
        x = random_inputs(rng, model, steps=min(STEPS, model.max_steps))
        logits, checksums = model.trace(x, workers=1)
        result = loader.run(model, x, trace=True)
        assert (result.logits == logits).all() and (result.checksums == checksums).all(), model


def test_c_codes_readings_as_python_does(loader):
    rng = np.random.default_rng(7)
    for plain in many_models(seed=7):
        model = recorded(rng, plain)
        steps = min(STEPS, model.max_steps)
        if model.input_kind == "symbol":
            x = random_inputs(rng, model, steps=steps)
        else:
            x = random_readings(rng, model, steps=steps)
        logits, checksums = model.trace(model.quantize_raw(x), workers=1)
        result = loader.run(model, x, trace=True, raw=True)
        assert (result.logits == logits).all() and (result.checksums == checksums).all(), model


def test_roots_are_rounded_down(tmp_path):
    """hr_root4 at all powers of two and both their neighbours, and of squares of squares."""
    numbers = {0, 1, (1 << 32) - 1}
    numbers |= {(1 << k) + more for k in range(1, 32) for more in (-1, 0, 1)}
    numbers |= {n**4 + more for n in range(2, 256) for more in (-1, 0, 1)}
    listed = sorted(numbers)
    source = f"""
#include <stdio.h>
#include "hadamrnn.h"
static const uint32_t numbers[] = {{{", ".join(f"{n}u" for n in listed)}}};
int main(void)
{{
    size_t i;
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {{
        printf("%u\\n", (unsigned)hr_root4(numbers[i]));
    }}
    return 0;
}}
"""
    printed = compile_and_run(tmp_path, source, sources.FOLDER / "hadamrnn.c").split()
    assert list(map(int, printed)) == [math.isqrt(math.isqrt(n) << 16) for n in listed]


def saturating_models(rng):
    """States in the pattern of a row of the matrix, so that one t is m L, a bit more than fits 16,
    against the largest input term; with fraction bits on both sides of where 16 bits suffice.
    """
    for m, a in ((32, 12), (64, 11), (128, 10), (256, 9), (512, 8), (1024, 7), (2048, 6)):
        base = random_model(rng, block_size=m, q=2, activation_bits=a, input_size=1)
        pattern = hadamard.sylvester(m)[int(rng.integers(m))].astype(np.int64)
        u, bias = 7 * np.tile(pattern, 2)[:, None], np.zeros(2 * m, np.int64)
        for fraction in range(base.fraction_bits - 2, base.fraction_bits + 2):
            bounds = input_bounds(u, False, 8)
            left = INT32_MAX - accumulator_bound(m, a, fraction, bounds, 0, bias, 0)
            if left > int(max(bounds)) and fraction <= 20:
                yield replace(
                    base,
                    input_weight=u,
                    bias=bias,
                    fraction_bits=fraction,
                    input_multiplier=left // int(max(bounds)),
                )


VECTORS = {
    "sanitized": ((), True),
    "sanitized, native": (("-march=native",), True),
    "plain C": (("-DHR_NO_INTRINSICS",), True),
    "widest": (compiler.WIDEST, False),
}

SHAPES = (
    (1, 64, 12, 3, "dense", "last", 4),
    (2, 64, 8, 1, "dense", "mean", 4),
    (4, 48, 12, 31, "dense", "last", 4),
    (8, 8, 15, 32, "dense", "mean", 4),
    (16, 4, 12, 70, "dense", "last", 4),
    (32, 2, 9, 9, "symbol", "mean", 4),
    (32, 6, 9, 16, "dense", "mean", 4),
    (32, 1, 9, 9, "symbol", "mean", 4),
    (64, 3, 12, 9, "dense", "mean", 4),
    (64, 1, 10, 17, "dense", "mean", 4),
    (128, 1, 8, 9, "dense", "last", 4),
    (128, 2, 9, 6, "dense", "mean", 4),
    (128, 2, 12, 10, "symbol", "last", 4),
    (128, 1, 16, 3, "dense", "mean", 4),
    (256, 1, 12, 1, "dense", "mean", 4),
    (256, 1, 8, 3, "dense", "mean", 8),
    (512, 1, 8, 2, "dense", "last", 4),
    (512, 1, 12, 2, "symbol", "last", 8),
    (512, 1, 7, 2, "dense", "mean", 4),
    (1024, 1, 12, 1, "dense", "last", 4),
    (2048, 1, 5, 4, "dense", "mean", 4),
    (4096, 1, 4, 3, "dense", "last", 4),
    (64, 1, 12, 5, "dense", "mean", 2),
    (64, 2, 12, 33, "dense", "last", 2),
    (64, 3, 12, 5, "dense", "mean", 3),
    (32, 2, 12, 18, "dense", "last", 3),
    (64, 1, 9, 3, "symbol", "mean", 2),
    (128, 1, 9, 3, "symbol", "last", 3),
)
"""Block size, blocks, activation bits, features, input kind, readout, bits of U."""


def shaped(rng, shape):
    """A random model of one of SHAPES."""
    m, q, a, features, kind, readout, bits = shape
    return random_model(
        rng,
        block_size=m,
        q=q,
        activation_bits=a,
        input_size=features,
        kind=kind,
        readout=readout,
        input_weight_bits=bits,
        bias_shift=14 if m == 4096 else 0,
    )


@pytest.mark.parametrize("form", VECTORS)
def test_the_form_for_vectors_equals_integer_python(form):
    """States in whole groups of 64 take it, or of 32 with vectors of 16 bytes."""
    options, sanitize = VECTORS[form]
    rng = np.random.default_rng(4)
    with host.HostProgram(sanitize=sanitize, options=options) as program:
        for shape in SHAPES:
            model = shaped(rng, shape)
            x = random_inputs(rng, model)
            if model.input_kind == "dense":  # the largest input product of the first neuron
                x[0] = np.where(model.input_weight[0] > 0, 127, -128)
            for multiplier in {model.input_multiplier, min(model.input_multiplier, 29999)}:
                model = replace(model, input_multiplier=multiplier)  # in 32 bits, and in 16
                logits, sums = model.trace(x)
                result = program.run(model, x, trace=True)
                assert (result.logits == logits).all() and (result.checksums == sums).all(), model
        x = rng.choice(np.array([-128, 127], np.int8), (4, STEPS, 1))
        x[0], x[1, ::3], x[2, :6] = 127, 0, -128
        for model in saturating_models(rng):
            assert (program.run(model, x, trace=True).checksums == model.trace(x)[1]).all(), model


def test_c_equals_integer_python_at_the_ends_of_every_range(loader):
    """Saturating inputs of one sign drive the sums to their proven bounds."""
    rng = np.random.default_rng(2)
    shapes = ((512, 15, 8), (256, 16, 8), (8, 16, 8), (2, 2, 8), (1, 16, 8), (128, 9, 8))
    for m, a, bits in (*shapes, (64, 16, 4), (32, 16, 3), (16, 16, 2)):  # sums beyond 16 bits
        model = random_model(
            rng, block_size=m, q=1, activation_bits=a, readout="mean", bits=bits, input_size=2
        )
        x = np.full((4, STEPS, 2), -128, dtype=np.int8)
        x[1], x[2, ::2], x[3, 1:] = 127, 127, 0
        logits, checksums = model.trace(x)
        result = loader.run(model, x, trace=True)
        assert (result.logits == logits).all() and (result.checksums == checksums).all()


def test_loader_refuses_damaged_files(loader):
    rng = np.random.default_rng(3)
    model = random_model(rng, block_size=4, q=1)
    data, inputs = packed.to_bytes(model), struct.pack("=II", 1, 1) + bytes(3)
    assert loader.execute(inputs, data)[0] == 0
    for position in rng.permutation(len(data))[:40]:
        damaged = data[:position] + bytes([data[position] ^ 16]) + data[position + 1 :]
        assert loader.execute(inputs, damaged)[0] in LOADER_REFUSES
    for length in (0, 3, 67, 68, len(data) - 1):
        assert loader.execute(inputs, data[:length])[0] in LOADER_REFUSES


def test_loader_accepts_what_python_accepts(loader):
    """Resealed changes of header bytes: C refuses exactly where Python does (but for scales)."""
    rng = np.random.default_rng(4)
    model = random_model(rng, block_size=4, q=1, readout="mean", max_steps=100)
    data, inputs = packed.to_bytes(model), struct.pack("=II", 1, 1) + bytes(3)
    for position in range(4, 36):
        for flip in (1, 4, 128):
            body = data[:position] + bytes([data[position] ^ flip]) + data[position + 1 : -4]
            changed = body + struct.pack("<I", zlib.crc32(body))
            try:
                packed.from_bytes(changed)
                wanted = LOADER_OK
            except HadamrnnError:
                wanted = LOADER_REFUSES
            code, errors, _ = loader.execute(inputs, changed)
            assert code in wanted, (position, flip, code, errors)


STATUSES = r"""
#include <stdio.h>
#include "hadamrnn.h"
#include "dense.h"
#include "symbol.h"
#define EXPECT(call, status) \
    if ((call) != (status)) { printf("line %d\n", __LINE__); return 1; }
DENSE_STATE(dense_state);
int main(void)
{
    SYMBOL_STATE(symbol_state);
    const int8_t input[DENSE_INPUT_SIZE] = {0};
    int32_t logits[DENSE_OUTPUT_SIZE];
    uint16_t class_id;
    hr_state broken = dense_state;
    hr_model model;
    EXPECT(hr_reset(NULL), HR_NULL_POINTER)
    EXPECT(hr_step(NULL, &dense_state, input), HR_NULL_POINTER)
    EXPECT(hr_step(&dense_model, NULL, input), HR_NULL_POINTER)
    EXPECT(hr_step(&dense_model, &dense_state, NULL), HR_NULL_POINTER)
    EXPECT(hr_step_symbol(NULL, &symbol_state, 0), HR_NULL_POINTER)
    EXPECT(hr_logits(&dense_model, &dense_state, NULL), HR_NULL_POINTER)
    EXPECT(hr_logits(&dense_model, NULL, logits), HR_NULL_POINTER)
    EXPECT(hr_argmax(&dense_model, logits, NULL), HR_NULL_POINTER)
    EXPECT(hr_argmax(&dense_model, NULL, &class_id), HR_NULL_POINTER)
    EXPECT(hr_load(NULL, 100, &model), HR_NULL_POINTER)
    EXPECT(hr_step(&dense_model, &symbol_state, input), HR_WRONG_STATE)
    EXPECT(hr_logits(&dense_model, &symbol_state, logits), HR_WRONG_STATE)
    EXPECT(hr_step(&symbol_model, &symbol_state, input), HR_WRONG_INPUT)
    EXPECT(hr_step_symbol(&dense_model, &dense_state, 0), HR_WRONG_INPUT)
    EXPECT(hr_step_symbol(&symbol_model, &symbol_state, SYMBOL_INPUT_SIZE), HR_BAD_SYMBOL)
    EXPECT(hr_step_symbol(&symbol_model, &symbol_state, SYMBOL_INPUT_SIZE - 1), HR_OK)
    broken.hidden = NULL;
    EXPECT(hr_reset(&broken), HR_NULL_POINTER)
    EXPECT(hr_step(&dense_model, &broken, input), HR_NULL_POINTER)
    broken = dense_state;
    broken.sums16 = NULL;
    EXPECT(hr_step(&dense_model, &broken, input), HR_WRONG_STATE)
    broken = dense_state;
    broken.scratch = NULL;
    EXPECT(hr_step(&dense_model, &broken, input), HR_WRONG_STATE)
    EXPECT(hr_step(&dense_model, &dense_state, input), HR_OK)
    EXPECT(hr_step(&dense_model, &dense_state, input), HR_OK)
    EXPECT(hr_step(&dense_model, &dense_state, input), HR_TOO_MANY_STEPS)
    EXPECT(hr_reset(&dense_state), HR_OK)
    EXPECT(hr_step(&dense_model, &dense_state, input), HR_OK)
    return 0;
}
"""


def test_every_status(tmp_path):
    rng = np.random.default_rng(5)
    for model in (
        random_model(rng, name="dense", readout="mean", max_steps=2),
        random_model(rng, name="symbol", kind="symbol", q=4),
    ):
        c_header.write(model, tmp_path / f"{model.name}.h")
    compile_and_run(
        tmp_path, STATUSES, sources.FOLDER / "hadamrnn.c", sources.FOLDER / "hadamrnn_load.c"
    )


TWO_MODELS = r"""
#include <stdio.h>
#define FIRST_CLASS_NAMES
#include "first.h"
#include "second.h"
FIRST_STATE(a);
SECOND_STATE(b);
static const int8_t inputs[%d] = {%s};
int main(void)
{
    int32_t logits_a[FIRST_OUTPUT_SIZE], logits_b[SECOND_OUTPUT_SIZE];
    uint16_t class_id;
    int i;
    for (i = 0; i < %d; i++) { /* steps of the two alternate */
        if (hr_step(&first_model, &a, inputs + 3 * i) != HR_OK) return 1;
        if (hr_step(&second_model, &b, inputs + 3 * i) != HR_OK) return 1;
    }
    if (hr_logits(&first_model, &a, logits_a) || hr_logits(&second_model, &b, logits_b)) return 1;
    for (i = 0; i < FIRST_OUTPUT_SIZE; i++) printf("%%ld ", (long)logits_a[i]);
    for (i = 0; i < SECOND_OUTPUT_SIZE; i++) printf("%%ld ", (long)logits_b[i]);
    if (hr_argmax(&first_model, logits_a, &class_id)) return 1;
    printf("%%u %%s", (unsigned)class_id, first_class_names[class_id]);
    return 0;
}
"""


def test_two_models_in_one_program(tmp_path):
    rng = np.random.default_rng(6)
    names = ('"a"', "b*/", "c\\", "d??/")  # none may break the header
    first = random_model(rng, name="first", class_names=names)
    second = random_model(rng, name="Second", block_size=32, readout="mean", activation_bits=12)
    x = random_inputs(rng, first, sequences=1)
    for model in (first, second):
        c_header.write(model, tmp_path / f"{c_header.c_name(model.name)}.h")
    source = TWO_MODELS % (x.size, ",".join(map(str, x.ravel())), STEPS)
    words = compile_and_run(tmp_path, source, sources.FOLDER / "hadamrnn.c").split()
    logits = [model.run_logits(x)[0] for model in (first, second)]
    class_id = int(logits[0].argmax())
    assert words == [*map(str, np.concatenate(logits)), str(class_id), names[class_id]]


ARITHMETIC = r"""
#include <stdio.h>
#include "hadamrnn_basics.h"
int main(void)
{
    static const int32_t values[] = {%s};
    size_t i;
    for (i = 0; i < sizeof values / sizeof *values; i++) {
        printf("%%ld ", (long)hr_shift_right(values[i], 7));
        if (values[i] > -(1L << 23) && values[i] < (1L << 23))
            printf("%%ld ", (long)hr_inverse_sqrt2(values[i]));
    }
    return 0;
}
"""


def test_arithmetic_at_boundaries(tmp_path):
    values = sorted(
        {s * (1 << i) + j for i in range(31) for j in range(-2, 3) for s in (1, -1)}
        | {-(2**31) + 1, 2**31 - 1}
    )
    expected = []
    for value in values:
        expected.append(value >> 7)
        if abs(value) < 1 << 23:
            expected.append((value * 46341 + (1 << 15)) >> 16)
    source = ARITHMETIC % ",".join(map(str, values))
    assert list(map(int, compile_and_run(tmp_path, source).split())) == expected


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_golden(path, loader):
    """Stored files and answers: the formats and the arithmetic of versions 1 and 2 never change."""
    golden = json.loads(path.read_text())
    assert next(iter(golden)) == "generated_by"
    data = bytes.fromhex(golden["model"])
    model = packed.from_bytes(data)
    written = packed.to_bytes(model)
    assert data[4] in (1, 2) and written[4] == 2
    assert (written[:4], written[5:-4]) == (data[:4], data[5:-4])  # all but version and checksum
    x = np.array(golden["inputs"])
    logits, checksums = model.trace(x)
    result = loader.run(model, x, trace=True)
    for source, (got, sums) in {
        "python": (logits, checksums),
        "c": (result.logits, result.checksums),
    }.items():
        wrong = np.argwhere(got != np.array(golden["logits"]))
        assert not len(wrong), f"{source}: first difference at {wrong[0]}"
        assert sums.tolist() == golden["checksums"], source


def test_parity_and_latency_with_the_shipped_header():
    rng = np.random.default_rng(7)
    model = random_model(rng, block_size=32, name="HAR-2")
    x = random_inputs(rng, model, sequences=20)
    assert host.parity(model, x) == {"sequences": 20, "c_mismatches": 0}
    with host.HostProgram(model) as program:
        result = program.run(model, x, trace=True, workers=2)
        assert (result.checksums == model.trace(x)[1]).all()
        assert result.microseconds.shape == (20,) and (result.microseconds > 0).all()
        with pytest.raises(HadamrnnError, match="was compiled for 'HAR-2'; got another model"):
            program.run(random_model(rng), x)


def test_messages_of_the_host(monkeypatch, loader):
    with pytest.raises(HadamrnnError, match="must compile the C runtime; got"):
        compiler.compile_c(["no-such-file.c"])
    with pytest.raises(HadamrnnError, match="must hold a letter or digit"):
        c_header.c_name("--")
    model = random_model(np.random.default_rng(8))
    bad = packed.to_bytes(model)[:-1]
    monkeypatch.setattr(packed, "to_bytes", lambda _: bad)
    with pytest.raises(HadamrnnError, match="exit code 107, host_program: hr_status 7"):
        loader.run(model, np.zeros((1, 1, 3), dtype=np.int8))
