"""The C runtime on this computer: compile it, run whole data sets through it, time it.

What runs is the shipped code: runtime/hadamrnn.c with the generated header of the model, or, for
``model=None``, with packed files that the program loads itself (``hr_load``).
"""

import os
import shlex
import shutil
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import c_header, packed

RUNTIME = Path(__file__).parent.parent / "runtime"
SOURCES = ("hadamrnn.c", "hadamrnn_load.c", "host_program.c")
STRICT = ("-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")
SANITIZERS = (*STRICT, "-g", "-O1", "-fsanitize=undefined,address", "-fno-sanitize-recover=all")
OPTIMIZED = ("-O2",)
WIDEST = ("-O3", "-march=native")
"""For the widest vectors of this computer's processor."""


@dataclass(frozen=True, eq=False)
class HostResult:
    """What C computed.

    logits : (batch, classes) or (batch, time, classes) int64, as ``IntegerModel.run_logits``.
    checksums : (batch,) uint32 as ``IntegerModel.trace``, or None.
    microseconds : (batch,) float64, one sequence at a time on one thread.
    """

    logits: np.ndarray
    checksums: np.ndarray | None
    microseconds: np.ndarray


def find_compiler():
    """The C compiler's command as a list: $CC, else the first of cc, gcc, clang that exists."""
    chosen = shlex.split(os.environ.get("CC", ""))
    for command in [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(command[0]):
            return command
    raise HadamrnnError(
        f"CC: running the C model on this computer needs a C compiler (cc, gcc or clang, or the "
        f"one named by the environment variable CC); got {' '.join(chosen) or 'none'}"
    )


def compile_c(arguments, compiler=None, cwd=None):
    """Run the C compiler; HadamrnnError with its first error line if it fails.

    compiler : its command as a list, if not ``find_compiler()``; cwd : the folder to run it in.
    """
    command = [*(compiler or find_compiler()), *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    if result.returncode:
        lines = result.stderr.splitlines()
        first = next((line for line in lines if "error" in line), "no message")
        raise HadamrnnError(f"{command[0]}: must compile the C runtime; got {first}")


class HostProgram:
    """A compiled program in a temporary folder; a context manager that removes it.

    model : IntegerModel whose generated header is compiled in, or None for a program that loads
    the packed file of whatever model ``run`` is given.
    sanitize : make every warning an error, and stop the program at undefined behaviour or an
    address error. options : more options of the compiler, such as -DHR_LANES=1.

    >>> with HostProgram(model) as program:                          # doctest: +SKIP
    ...     logits = program.run(model, x_int).logits
    """

    def __init__(self, model=None, sanitize=False, options=()):
        self._temporary = tempfile.TemporaryDirectory(prefix="hadamrnn-")
        self.folder = Path(self._temporary.name)
        self.model = model
        mode = SANITIZERS if sanitize else OPTIMIZED
        options = ["-std=c99", *mode, "-I", RUNTIME, *options]
        if model is not None:
            name = c_header.c_name(model.name)
            c_header.write(model, self.folder / "model.h")
            options += [
                "-I",
                self.folder,
                '-DHR_MODEL_HEADER="model.h"',
                f"-DHR_MODEL={name}_model",
            ]
        self.path = self.folder / "host_program"
        try:
            compile_c([*options, "-o", self.path, *(RUNTIME / name for name in SOURCES)])
        except BaseException:
            self._temporary.cleanup()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._temporary.cleanup()

    def execute(self, inputs, packed_bytes=None, trace=False):
        """(exit code, standard error, output bytes) of one run on raw bytes."""
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            paths = [Path(folder, name) for name in ("inputs", "outputs", "model.hrnn")]
            paths[0].write_bytes(inputs)
            command = [str(self.path), str(paths[0]), str(paths[1]), str(int(trace))]
            if packed_bytes is not None:
                paths[2].write_bytes(packed_bytes)
                command.append(str(paths[2]))
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            output = b"" if done.returncode else paths[1].read_bytes()
            return done.returncode, done.stderr, output

    def run(self, model, x_int, trace=False, workers=1):
        """HostResult of all sequences.

        x_int : as ``model.quantize_input`` gives; workers : programs side by side, each with a
        share of the sequences (1 for undisturbed times).
        """
        if self.model is not None and model is not self.model:
            raise HadamrnnError(
                f"model: this program was compiled for {self.model.name!r}; "
                f"got another model, {model.name!r}"
            )
        symbol = model.input_kind == "symbol"
        checked = model.check_input(model.check_sequences(x_int))
        x = np.ascontiguousarray(checked, dtype=np.uint16 if symbol else np.int8)
        packed_bytes = packed.to_bytes(model) if self.model is None else None
        shares = np.array_split(x, max(1, min(workers, len(x))))
        with ThreadPoolExecutor(len(shares)) as pool:
            parts = list(pool.map(lambda s: self._run_share(model, s, packed_bytes, trace), shares))
        logits, checksums, times = (np.concatenate(part) for part in zip(*parts, strict=True))
        return HostResult(logits, checksums if trace else None, times)

    def _run_share(self, model, x, packed_bytes, trace):
        inputs = struct.pack("=II", *x.shape[:2]) + x.tobytes()
        code, errors, output = self.execute(inputs, packed_bytes, trace)
        if code:
            raise HadamrnnError(
                f"host_program: must end without error; got exit code {code}, "
                f"{errors.strip()[:2000]}"
            )
        shape = (*x.shape[: 2 if model.per_step else 1], model.output_size)
        logits = np.frombuffer(output, np.int32, int(np.prod(shape)))
        checksums = np.frombuffer(output, np.uint32, len(x) * trace, logits.nbytes)
        times = np.frombuffer(output, np.uint64, len(x), logits.nbytes + checksums.nbytes)
        return logits.reshape(shape).astype(np.int64), checksums, times / 1000.0


def parity(model, x_int, trace=False, workers=None):
    """Compare C with integer Python on all sequences: {"sequences", "c_mismatches"}.

    x_int : as ``model.quantize_input`` gives. A sequence mismatches if one logit differs or, with
    ``trace``, if one state, sum or logit of any step does (slower: logits after every step).
    """
    with HostProgram(model) as program:
        result = program.run(model, x_int, trace, workers or os.cpu_count() or 1)
    if trace:
        logits, checksums = model.trace(x_int)
        differs = checksums != result.checksums
    else:
        logits = model.run_logits(x_int)
        differs = np.zeros(len(logits), dtype=bool)
    differs |= (logits != result.logits).reshape(len(logits), -1).any(axis=1)
    return {"sequences": len(logits), "c_mismatches": int(differs.sum())}


def latency_us(model, one_sequence, repeats=21, options=()):
    """Median microseconds of one sequence on one thread, logits included.

    one_sequence : (time, d_in) integers, or (time,) symbol ids; options : of the compiler.
    """
    with HostProgram(model, options=options) as program:
        x = np.repeat(np.asarray(one_sequence)[None], repeats, axis=0)
        return float(np.median(program.run(model, x).microseconds))
