"""results/peers.json: one step of other recurrent networks on the processors that ours runs on.

    python -m benchmarks.targets.peers --cmsis-nn FOLDER --edgeml FOLDER

builds the LSTM of 8 bits of CMSIS-NN (https://github.com/ARM-software/CMSIS-NN) and the FastGRNN
of 16 bits of EdgeML (https://github.com/microsoft/EdgeML) from clones of their sources, and times
an LSTM of torch, of onnxruntime and, with --litert, of LiteRT (pip install ai-edge-litert) on this
computer. 9 inputs, random weights, no read-out: what is compared is cost. A peer that is not asked
for is left out. ``python -m docs.generators`` makes
docs/reference/peers.md of it.
"""

import argparse
import atexit
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import machine
from hadamrnn import files
from hadamrnn.compiler import WIDEST, compile_c, find_compiler
from hadamrnn.errors import as_sentences
from hadamrnn.integer import IntegerModel, c_header, load
from hadamrnn.runtime import sources
from hadamrnn.targets import emulation, memory
from hadamrnn.targets.processors import BARE, COMMON, PROGRAMS, TARGETS, Target, require
from tests.random_models import random_model

RESULT = Path("results/peers.json")
HERE = Path(__file__).with_name("peer_programs")
INPUTS, SIZES, ROUNDS = 9, (32, 64, 128), 7
DEVICES = ("Cortex-M3", "Cortex-M4")
SMALL = "ATmega2560"
CMSIS_NN = ("LSTMFunctions", "NNSupportFunctions", "ActivationFunctions", "BasicMathFunctions")


@dataclass(frozen=True)
class Contender:
    """A program with one ``peer_step``.

    Attributes
    ----------
    name, size : str and int
        Whose it is, and how many hidden units it has.
    program : str
        Its file in ``peer_programs``.
    files, options : tuple
        Of the compiler, beside it.
    prepare : callable
        Writes the header that it includes into a folder.
    small : bool
        Whether it is run on an AVR too.
    """

    name: str
    size: int
    program: str
    files: tuple[Path, ...]
    options: tuple[str, ...]
    prepare: Callable[[Path], object]
    small: bool = False

    def sources(self, folder: Path, compiler: tuple[str, ...]) -> list[Path]:
        """All C files, after ``prepare``; those of the peer as objects."""
        if self.program == "ours.c":
            return [HERE / "main.c", HERE / self.program, folder / "hadamrnn.c"]
        return [HERE / "main.c", HERE / self.program, *objects(compiler, self.files, self.options)]


@cache
def objects(
    compiler: tuple[str, ...], files_: tuple[Path, ...], options: tuple[str, ...]
) -> list[Path]:
    """Object files of a peer, which are the same for all sizes."""
    folder = Path(tempfile.mkdtemp(prefix="hadamrnn-"))
    atexit.register(shutil.rmtree, folder)
    compile_c([*compiler[1:], *options, "-w", "-c", *files_], compiler[:1], cwd=folder)
    return sorted(folder.glob("*.o"))


def weights(folder: Path, size: int, kind: str, bias: str, gates: int) -> None:
    """weights.h: random numbers of a peer's types, for ``gates`` times ``size`` units."""
    rng = np.random.default_rng(size)
    limit = 100 if kind == "int8_t" else 5000
    arrays = {
        "inputs": (kind, INPUTS),
        "input_weights": (kind, gates * size * INPUTS),
        "hidden_weights": (kind, gates * size * size),
        "biases": (bias, gates * size),
    }
    lines = ["#include <stdint.h>", f"#define HIDDEN {size}", f"#define INPUTS {INPUTS}"]
    for name, (of, count) in arrays.items():
        numbers = ", ".join(map(str, rng.integers(-limit, limit, count)))
        lines.append(f"static const {of} {name}[{count}] = {{{numbers}}};")
    (folder / "weights.h").write_text("\n".join(lines) + "\n", encoding="utf-8")


def header(model: IntegerModel) -> Callable[[Path], object]:
    """Writes model.h, its names those of har2, and the runtime for this model alone."""

    def write(folder: Path) -> None:
        layout = c_header.names_of(model).checksum
        sources.write_one_file(folder, c_header.only(model), layout)
        c_header.write(model, folder / "model.h", alone=True)

    return write


def ours() -> Iterator[Contender]:
    """Models of the shape that limits of speed are stated for, and the shipped har2."""
    for size, bits in ((64, 10), (128, 9), (256, 8)):
        model = random_model(
            np.random.default_rng(size),
            block_size=size,
            q=1,
            activation_bits=bits,
            input_size=INPUTS,
            classes=2,
            readout="mean",
            bias_shift=6,
            max_steps=128,
            name="har2",
        )
        yield Contender("HadamRNN", size, "ours.c", (), (), header(model), size == 64)
    yield Contender("shipped har2", 384, "ours.c", (), (), header(load("shipped/har2/model.hrnn")))


def cmsis_nn(root: Path) -> Iterator[Contender]:
    """LSTM of 8 bits."""
    found = [path for name in CMSIS_NN for path in sorted((root / "Source" / name).glob("*.c"))]
    kept = tuple(path for path in found if not path.stem.endswith(("_f16", "_f32")))
    for size in SIZES:
        yield Contender(
            "CMSIS-NN LSTM, 8 bits",
            size,
            "lstm_s8.c",
            kept,
            (f"-I{root / 'Include'}",),
            lambda folder, size=size: weights(folder, size, "int8_t", "int32_t", 4),
        )


def edgeml(root: Path) -> Iterator[Contender]:
    """FastGRNN of 16 bits."""
    folder = root / "c_reference"
    names = ("quantized_fastgrnn.c", "quantized_utils.c")
    options = (f"-I{folder / 'include'}", "-DSHIFT", "-DLOOP_UNROLL", "-lm")
    for size in (16, *SIZES):
        yield Contender(
            "EdgeML FastGRNN, 16 bits",
            size,
            "fastgrnn_q15.c",
            tuple(folder / "src" / name for name in names),
            options,
            lambda into, size=size: weights(into, size, "int16_t", "int16_t", 1),
            size == 16,
        )


def on_target(contender: Contender, target: Target) -> dict[str, int]:
    """Counts of a step, and flash and RAM beyond an empty program."""
    require(target)
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        folder = Path(name)
        contender.prepare(folder)
        (folder / "inputs.bin").write_bytes(b"")

        # Hosted, so that memcpy of four bytes is a load.
        compiler = (f"{target.prefix}-gcc", *target.options, *COMMON, "-fhosted")
        files_ = contender.sources(folder, compiler)
        places = [f"-I{place}" for place in (folder, PROGRAMS, sources.FOLDER)]
        bare = [] if target.avr else [*BARE, "-fhosted", "-nostdlib", "-lc", "-lgcc"]

        def build(*options: str | Path) -> Path:
            elf = folder / "peer.elf"
            command = [*compiler[1:], "-w", *places, *contender.options, *files_, *options]
            compile_c([*command, *bare, "-o", elf], compiler=compiler[:1], cwd=folder)
            return elf

        empty = memory.section_bytes(target, build("-DWEIGH", "-DEMPTY"))
        full = memory.section_bytes(target, build("-DWEIGH"))
        port = PROGRAMS / ("port_avr.c" if target.avr else "port_semihosting.c")
        words, _ = emulation.execute(target, build(port), folder)
        steps = emulation.in_units(target, words[:2], words[2:-1])
    flash, ram = (after - before for after, before in zip(full, empty, strict=True))
    return {"step": int(np.median(steps)), "flash_bytes": flash, "ram_bytes": ram}


def here(contenders: list[Contender]) -> list[float]:
    """Nanoseconds of processor time a step, the median of rounds that alternate."""
    with tempfile.TemporaryDirectory(prefix="hadamrnn-") as name:
        programs = []
        for number, contender in enumerate(contenders):
            folder = Path(name, str(number))
            folder.mkdir()
            contender.prepare(folder)
            compiler = (*find_compiler(), "-std=gnu99", *WIDEST)
            command = [*compiler[1:], "-w", "-DON_THIS_COMPUTER", f"-I{folder}"]
            command += [f"-I{sources.FOLDER}", *map(str, contender.sources(folder, compiler))]
            programs.append(folder / "peer")
            compile_c([*command, *contender.options, "-o", programs[-1]], compiler[:1])
        rounds = [
            [float(subprocess.check_output([program], text=True)) for program in programs]
            for _ in range(ROUNDS)
        ]
    return [statistics.median(column) for column in zip(*rounds, strict=True)]


def libraries(litert: bool, size: int = 128, steps: int = 128) -> dict[str, float]:
    """Nanoseconds of processor time a step of an LSTM of libraries, one thread."""
    import onnx
    import onnxruntime
    import torch

    rng = np.random.default_rng(0)
    shapes = {"w": (1, 4 * size, INPUTS), "r": (1, 4 * size, size), "b": (1, 8 * size)}
    inits = [
        onnx.numpy_helper.from_array(rng.normal(0, 0.1, shape).astype(np.float32), key)
        for key, shape in shapes.items()
    ]
    node = onnx.helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=size)
    kind = onnx.TensorProto.FLOAT
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [node], "lstm", [value("x", kind, (steps, 1, INPUTS))], [value("y", kind, None)], inits
    )
    opset = [onnx.helper.make_opsetid("", 21)]
    model = onnx.helper.make_model(graph, ir_version=10, opset_imports=opset)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    x = rng.normal(0, 1, (steps, 1, INPUTS)).astype(np.float32)
    lstm, tensor = torch.nn.LSTM(INPUTS, size), torch.from_numpy(x)
    torch.set_num_threads(1)

    def once(run: Callable[[], object]) -> float:
        begun = time.process_time_ns()
        for _ in range(20):
            run()
        return (time.process_time_ns() - begun) / (20 * steps)

    with torch.inference_mode():
        ways: dict[str, Callable[[], object]] = {
            "onnxruntime LSTM, 32-bit floats": lambda: session.run(None, {"x": x}),
            "torch LSTM, 32-bit floats": lambda: lstm(tensor),
        }
        if litert:
            from benchmarks.targets import peer_litert

            ways["LiteRT LSTM, 8 bits"] = peer_litert.ready(size, INPUTS, steps)
        rounds = [{name: once(run) for name, run in ways.items()} for _ in range(ROUNDS + 1)][1:]
    return {name: statistics.median(row[name] for row in rounds) for name in ways}


def table(contenders: list[Contender], litert: bool) -> dict[str, Any]:
    """What results/peers.json holds."""
    rows: list[dict[str, Any]] = []
    for contender, ns in zip(contenders, here(contenders), strict=True):
        row: dict[str, Any] = {"name": contender.name, "size": contender.size, "here_ns": round(ns)}
        for target in (*DEVICES, *([SMALL] if contender.small else [])):
            row[target] = on_target(contender, TARGETS[target])
        rows.append(row)
        print(row, flush=True)
    for name, ns in libraries(litert).items():
        rows.append({"name": name, "size": 128, "here_ns": round(ns)})
        print(rows[-1], flush=True)
    return {"machine": machine(), "inputs": INPUTS, "rows": rows}


def main() -> None:
    """The contenders whose sources are given."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cmsis-nn", type=Path, help="a clone of CMSIS-NN")
    parser.add_argument("--edgeml", type=Path, help="a clone of EdgeML")
    parser.add_argument("--litert", action="store_true", help="LiteRT too, which must be installed")
    options = parser.parse_args()
    contenders = list(ours())
    if options.cmsis_nn:
        contenders += cmsis_nn(options.cmsis_nn.resolve())
    if options.edgeml:
        contenders += edgeml(options.edgeml.resolve())
    files.write_json(RESULT, table(contenders, options.litert))


if __name__ == "__main__":
    with as_sentences():
        main()
