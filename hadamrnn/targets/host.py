"""The C runtime on this computer: compile it, run whole data sets through it, time it.

What runs is what users copy: ``runtime.sources.one_file`` with the generated header of the model,
or, for ``model=None``, with packed files that the program loads itself (``hr_load``).
"""

import os
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hadamrnn.compiler import OPTIMIZED, SANITIZERS, compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, c_header, packed, with_engine
from hadamrnn.integer.recording import counts
from hadamrnn.runtime import sources


@dataclass(frozen=True, eq=False)
class HostResult:
    """What C computed.

    Attributes
    ----------
    logits : (batch, classes) or (batch, time, classes) int64
        As ``IntegerModel.run_logits``.
    checksums : (batch,) uint32 or None
        As ``IntegerModel.trace``, where a trace was asked for.
    microseconds : (batch,) float64
        One sequence at a time on one thread.
    """

    logits: npt.NDArray[np.int64]
    checksums: npt.NDArray[np.uint32] | None
    microseconds: npt.NDArray[np.float64]


class HostProgram:
    """A compiled program in a temporary folder; a context manager that removes it.

    Parameters
    ----------
    model : IntegerModel, optional
        Whose generated header is compiled in. Without, the program loads the packed file of
        whatever model ``run`` is given.
    sanitize : bool
        Make every warning an error, and stop the program at undefined behaviour or an address
        error.
    options : sequence of str
        More options of the compiler, such as ``-DHR_LANES=1``.

    Raises
    ------
    HadamrnnError
        If there is no C compiler, or it fails.

    Examples
    --------
    >>> with HostProgram(model) as program:                          # doctest: +SKIP
    ...     logits = program.run(model, x_int).logits
    """

    def __init__(
        self,
        model: IntegerModel | None = None,
        sanitize: bool = False,
        options: Sequence[str] = (),
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="hadamrnn-")
        self.folder = Path(self._temporary.name)
        self.model = model
        self.path = self.folder / "host_program"
        try:
            self._compile(SANITIZERS if sanitize else OPTIMIZED, options)
        except BaseException:
            self._temporary.cleanup()
            raise

    def _compile(self, mode: Sequence[str], options: Sequence[str]) -> None:
        files = [
            sources.write_one_file(self.folder),
            sources.FOLDER / "hadamrnn_load.c",
            sources.FOLDER / "targets" / "host_program.c",
        ]
        defines = []
        if self.model is not None:
            c_header.write(self.model, self.folder / "model.h")
            name = c_header.names_of(self.model).model
            defines = ['-DHR_MODEL_HEADER="model.h"', f"-DHR_MODEL={name}"]
        command = ["-std=c99", *mode, "-I", str(self.folder), *options, *defines]
        compile_c([*command, "-o", self.path, *files])

    def __enter__(self) -> "HostProgram":
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    def execute(
        self, inputs: bytes, packed_bytes: bytes | None = None, trace: bool = False
    ) -> tuple[int, str, bytes]:
        """(exit code, standard error, output bytes) of one run on raw bytes.

        Parameters
        ----------
        inputs : bytes
            As host_program.c describes them.
        packed_bytes : bytes, optional
            The packed file for a program without a model of its own.
        trace : bool
            Whether to hash every integer of every step.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            paths = [Path(folder, name) for name in ("inputs", "outputs", "model.hrnn")]
            paths[0].write_bytes(inputs)
            command = [str(self.path), str(paths[0]), str(paths[1]), str(int(trace))]
            if packed_bytes is not None:
                paths[2].write_bytes(packed_bytes)
                command.append(str(paths[2]))
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", errors="replace", check=False
            )
            output = b"" if done.returncode else paths[1].read_bytes()
            return done.returncode, done.stderr, output

    def run(
        self,
        model: IntegerModel,
        inputs: npt.ArrayLike,
        trace: bool = False,
        workers: int = 1,
        raw: bool = False,
    ) -> HostResult:
        """Run all sequences of ``inputs``.

        Parameters
        ----------
        model : IntegerModel
            The model compiled in, or any for a program without one.
        inputs : (batch, time, features) or (batch, time) integers
            As ``model.quantize_input`` gives, or readings.
        trace : bool
            Whether to compute checksums: slower, with logits after every step.
        workers : int
            Programs side by side, each with a share of the sequences; 1 for undisturbed times.
        raw : bool
            Whether inputs are readings in the recorder's units, which C codes (``hr_step_raw``).

        Raises
        ------
        HadamrnnError
            For another model than the one compiled in, or if the program does not end well.
        """
        if self.model is not None and model is not self.model:
            raise HadamrnnError(
                f"model: this program was compiled for {self.model.name!r}; "
                f"got another model, {model.name!r}"
            )
        x = _counts(model, inputs) if raw else None
        if x is None:
            symbol = model.input_kind == "symbol"
            checked = model.check_input(model.check_sequences(inputs))
            x = np.ascontiguousarray(checked, dtype=np.uint16 if symbol else np.int8)
        packed_bytes = packed.to_bytes(model) if self.model is None else None
        shares = np.array_split(x, max(1, min(workers, len(x))))
        with ThreadPoolExecutor(len(shares)) as pool:
            parts = list(pool.map(lambda s: self._run_share(model, s, packed_bytes, trace), shares))
        logits, checksums, times = (np.concatenate(part) for part in zip(*parts, strict=True))
        return HostResult(logits, checksums if trace else None, times)

    def _run_share(
        self, model: IntegerModel, x: np.ndarray, packed_bytes: bytes | None, trace: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
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


def _counts(model: IntegerModel, readings: npt.ArrayLike) -> np.ndarray | None:
    """Readings as the recorder's integers; None of a model that has none."""
    if model.recording is None or model.input_kind == "symbol":
        return None
    return np.ascontiguousarray(counts(model.recording, model.check_sequences(readings)))


def parity(
    model: IntegerModel, x_int: npt.ArrayLike, trace: bool = False, workers: int | None = None
) -> dict[str, int]:
    """Compare C with the integer model in NumPy on all sequences.

    Parameters
    ----------
    model : IntegerModel
        What runs.
    x_int : (batch, time, features) or (batch, time) integers
        As ``model.quantize_input`` gives.
    trace : bool
        Compare every state, sum and logit of every step, not only what ``run_logits`` gives.
    workers : int, optional
        Programs side by side, by default one for each processor.

    Returns
    -------
    dict
        "sequences", and of them "c_mismatches", those in which one integer differs.
    """
    with HostProgram(model) as program:
        result = program.run(model, x_int, trace, workers or os.cpu_count() or 1)
    if trace:
        logits, checksums = model.trace(x_int)
        differs = checksums != result.checksums
    else:
        logits = with_engine(model, "numpy").run_logits(x_int)
        differs = np.zeros(len(logits), dtype=bool)
    differs |= (logits != result.logits).reshape(len(logits), -1).any(axis=1)
    return {"sequences": len(logits), "c_mismatches": int(differs.sum())}


def latency_us(
    model: IntegerModel,
    one_sequence: npt.ArrayLike,
    repeats: int = 21,
    options: Sequence[str] = (),
) -> float:
    """Median microseconds of one sequence on one thread, logits included.

    Parameters
    ----------
    model : IntegerModel
        What runs.
    one_sequence : (time, features) integers or (time,) symbol ids
        As ``model.quantize_input`` gives.
    repeats : int
        How many runs the median is of.
    options : sequence of str
        Of the compiler.
    """
    with HostProgram(model, options=options) as program:
        x = np.repeat(np.asarray(one_sequence)[None], repeats, axis=0)
        return float(np.median(program.run(model, x).microseconds))
