"""What analysers of C find is explained in docs/reference/c-for-teams.md; threads share a model."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from hadamrnn.compiler import compile_c, run_tool
from hadamrnn.export import firmware
from hadamrnn.integer import c_header, load
from hadamrnn.runtime import sources
from tests.random_models import random_inputs, random_model

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/c-for-teams.md").read_text(encoding="utf-8")
FILES = [sources.FOLDER / f"hadamrnn{part}.c" for part in ("", "_load", "_stream")]
TIDY = "-*,bugprone-*,clang-analyzer-*,cert-*,-bugprone-easily-swappable-parameters"


def needs(*tools):
    missing = [tool for tool in tools if not shutil.which(tool)]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}")


def explained(tool):
    """{finding: file} of the page's table, for one tool."""
    rows = re.findall(rf"^\| {tool} \| `([\w.-]+)` \| `(\w+\.[ch])` \|", PAGE, re.MULTILINE)
    return set(rows)


@pytest.mark.long
@needs("cppcheck")
def test_what_cppcheck_finds_is_explained():
    options = ["--std=c99", "--enable=warning,portability,performance", "--quiet"]
    options += ["--suppress=toomanyconfigs", "--template={id} {file}", "-I", sources.FOLDER]
    found = run_tool(["cppcheck", *options, *FILES]).stderr.split("\n")
    pairs = {(line.split()[0], Path(line.split()[1]).name) for line in found if line.strip()}
    assert pairs == explained("cppcheck")


@pytest.mark.long
@needs("gcc")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_analyzer_of_gcc_finds_nothing(path, tmp_path):
    options = ["-std=c99", "-O1", "-fanalyzer", "-Werror", "-DHR_NO_VECTORS"]
    compile_c([*options, "-c", path, "-o", tmp_path / "x.o"], ["gcc"])


@pytest.mark.long
@needs("clang-tidy")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_clang_tidy_finds_nothing(path):
    options = ["--quiet", f"-checks={TIDY}", "--warnings-as-errors=*", path, "--", "-std=c99"]
    done = run_tool(["clang-tidy", *options])
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module", params=["har2", "pdigits", None], ids=str)
def firmware_folder(request, tmp_path_factory):
    """What ``hadamrnn firmware`` writes, for one model alone or, of har2, for any."""
    folder = tmp_path_factory.mktemp("firmware")
    model = load(ROOT / "shipped" / (request.param or "har2") / "model.hrnn")
    firmware.write(model, folder, any_model=request.param is None)
    return folder


C_FILES = ("hadamrnn.c", "hadamrnn_stream.c", "main.c", "stream.c")


@pytest.mark.long
@needs("cppcheck", "clang-tidy", "gcc")
def test_what_analysers_find_in_firmware_is_explained(firmware_folder):
    """In one file clang-tidy looks at what lies in headers here, and constants are known."""
    for file in C_FILES:
        command = ["gcc", "-std=c99", "-O1", "-fanalyzer", "-DHR_NO_VECTORS", "-c", file]
        found = run_tool([*command, "-o", "x.o"], firmware_folder).stderr
        pairs = {(check, file) for check in re.findall(r"\[-W(analyzer-[\w-]+)\]", found)}
        assert pairs <= explained("gcc, firmware")
    options = ["--std=c99", "--enable=warning,portability,performance", "--quiet"]
    options += ["--suppress=toomanyconfigs", "--template={id} {file}"]
    found = run_tool(["cppcheck", *options, *C_FILES], firmware_folder).stderr.split("\n")
    pairs = {tuple(line.split()) for line in found if line.strip()}
    assert pairs <= explained("cppcheck, firmware")
    tidy = ["clang-tidy", "--quiet", f"-checks={TIDY}", *C_FILES, "--", "-std=c99"]
    found = run_tool(tidy, firmware_folder).stdout
    pairs = re.findall(r"^\S*?(\w+\.c):\d+:\d+: warning: .* \[([\w.-]+)\]$", found, re.MULTILINE)
    assert {(check, file) for file, check in pairs} <= explained("clang-tidy, firmware")


THREADS = r"""
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdio.h>
#include "shared.h"
static const int8_t inputs[%d] = {%s};
static const int32_t expected[SHARED_OUTPUT_SIZE] = {%s};
typedef struct {
    hr_state state;
    int16_t hidden[SHARED_HIDDEN_SIZE];
    uint32_t scratch[SHARED_HIDDEN_SIZE];
    uint16_t sums[SHARED_HIDDEN_SIZE];
    int wrong;
} one;
static void *work(void *argument)
{
    one *const mine = argument;
    int32_t logits[SHARED_OUTPUT_SIZE];
    int round, i;
    mine->state.hidden = mine->hidden;
    mine->state.scratch = mine->scratch;
    mine->state.sums16 = mine->sums;
    mine->state.hidden_size = SHARED_HIDDEN_SIZE;
    for (round = 0; round < 50; round++) {
        mine->wrong += hr_reset(&mine->state) != HR_OK;
        for (i = 0; i < %d; i++) {
            mine->wrong += hr_step(&shared_model, &mine->state,
                                   inputs + SHARED_INPUT_SIZE * i) != HR_OK;
        }
        mine->wrong += hr_logits(&shared_model, &mine->state, logits) != HR_OK;
        for (i = 0; i < SHARED_OUTPUT_SIZE; i++) {
            mine->wrong += logits[i] != expected[i];
        }
    }
    return NULL;
}
int main(void)
{
    static one all[4];
    pthread_t threads[4];
    int i, wrong = 0;
    for (i = 0; i < 4; i++) {
        if (pthread_create(threads + i, NULL, work, all + i)) return 2;
    }
    for (i = 0; i < 4; i++) {
        if (pthread_join(threads[i], NULL)) return 2;
        wrong += all[i].wrong;
    }
    printf("%%d", wrong);
    return wrong != 0;
}
"""


@pytest.mark.long
@needs("gcc")
def test_threads_share_a_model(tmp_path):
    """One model, a state for each of four threads: no data race, and Python's logits."""
    model = random_model(
        np.random.default_rng(4), block_size=32, readout="mean", activation_bits=9, name="shared"
    )
    x = random_inputs(np.random.default_rng(5), model, 1)
    c_header.write(model, tmp_path / "shared.h")
    numbers = [",".join(map(str, part.ravel())) for part in (x, model.run_logits(x))]
    main = tmp_path / "main.c"
    main.write_text(THREADS % (x.size, *numbers, x.shape[1]), encoding="utf-8")
    options = ["-std=c99", "-O1", "-g", "-fsanitize=thread", "-pthread", "-I", sources.FOLDER]
    files = [main, sources.FOLDER / "hadamrnn.c", "-I", tmp_path, "-o", tmp_path / "main"]
    compile_c([*options, *files], ["gcc"])
    done = run_tool([tmp_path / "main"])
    if "unexpected memory mapping" in done.stderr:
        pytest.skip("the thread sanitizer does not start in this system's memory layout")
    assert (done.returncode, done.stdout) == (0, "0"), done.stderr
