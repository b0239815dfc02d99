"""Peak memory of a training step, each in a fresh process.

What is counted: the highest resident size during two steps, less the resident size after
imports, a tiny warm-up (compiled kernels, thread pools) and the data. It holds the parameters,
gradients and Adam's moments, and everything the step keeps or allocates on its way.

    python -m benchmarks.speed.memory '{"contender": "lstm", "shape": {...}}'    one measurement
"""

import ctypes
import gc
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.speed.training_step import CONTENDERS, OURS, Shape, batch_of, build, training_step

ROOT = Path(__file__).parents[2]
GROWTH_STEPS = (1_000, 10_000)
GROWTH_CASES = (
    (OURS, Shape("last state, d=512", 512, 1000, 1, 100, 10)),
    (OURS, Shape("last state, 9 inputs, d=128", 128, 1000, 9, 100, 10)),
    (OURS, Shape("mean over time, 9 inputs, d=128", 128, 1000, 9, 100, 10, readout="mean")),
    ("lstm", Shape("last state, 9 inputs, d=128", 128, 1000, 9, 100, 10)),
)
"""Many-to-one steps whose peak is taken at both lengths of GROWTH_STEPS."""


def _status(key):
    """Bytes of a field of /proc/self/status, None where there is none."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(key)), None)


def _trim():
    """Give freed memory back to the system, so that the step cannot hide in it."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def peak_of(contender: str, shape: Shape) -> dict:
    """Bytes above the baseline in this process, which should be fresh."""
    tiny = replace(shape, steps=4, batch=2, task="")
    training_step(build(contender, tiny), *batch_of(tiny, contender))()
    data = batch_of(shape, contender)
    _trim()
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # restarts VmHWM
        baseline, source = _status("VmRSS"), "VmHWM"
    except OSError:
        baseline, source = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "ru_maxrss"
    step = training_step(build(contender, shape), *data)
    step()
    step()
    highest = _status("VmHWM")
    if source == "ru_maxrss" or highest is None:
        highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    inputs = data[0].numel() * data[0].element_size()
    return {"bytes": highest - baseline, "input_bytes": inputs, "source": source}


def in_fresh_process(contender: str, shape: Shape) -> dict:
    """``peak_of`` in a new process."""
    question = json.dumps({"contender": contender, "shape": asdict(shape)})
    command = [sys.executable, "-m", "benchmarks.speed.memory", question]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def measure(
    shape: Shape, contenders: Iterable[str] = CONTENDERS, progress: Callable[[Any], object] = print
) -> dict:
    """{contender: peak_of(...)}."""
    result = {}
    for name in contenders:
        peak = result[name] = in_fresh_process(name, shape)
        progress(f"memory, {shape.name}: {name:16} {peak['bytes'] / 2**20:9.1f} MiB")
    return result


def measure_growth(
    cases: Iterable[tuple[str, Shape]] = GROWTH_CASES,
    lengths: Sequence[int] = GROWTH_STEPS,
    progress: Callable[[Any], object] = print,
) -> list[dict]:
    """A list of cases: bytes at each length, and the growth beyond that of the input itself."""
    result = []
    for contender, shape in cases:
        peaks = [in_fresh_process(contender, replace(shape, steps=n)) for n in lengths]
        inputs = peaks[-1]["input_bytes"] - peaks[0]["input_bytes"]
        growth = peaks[-1]["bytes"] - peaks[0]["bytes"]
        case = {"contender": contender, "case": shape.name, "steps": list(lengths)}
        case |= {"bytes": [peak["bytes"] for peak in peaks], "growth_bytes": growth}
        result.append(case | {"input_growth_bytes": inputs})
        progress(
            f"memory, T {lengths[0]} to {lengths[-1]}, {contender}, {shape.name}: grows by "
            f"{growth / 2**20:.1f} MiB, its input by {inputs / 2**20:.1f} MiB"
        )
    return result


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    print(json.dumps(peak_of(asked["contender"], Shape(**asked["shape"]))))
