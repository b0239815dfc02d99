"""README's quick starts and the guides' snippets, run as they are written, at small size."""

import shutil
import subprocess

import numpy as np
import pytest
import yaml

import hadamrnn.integer
from hadamrnn import cli
from hadamrnn.datasets import pdigits
from hadamrnn.prepared import arrays
from tests.docs.pages import ROOT, all_pages, blocks

README = ROOT / "README.md"
WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-O2")
MAIN = """
#include <stdio.h>
int main(void)
{
    static int16_t readings[128][HAR2_INPUT_SIZE];

    while (fread(readings, sizeof readings, 1, stdin) == 1) {
        printf("%u\\n", (unsigned)classify((const int16_t (*)[HAR2_INPUT_SIZE])readings));
    }
    return 0;
}
"""
TUTORIAL = "torch-module-to-c.md"  # which test_tutorials runs, word by word
SNIPPETS = [page for page in all_pages() if blocks(page, ("python",)) and page.name != TUTORIAL]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder that sees the shipped models and pdigits prepared."""
    (tmp_path / "shipped").symlink_to(ROOT / "shipped")
    pdigits.prepare(tmp_path / "data/prepared/pdigits", pdigits.Data())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def namespace(page):
    """What the snippets of a page define, run one after another."""
    names: dict = {}
    for number, block in enumerate(blocks(page, ("python",))):
        exec(compile(block, f"{page.name}, snippet {number}", "exec"), names)
    return names


def test_the_device_guide_reads_prepared_inputs_rightly(folder):
    classes = namespace(ROOT / "docs/guides/device.md")["classes"]
    assert (classes == arrays.load("data/prepared/pdigits", "test")[1]).mean() > 0.95


@pytest.mark.parametrize("page", SNIPPETS, ids=lambda page: str(page.relative_to(ROOT)))
def test_snippets_run(page, folder):
    assert namespace(page)


def test_layer_of_the_readme_gives_every_state(folder):
    names = namespace(README)
    assert names["output"].shape == (32, 1000, 128) and names["h_n"].shape[-2:] == (32, 128)
    assert names["rnn"].input_weight.grad.abs().sum() > 0


def test_example_of_own_data_is_a_data_set(folder):
    page = ROOT / "docs/guides/own-data.md"
    namespace(page)["prepare"](folder / "data/prepared/waves", {})
    card = arrays.read_card(folder / "data/prepared/waves")
    inputs, targets = arrays.load(folder / "data/prepared/waves", "valid")
    assert inputs.shape == (100, 100, 1) and set(targets) == {0, 1}
    assert card["counts"] == {"train": 600, "valid": 100, "test": 200}
    (section,) = (block for block in blocks(page, ("yaml",)) if "waves:" in block)
    document = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    document["benchmark"] |= yaml.safe_load(section)["benchmark"]
    document["benchmarks"] = ["waves"]
    assert hadamrnn.params.check(document)["waves"].readout == "mean"


def firmware(folder):
    """The C files of the shipped har2 model, as the README makes them."""
    assert cli.main(["firmware", "shipped/har2/model.hrnn", str(folder)]) == 0
    return folder


@pytest.mark.skipif(not shutil.which("cc"), reason="needs a C compiler")
def test_c_of_the_readme_compiles_and_equals_python(folder):
    model = hadamrnn.integer.load("shipped/har2/model.hrnn", engine="numpy")
    place = firmware(folder / "firmware")
    (code,) = blocks(README, ("c",))
    (place / "main.c").write_text(code + MAIN)
    command = ["cc", *WARNINGS, "main.c", "hadamrnn.c", "-o", "program"]
    subprocess.run(command, cwd=place, check=True)
    x = np.random.default_rng(3).integers(-3000, 3000, (20, 128, 9)).astype(np.int16)
    done = subprocess.run([place / "program"], input=x.tobytes(), capture_output=True, check=True)
    readings = x * model.recording.unit + model.recording.offset
    assert done.stdout.split() == [
        b"%d" % c for c in model.predict_inputs(model.quantize_raw(readings))
    ]


@pytest.mark.parametrize("tool", ["avr-gcc", "arm-none-eabi-gcc"])
def test_board_commands_of_the_device_guide_compile(folder, tool):
    if not shutil.which(tool):
        pytest.skip(f"needs {tool} (nox -s emulators)")
    place = firmware(folder / "firmware" / "har2")
    (folder / "examples").symlink_to(ROOT / "examples")
    page = ROOT / "docs/guides/device.md"
    (block,) = (b for b in blocks(page, ("sh", "console")) if b.startswith(tool))
    command = block.replace("\\\n", " ").splitlines()[0]
    if tool == "avr-gcc":
        (place / "main.c").write_text('#include "har2.h"\nint main(void) { return 0; }\n')
        command = f"cd firmware/har2 && {command}"
    subprocess.run(command, shell=True, check=True)
