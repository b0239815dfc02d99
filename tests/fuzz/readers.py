"""The two readers of packed files, asked the same: Python, and builds of the C code."""

import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from hadamrnn.compiler import OPTIMIZED, SANITIZERS, compile_c
from hadamrnn.errors import HadamrnnError
from hadamrnn.integer import IntegerModel, packed, recording
from hadamrnn.runtime import sources

SOURCE = Path(__file__).with_name("fuzz_load.c")
STEPS = 3
BUILDS = {
    "sanitized": SANITIZERS,
    "sanitized, int of 16 bits": (*SANITIZERS, "-DHR_LANES=1"),
    "sanitized, no vectors": (*SANITIZERS, "-DHR_NO_VECTORS"),
    "plain": OPTIMIZED,
}
EXAMPLES = 10


class CReader:
    """A program that reads many files, one batch after another.

    Parameters
    ----------
    folder : Path
        Where it is compiled.
    options : sequence of str
        Of the compiler.
    """

    def __init__(self, folder: Path, options: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.program = folder / "fuzz_load"
        files = [SOURCE, sources.write_one_file(folder), sources.FOLDER / "hadamrnn_load.c"]
        includes = ["-I", str(folder), "-I", str(sources.FOLDER / "targets")]
        compile_c(["-std=c99", *options, *includes, *map(str, files), "-o", self.program])
        self.process: subprocess.Popen[bytes] | None = None
        self.folder = folder

    def ask(self, batch: Sequence[bytes]) -> tuple[np.ndarray, np.ndarray] | None:
        """(hr_status, CRC-32 of the steps) of every file, or None if the program died."""
        if self.process is None:
            self.errors = (self.folder / "errors").open("w+b")
            self.process = subprocess.Popen(
                [self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors
            )
        assert self.process.stdin and self.process.stdout
        lengths = np.array(list(map(len, batch)), dtype=np.uint32)
        try:
            self.process.stdin.write(struct.pack("=I", len(batch)) + lengths.tobytes())
            self.process.stdin.write(b"".join(batch))
            self.process.stdin.flush()
            answer = self.process.stdout.read(5 * len(batch))
        except BrokenPipeError:
            answer = b""
        if len(answer) < 5 * len(batch):
            self.close()
            return None
        return (
            np.frombuffer(answer, np.uint8, len(batch)),
            np.frombuffer(answer, np.uint32, len(batch), len(batch)),
        )

    def last_words(self) -> str:
        """What the program that died wrote to standard error."""
        return (self.folder / "errors").read_text(encoding="utf-8", errors="replace")[:2000]

    def close(self) -> None:
        """End the program."""
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.errors.close()
            self.process = None


def read(data: bytes) -> IntegerModel | None | Exception:
    """The model, None if it is refused by a HadamrnnError, or whatever else was raised."""
    try:
        return packed.from_bytes(data)
    except HadamrnnError:
        return None
    except Exception as error:
        return error


def noise(count: int) -> np.ndarray:
    """The inputs of fuzz_load.c, before they are brought into a range."""
    return (np.arange(count, dtype=np.uint64) * 2654435761 & 0xFFFFFFFF) >> 24


def steps_checksum(model: IntegerModel) -> int:
    """What fuzz_load.c says of the steps of ``model``."""
    steps = STEPS if model.readout == "last" else min(STEPS, model.max_steps)
    if model.input_kind == "symbol":
        x = (noise(steps) % model.input_size).astype(np.uint16)
    elif model.recording is not None:
        byte = noise(steps * model.input_size).astype(np.int64)
        ends = np.where(byte < 128, 32767, 257 * byte - 32768)
        r = np.where(byte < 64, -32768, ends).reshape(steps, model.input_size)
        half = 1 << (model.input_bits - 1)
        coded = recording.unclipped(model.recording, r, model.input_zero_point)
        x = np.clip(coded, -half, half - 1).astype(np.int8)
    else:
        half = 1 << (model.input_bits - 1)
        byte = noise(steps * model.input_size).astype(np.int64)
        x = np.where(byte < 64, -half, np.where(byte < 128, half - 1, byte % (2 * half) - half))
        x = x.astype(np.int8).reshape(steps, model.input_size)
    return int(model.trace(x[None], workers=1)[1][0])


@dataclass
class Tally:
    """What came of some inputs.

    Attributes
    ----------
    inputs, accepted, refused : int
        Files, and what Python said of them.
    differing : int
        Files of which a build of the C reader said otherwise.
    steps_compared, steps_differing : int
        Accepted files whose steps were computed by both, and those in which one integer differed;
        between the builds, the steps of all accepted files are compared.
    crashes : int
        Files at which a program died or Python raised anything but a HadamrnnError.
    examples : list of dict
        The first such files, in hexadecimal.
    """

    inputs: int = 0
    accepted: int = 0
    refused: int = 0
    differing: int = 0
    steps_compared: int = 0
    steps_differing: int = 0
    crashes: int = 0
    examples: list[dict[str, str]] = field(default_factory=list)

    def note(self, what: str, data: bytes) -> None:
        """Keep an example."""
        if len(self.examples) < EXAMPLES:
            self.examples.append({"what": what, "file": data.hex()})


def compare(
    batch: Sequence[bytes], builds: dict[str, CReader], tally: Tally, every: int = 1
) -> None:
    """Ask Python and every build about a batch, and add what came of it to the tally.

    Parameters
    ----------
    batch : sequence of bytes
    builds : dict
        {name: CReader}.
    tally : Tally
    every : int
        Compute the steps of one in this many accepted files in Python too, which is slow.
    """
    answers = {name: reader.ask(batch) for name, reader in builds.items()}
    for name, answer in answers.items():
        if answer is None:
            _find_crash(batch, name, builds[name], tally)
    living = {name: answer for name, answer in answers.items() if answer is not None}
    for index, data in enumerate(batch):
        model = read(data)
        tally.inputs += 1
        if isinstance(model, Exception):
            tally.crashes += 1
            tally.note(f"Python raised {model!r}", data)
            continue
        tally.accepted += model is not None
        tally.refused += model is None
        other = [name for name, (s, _) in living.items() if (s[index] == 0) != (model is not None)]
        if other:
            tally.differing += 1
            tally.note(f"{', '.join(other)}: other than Python", data)
        elif model is not None:
            sums = {int(crc[index]) for _, crc in living.values()}
            if tally.accepted % every == 0:
                tally.steps_compared += 1
                sums.add(steps_checksum(model))
            if len(sums) > 1:
                tally.steps_differing += 1
                tally.note("steps differ", data)


def _find_crash(batch: Sequence[bytes], name: str, reader: CReader, tally: Tally) -> None:
    """Which files of a batch end the program: each is tried alone."""
    before = tally.crashes
    for data in batch:
        if reader.ask([data]) is None:
            tally.crashes += 1
            tally.note(f"{name} died: {reader.last_words()}", data)
    if tally.crashes == before:  # only together
        tally.crashes += 1
        tally.note(f"{name} died on a whole batch: {reader.last_words()}", b"".join(batch))
