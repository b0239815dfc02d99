"""Training steps of the recurrence on a CUDA device, beside cuDNN's networks and the step loop.

    python -m benchmarks.speed.gpu [--out results/gpu.json] [--rounds 5] [--seconds 0.2]
        [--only pmnist,copy] [--compile] [--profile] [--quick]

A step is forward, a sum of squares of what is read out, backward, and Adam on U, b and V (of
cuDNN's LSTM and RNN all of their weights). Contenders take turns, a turn is many steps between two
device events, and medians over rounds count. Before, values and gradients are compared with
float64, also with TF32 allowed and under autocast. Bounds: the bytes of the states at the rate of a
plain copy, and the multiply-adds at that of a large float32 product, both measured here. --compile
adds torch.compile, whose first step takes minutes. --quick: tiny shapes on any device, to see that
it runs.

It imports what needs torch, NumPy and the standard library alone, so that a machine without the
project's other packages can run it.
"""

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.gpu_accuracy import accuracy
from benchmarks.speed.gpu_problems import PROBLEMS, QUICK, Problem, build, inputs_of
from hadamrnn.models.classifier import HadamClassifier

OURS = "hadamrnn"


def training_step(
    model: nn.Module, x: Tensor, way: str
) -> tuple[Callable[[], object], dict[str, float]]:
    """(one step, what it took to prepare it) of a way: "eager", "compiled" or "graph"."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(parameters, lr=1e-4, capturable=x.is_cuda, foreach=True)
    start = time.perf_counter()
    forward = torch.compile(model, fullgraph=True) if way == "compiled" else model

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        forward(x).square().mean().backward()
        optimizer.step()

    if way != "graph":
        for _ in range(3):
            step()
        return step, {"first_seconds": time.perf_counter() - start}
    side = torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    optimizer.zero_grad(set_to_none=True)
    with torch.cuda.graph(graph):
        forward(x).square().mean().backward()
        optimizer.step()

    def replay(held: tuple[object, ...] = (model, x, optimizer)) -> None:
        graph.replay()  # on the memory of what is held

    return replay, {"first_seconds": time.perf_counter() - start}


def seconds_of(step: Callable[[], object], least: float, cuda: bool) -> float:
    """Seconds of one step, of as many as take ``least`` seconds together, by device events."""
    count = 1
    while True:
        if cuda:
            events = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
            events[0].record()
        start = time.perf_counter()
        for _ in range(count):
            step()
        if cuda:
            events[1].record()
            torch.cuda.synchronize()
            taken = events[0].elapsed_time(events[1]) / 1e3
        else:
            taken = time.perf_counter() - start
        if taken >= least or count >= 2000:
            return taken / count
        count = min(2000, max(2 * count, int(1.2 * least / max(taken / count, 1e-7))))


def ceilings(cuda: bool) -> dict[str, float]:
    """Bytes a second of a plain copy, read and written, and float32 multiply-adds a second."""
    device, size = ("cuda", 2**28) if cuda else ("cpu", 2**20)
    source = torch.rand(size, device=device)
    target = torch.empty_like(source)
    copied = seconds_of(lambda: target.copy_(source), 0.05, cuda)
    side = 8192 if cuda else 256
    a, b = torch.rand(2, side, side, device=device)
    multiplied = seconds_of(lambda: torch.mm(a, b), 0.05, cuda)
    return {"copy_bytes": 8 * size / copied, "multiply_adds": side**3 / multiplied}


def bounds(problem: Problem, rates: dict[str, float], device: str) -> dict[str, float]:
    """What a step must at least take: its multiply-adds, and one copy of all states' bytes."""
    model, x = build(OURS, problem, device), inputs_of(problem, OURS, device)
    model.rnn.backend = "powers" if problem.readout == "last" else "frame"
    with FlopCounterMode(display=False) as counter:
        model(x).sum().backward()
    multiply_adds = counter.get_total_flops() / 2
    states = problem.batch * problem.steps * problem.hidden_size * 4
    moved = 0 if problem.readout == "last" else states
    return {
        "multiply_adds": multiply_adds,
        "multiply_seconds": multiply_adds / rates["multiply_adds"],
        "states_bytes": states,
        "copy_seconds": 2 * moved / rates["copy_bytes"],
    }


def contenders_of(cuda: bool, compiled: bool) -> list[tuple[str, str]]:
    """(name, way) of all that are measured."""
    ways = ["eager", *(["compiled"] if compiled else []), *(["graph"] if cuda else [])]
    ours = [(OURS, way) for way in ways]
    return [*ours, ("lstm", "eager"), ("rnn", "eager"), ("step loop", "eager")]


def measure(problem: Problem, options: argparse.Namespace, rates: dict[str, float]) -> dict:
    """All contenders on one problem, for JSON."""
    device = "cuda" if options.cuda else "cpu"
    result: dict[str, Any] = {"problem": asdict(problem), "bounds": bounds(problem, rates, device)}
    steps, rows = {}, result.setdefault("contenders", {})
    for name, way in contenders_of(options.cuda, options.compile):
        key = f"{name}, {way}"
        try:
            model, x = build(name, problem, device), inputs_of(problem, name, device)
            if options.cuda:
                torch.cuda.synchronize()
                torch.cuda.empty_cache()
                torch.cuda.reset_peak_memory_stats()
                before = torch.cuda.memory_allocated()
            steps[key], rows[key] = training_step(model, x, way)
            if options.cuda:
                torch.cuda.synchronize()
                rows[key]["peak_bytes"] = torch.cuda.max_memory_allocated() - before
        except Exception as error:  # one that cannot run must not hide the others
            rows[key] = {"error": f"{type(error).__name__}: {str(error)[:300]}"}
    times: dict[str, list[float]] = {key: [] for key in steps}
    for turn in range(options.rounds):
        for key, step in steps.items():
            slow = key.startswith("step loop")
            if not slow or turn < 2:
                least = 0.0 if slow else options.seconds
                times[key].append(seconds_of(step, least, options.cuda))
    for key, turns in times.items():
        rows[key] |= {"seconds": statistics.median(turns), "rounds": turns}
    return result


def show(result: dict) -> None:
    """A few lines about one problem."""
    bound = result["bounds"]
    floor = max(bound["multiply_seconds"], bound["copy_seconds"])
    times = [row["seconds"] for row in result["contenders"].values() if "seconds" in row]
    print(
        f"{result['problem']['name']}: {bound['multiply_adds'] / 1e9:.2f} G multiply-adds, "
        f"bound {1e6 * floor:.0f} us"
    )
    for key, row in result["contenders"].items():
        if "error" in row:
            print(f"  {key:22} {row['error']}")
            continue
        print(
            f"  {key:22} {1e3 * row['seconds']:9.3f} ms  x {row['seconds'] / min(times):7.1f}  "
            f"bound x {row['seconds'] / floor:6.1f}  {row.get('peak_bytes', 0) / 2**20:8.1f} MiB  "
            f"first {row['first_seconds']:5.1f} s",
            flush=True,
        )


def trains(device: str) -> dict[str, Any]:
    """Loss of a small copy task before and after 300 steps on the device."""
    torch.manual_seed(0)
    model = HadamClassifier(10, 128, 9, per_step=True).to(device)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=2e-3)
    losses = []
    for _ in range(300):
        ids = torch.zeros(64, 50, dtype=torch.long, device=device)
        ids[:, :5] = torch.randint(1, 9, (64, 5), device=device)
        ids[:, 44] = 9
        wanted = torch.zeros_like(ids)
        wanted[:, 45:] = ids[:, :5]
        loss = nn.functional.cross_entropy(model(ids).flatten(0, 1), wanted.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    return {"first": float(losses[0]), "last": float(losses[-1])}


def kernels(problem: Problem, device: str) -> str:
    """The kernels of an eager step that take most time, as torch's profiler prints them."""
    step, _ = training_step(build(OURS, problem, device), inputs_of(problem, OURS, device), "eager")
    activities = [getattr(torch.profiler.ProfilerActivity, "CUDA" if device == "cuda" else "CPU")]
    with torch.profiler.profile(activities=activities) as profile:
        for _ in range(5):
            step()
        if device == "cuda":
            torch.cuda.synchronize()
    rows = sorted(profile.key_averages(), key=lambda row: -row.self_device_time_total)[:12]
    lines = [
        f"{row.self_device_time_total / 5:9.0f} us {row.count // 5:4} {row.key[:90]}"
        for row in rows
    ]
    return "\n".join(lines)


def machine(cuda: bool) -> dict[str, Any]:
    """What measured."""
    found = {"torch": torch.__version__, "python": platform.python_version()}
    if cuda:
        properties = torch.cuda.get_device_properties(0)
        found |= {"gpu": properties.name, "gpu_bytes": properties.total_memory}
        found |= {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    return found | {"cores": os.cpu_count()}


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("results/gpu.json"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.2, help="of one turn, at least")
    parser.add_argument("--only", default="", help="names of problems, all where empty")
    parser.add_argument("--compile", action="store_true", help="this project with torch.compile")
    parser.add_argument("--profile", action="store_true", help="the kernels that take most time")
    parser.add_argument("--quick", action="store_true", help="tiny shapes: does it run?")
    options = parser.parse_args(arguments)
    options.cuda = torch.cuda.is_available()
    if not options.cuda and not options.quick:
        parser.error("needs a CUDA device; got none (--quick runs anywhere)")
    results: dict[str, Any] = {"machine": machine(options.cuda), "quick": options.quick}
    results["accuracy"] = accuracy("cuda" if options.cuda else "cpu", options.quick)
    results["ceilings"] = rates = ceilings(options.cuda)
    results["trains"] = trains("cuda" if options.cuda else "cpu")
    print(json.dumps({key: results[key] for key in ("machine", "ceilings", "trains")}, indent=1))
    problems = results.setdefault("problems", {})
    chosen = options.only.split(",") if options.only else [p.name for p in PROBLEMS]
    for problem in QUICK if options.quick else PROBLEMS:
        if problem.name not in chosen:
            continue
        problems[problem.name] = measure(problem, options, rates)
        show(problems[problem.name])
        if options.profile:
            print(kernels(problem, "cuda" if options.cuda else "cpu"), flush=True)
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
