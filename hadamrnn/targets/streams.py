"""Streams in C, on this computer and on emulated microcontrollers, against ``integer.Stream``.

What is compared is a CRC-32 of everything: after each step all states, the sums or means, and the
event.
"""

import struct
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hadamrnn.compiler import OPTIMIZED, SANITIZERS, compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import Event, IntegerModel, Stream, c_header
from hadamrnn.integer.stream_settings import StreamSettings
from hadamrnn.runtime import sources
from hadamrnn.targets import emulation
from hadamrnn.targets.processors import PROGRAMS, Target, require

NO_CLASS = 0xFFFF
SOURCE = sources.FOLDER / "hadamrnn_stream.c"


@dataclass(frozen=True, eq=False)
class StreamRun:
    """What C did with a recording.

    Attributes
    ----------
    checksums : (parts,) uint32
        As ``checksums`` gives.
    counts : (steps,) int64
        What each push took in the target's unit; 0 on this computer.
    """

    checksums: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.int64]


def checksums(stream: Stream, x_int: npt.ArrayLike, part: int) -> npt.NDArray[np.uint32]:
    """CRC-32 of all that integer Python computes, of every ``part`` steps.

    Parameters
    ----------
    stream : Stream
        Read from its present state.
    x_int : array_like of int, (steps, d_in) or (steps,)
        As ``Stream.push_integers`` takes each.
    part : int
        Steps of a checksum.

    Returns
    -------
    array of uint32, (parts,)
        Of states as int16, sums as uint32 and events, little endian, as stream_main.c says.
    """
    found, crc, answer = [], 0, NO_CLASS
    summed = stream.model.readout != "last"
    x = np.asarray(x_int)
    for number, row in enumerate(x, start=1):
        event = stream.push_integers(row)
        for state in stream.states:
            crc = zlib.crc32(state.hidden.astype("<i2").tobytes(), crc)
            if summed:
                crc = zlib.crc32(state.sums.astype("<u4").tobytes(), crc)
        fields = _fields(stream.steps, event, answer)
        answer = fields[2]
        crc = zlib.crc32(struct.pack("<IIHHBB", *fields), crc)
        if number % part == 0 or number == len(x):
            found.append(crc)
            crc = 0
    return np.array(found, np.uint32)


def _fields(step: int, event: Event | None, answer: int) -> tuple[int, int, int, int, int, int]:
    """The members of hr_event."""
    if event is None:
        return step, 0, answer, 0, 0, 0
    class_id = NO_CLASS if event.class_id is None else event.class_id
    return event.step, event.margin, class_id, event.best, 1, int(event.changed)


def _prepare(
    model: IntegerModel,
    settings: StreamSettings,
    inputs: npt.ArrayLike,
    part: int,
    folder: Path,
    raw: bool,
) -> tuple[int, list[str]]:
    """Write the model's header and the input; how many steps, and the compiler's definitions."""
    c_header.write(model, folder / "model.h")
    (folder / "hadamrnn_stream.h").write_text(sources.text("hadamrnn_stream.h"), encoding="utf-8")
    x = emulation.stored(model, inputs, raw)
    margins = (settings.smooth, settings.reject, settings.hold)
    numbers = (settings.shift, settings.window or 0, settings.hop, *margins)
    head = struct.pack("<8I", *numbers, len(x), part)
    (folder / "inputs.bin").write_bytes(head + x.tobytes())
    return len(x), [*emulation.definitions(model, raw), f"-DHR_STREAM_COUNT={settings.states}"]


def _result(words: npt.NDArray[np.uint32], steps: int, part: int, where: str) -> StreamRun:
    """The words of outputs.bin, without those of the two first measurements and the status."""
    parts = -(-steps // part)
    if len(words) != 3 + steps + parts or words[-1]:
        raise HadamrnnError(
            f"{where}: must finish {steps} steps; got {len(words)} words, the last "
            f"{words[-1] if len(words) else 'none'}"
        )
    body = words[2:-1]
    ends = np.minimum(np.arange(1, parts + 1) * (part + 1) - 1, len(body) - 1)
    return StreamRun(body[ends], np.delete(body, ends).astype(np.int64))


class HostStreams:
    """The runtime compiled once in a temporary folder; a context manager that removes it.

    Parameters
    ----------
    sanitize : bool
        Make every warning an error, and stop at undefined behaviour or an address error.
    options : sequence of str
        More options of the compiler.

    Raises
    ------
    HadamrnnError
        If there is no C compiler, or it fails.
    """

    def __init__(self, sanitize: bool = False, options: Sequence[str] = ()) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="hadamrnn-")
        self.folder = Path(self._temporary.name)
        self._command = ["-std=c99", *(SANITIZERS if sanitize else OPTIMIZED), *options]
        files = [PROGRAMS / "port_host.c", SOURCE, sources.write_one_file(self.folder)]
        self._command += [f"-I{place}" for place in (self.folder, PROGRAMS, sources.FOLDER)]
        self._objects = [self.folder / f"{path.stem}.o" for path in files]
        try:
            for path, made in zip(files, self._objects, strict=True):
                compile_c([*self._command, "-c", "-o", made, path])
        except BaseException:
            self._temporary.cleanup()
            raise

    def __enter__(self) -> "HostStreams":
        return self

    def __exit__(self, *_: object) -> None:
        self._temporary.cleanup()

    def run(
        self,
        model: IntegerModel,
        settings: StreamSettings,
        inputs: npt.ArrayLike,
        part: int,
        raw: bool = False,
    ) -> StreamRun:
        """Feed a recording to a stream in C on this computer.

        Parameters
        ----------
        model : IntegerModel
            Who reads.
        settings : StreamSettings
            Of the stream.
        inputs : array_like, (steps, d_in) or (steps,)
            As ``Stream.push_integers`` takes each, or readings.
        part : int
            Steps of a checksum.
        raw : bool
            Whether inputs are readings in the recorder's units, which C codes.

        Raises
        ------
        HadamrnnError
            If the program cannot be compiled or does not end well.
        """
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            folder = Path(name)
            steps, definitions = _prepare(model, settings, inputs, part, folder, raw)
            program = folder / "stream"
            files = [PROGRAMS / "stream_main.c", *self._objects]
            compile_c([f"-I{folder}", *self._command, *definitions, "-o", program, *files])
            done = subprocess.run([program], cwd=folder, capture_output=True, check=False)
            output = folder / "outputs.bin"
            if done.returncode or not output.exists():
                raise HadamrnnError(
                    f"stream_main: must end without error; got exit code {done.returncode}, "
                    f"{done.stderr.decode(errors='replace').strip()[:500]}"
                )
            return _result(np.fromfile(output, "<u4"), steps, part, "stream_main")


def emulate(
    target: Target,
    model: IntegerModel,
    settings: StreamSettings,
    inputs: npt.ArrayLike,
    part: int,
    folder: Path,
    raw: bool = False,
) -> StreamRun:
    """Feed a recording to a stream on an emulated microcontroller.

    Parameters
    ----------
    target : Target
        Where it runs.
    model, settings, inputs, part, raw
        As ``HostStreams.run``.
    folder : Path
        Where sources and program are written.

    Raises
    ------
    HadamrnnError
        If tools are missing, or the program cannot be built or does not end well.
    """
    require(target)
    steps, definitions = _prepare(model, settings, inputs, part, folder, raw)
    elf = target.compile("stream_main.c", folder, definitions, "stream.elf", [SOURCE])
    words, _ = emulation.execute(target, elf, folder)
    result = _result(words, steps, part, target.name)
    return StreamRun(result.checksums, emulation.in_units(target, words[:2], result.counts))
