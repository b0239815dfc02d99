"""Every status of hadamrnn_stream.h, and what each setting may be."""

import shutil
import subprocess

import numpy as np
import pytest

from hadamrnn import compiler
from hadamrnn.integer import c_header
from hadamrnn.runtime import sources
from tests.random_models import random_model, recorded

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="needs a C compiler"
)
PROGRAM = r"""
#include <stdio.h>
#include "hadamrnn_stream.h"
#include "fading.h"
#include "steady.h"
#include "symbol.h"
#include "last.h"
#include "single.h"
#include "raw.h"
#include "endless.h"
#define EXPECT(call, status) \
    if ((call) != (status)) { printf("line %d\n", __LINE__); return 1; }
#define SET(field, value, status) \
    { const hr_stream kept = s; s.field = value; EXPECT(hr_stream_start(&s), status) s = kept; }
FADING_STATE(fading);
STEADY_STATE(a);
STEADY_STATE(b);
STEADY_STATE(c);
STEADY_STATE(d);
SYMBOL_STATE(symbol);
LAST_STATE(last);
SINGLE_STATE(single);
RAW_STATE(raw);
ENDLESS_STATE(endless);
static int32_t scores[HR_STREAM_SCORES(4)];
static hr_stream s;
int main(void)
{
    const int8_t input[3] = {0};
    const int16_t reading[RAW_INPUT_SIZE] = {0};
    hr_event event;
    hr_state broken = fading;

    EXPECT(hr_stream_start(NULL), HR_NULL_POINTER)
    EXPECT(hr_stream_start(&s), HR_NULL_POINTER)
    s.model = &fading_model;
    EXPECT(hr_stream_start(&s), HR_NULL_POINTER)
    s.scores = scores;
    EXPECT(hr_stream_start(&s), HR_BAD_FIELD) /* no hop */
    s.hop = 1;
    EXPECT(hr_stream_start(&s), HR_NULL_POINTER) /* no state */
    EXPECT(hr_stream_push_input(&s, input, &event), HR_WRONG_STATE)
    EXPECT(hr_stream_push_symbol(&s, 0, &event), HR_WRONG_STATE)
    s.states[0] = &a;
    EXPECT(hr_stream_start(&s), HR_WRONG_STATE) /* of another model */
    s.states[0] = &fading;
    EXPECT(hr_stream_start(&s), HR_OK)
    EXPECT(hr_stream_push_input(NULL, input, &event), HR_NULL_POINTER)
    EXPECT(hr_stream_push_input(&s, NULL, &event), HR_NULL_POINTER)
    EXPECT(hr_stream_push_input(&s, input, NULL), HR_NULL_POINTER)
    EXPECT(hr_stream_push_symbol(NULL, 0, &event), HR_NULL_POINTER)
    EXPECT(hr_stream_push_symbol(&s, 0, NULL), HR_NULL_POINTER)
    EXPECT(hr_stream_push_symbol(&s, 0, &event), HR_WRONG_INPUT)
    EXPECT(hr_stream_push(&s, NULL, &event), HR_NULL_POINTER)
    EXPECT(hr_stream_push(&s, reading, &event), HR_NULL_POINTER) /* no memory to code it in */
    EXPECT(hr_stream_push_input(&s, input, &event), HR_OK)
    s.model = NULL; /* after the start */
    EXPECT(hr_stream_push_input(&s, input, &event), HR_NULL_POINTER)
    s.model = &fading_model;
    EXPECT(hr_stream_start(&s), HR_OK)
    s.scores = NULL;
    EXPECT(hr_stream_push_input(&s, input, &event), HR_NULL_POINTER)
    s.scores = scores;
    EXPECT(hr_stream_start(&s), HR_OK)
    SET(model, NULL, HR_NULL_POINTER)
    SET(shift, 4, HR_OK)
    SET(shift, 5, HR_BAD_FIELD) /* 2^3 <= 12 steps < 2^4 */
    SET(smooth, 15, HR_OK)
    SET(smooth, 16, HR_BAD_FIELD)
    SET(hold, 1, HR_BAD_FIELD)
    s.reject = 7;
    SET(hold, 7, HR_OK)
    SET(hold, 8, HR_BAD_FIELD)
    s.reject = 0;
    SET(window, 12, HR_BAD_FIELD) /* of so many hops */
    s.hop = 12;
    SET(window, 12, HR_OK)
    SET(window, 11, HR_BAD_FIELD) /* shorter than the hop */
    s.shift = 1;
    SET(window, 12, HR_BAD_FIELD) /* no means there */
    s.shift = 0;
    s.hop = 13;
    SET(window, 13, HR_BAD_FIELD) /* beyond max_steps */
    broken.sums16 = NULL;
    SET(states[0], &broken, HR_WRONG_STATE)

    s.model = &steady_model;
    s.states[0] = &a;
    EXPECT(hr_stream_start(&s), HR_BAD_FIELD) /* neither a fade nor a window */
    s.window = 12;
    s.hop = 3;
    EXPECT(hr_stream_start(&s), HR_NULL_POINTER) /* three states too few */
    s.states[1] = &b;
    s.states[2] = &c;
    s.states[3] = &d;
    EXPECT(hr_stream_start(&s), HR_OK)
    EXPECT(hr_stream_push_symbol(&s, 0, &event), HR_WRONG_INPUT)
    EXPECT(hr_stream_push_input(&s, input, &event), HR_OK)
    SET(hop, 2, HR_BAD_FIELD)
    SET(states[3], &fading, HR_WRONG_STATE)

    s.model = &symbol_model;
    s.states[0] = &symbol;
    s.window = 0;
    EXPECT(hr_stream_start(&s), HR_OK)
    EXPECT(hr_stream_push_input(&s, input, &event), HR_WRONG_INPUT)
    EXPECT(hr_stream_push_symbol(&s, SYMBOL_INPUT_SIZE, &event), HR_BAD_SYMBOL)
    EXPECT(hr_stream_push_symbol(&s, 0, &event), HR_OK)
    EXPECT((int)event.step, 1)

    s.model = &last_model;
    s.states[0] = &last;
    EXPECT(hr_stream_start(&s), HR_OK)
    SET(shift, 1, HR_BAD_FIELD)
    s.window = s.hop = 1000000; /* more than max_steps, which no sum bounds */
    EXPECT(hr_stream_start(&s), HR_OK)
    s.window = 0xFFFFFFFFu;
    s.hop = 0x80000000u;
    s.states[1] = &last;
    EXPECT(hr_stream_start(&s), HR_OK)

    s.model = &raw_model;
    s.states[0] = &raw;
    s.window = 0;
    s.hop = 1;
    EXPECT(hr_stream_start(&s), HR_OK)
    EXPECT(hr_stream_push(&s, reading, &event), HR_OK)
    EXPECT((int)event.due, 1)

    s.model = &endless_model;
    s.states[0] = &endless;
    EXPECT(hr_stream_start(&s), HR_OK)
    SET(shift, 16, HR_OK) /* means over 2^15 steps, the most of all */
    SET(shift, 17, HR_BAD_FIELD)

    s.model = &single_model;
    s.states[0] = &single;
    EXPECT(hr_stream_start(&s), HR_OK)
    EXPECT(hr_stream_push_input(&s, input, &event), HR_OK)
    EXPECT((int)event.margin, 0) /* nothing to tell apart: a number */
    return 0;
}
"""


def run_every_status(folder, options, files):
    """Compile the program in a folder with ``files``, run it, and expect every status."""
    rng = np.random.default_rng(0)
    for model in (
        random_model(rng, name="fading", readout="log_mean", fade=3),
        random_model(rng, name="steady", readout="mean", block_size=16),
        random_model(rng, name="symbol", readout="mean", fade=2, kind="symbol"),
        random_model(rng, name="last", fade=2),
        random_model(rng, name="single", fade=2, classes=1),
        recorded(rng, random_model(rng, name="raw", readout="mean", fade=2)),
        random_model(rng, name="endless", readout="mean", fade=2, max_steps=1 << 17),
    ):
        c_header.write(model, folder / f"{model.name}.h")
    (folder / "main.c").write_text(PROGRAM)
    command = ["-std=c99", *options, "-I", sources.FOLDER, "-I", folder, folder / "main.c"]
    compiler.compile_c([*command, *files, "-o", folder / "main"])
    done = subprocess.run([folder / "main"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_status(tmp_path):
    files = [sources.FOLDER / "hadamrnn_stream.c", sources.FOLDER / "hadamrnn.c"]
    run_every_status(tmp_path, compiler.SANITIZERS, files)
