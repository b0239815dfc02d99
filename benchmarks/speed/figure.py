"""results/benchmarks.svg: one panel per topic, all scales logarithmic."""

from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.plots import save

LABELS = {
    "hadamrnn": ("this project", "#d55e00"),
    "dense_step_loop": ("dense step loop", "#4d4d4d"),
    "dense_step_loop_unbound": ("the loop, inputs unbound", "#999999"),
    "lstm": ("torch LSTM", "#0072b2"),
    "rnn": ("torch RNN", "#56b4e9"),
    "diagonal": ("diagonal (S4D), FFT", "#e69f00"),
    "c_12_bit": ("C, 12-bit states", "#d55e00"),
    "c_8_bit": ("C, 8-bit states", "#cc79a7"),
    "torch_lstm": ("torch LSTM", "#0072b2"),
    "onnxruntime_lstm": ("onnxruntime LSTM", "#009e73"),
}


def _bars(axes, groups, unit):
    """groups : {group: {key of LABELS: height}}; every bar carries its value."""
    keys = list(dict.fromkeys(key for group in groups.values() for key in group))
    width = 0.85 / len(keys)
    for k, key in enumerate(keys):
        label, colour = LABELS[key]
        present = [(i, group[key]) for i, group in enumerate(groups.values()) if key in group]
        places = [i + (k - (len(keys) - 1) / 2) * width for i, _ in present]
        heights = [max(height, 1e-9) for _, height in present]
        bars = axes.bar(places, heights, width, label=label, color=colour)
        texts = [f"{height:.3g}" for height in heights]
        axes.bar_label(bars, texts, fontsize=6, rotation=90, padding=2)
    axes.set_yscale("log")
    axes.set_xticks(range(len(groups)), list(groups))
    axes.set_ylabel(unit)
    sizes = [height for group in groups.values() for height in group.values() if height > 0]
    low, high = min(sizes) / 3, max(sizes)
    axes.set_ylim(low, high * (high / low) ** 0.3)  # room for the values and the legend
    axes.legend(fontsize=7, ncols=2, loc="upper right")


def _speed(axes, results):
    groups = {
        shape: {name: 1e3 * c["seconds"] for name, c in numbers["contenders"].items()}
        for shape, numbers in results["speed"].items()
    }
    _bars(axes, groups, "ms per training step")
    axes.set_title("Training step: forward, loss, backward, Adam")


def _memory(axes, results):
    groups = {
        shape: {name: peak["bytes"] / 2**20 for name, peak in peaks.items()}
        for shape, peaks in results["memory"]["steps"].items()
    }
    _bars(axes, groups, "MiB above imports and data")
    axes.set_title("Peak memory of a training step")


def _memory_growth(axes, results):
    cases = results["memory"]["growth"]
    rows = range(len(cases))
    for column, name in enumerate(("measured", "its input alone")):
        keys = ("growth_bytes", "input_growth_bytes")[column]
        sizes = [max(case[keys], 0) / 2**20 for case in cases]
        places = [row + 0.4 * column - 0.2 for row in rows]
        colour = ("#4d4d4d", "#bbbbbb")[column]
        bars = axes.barh(places, sizes, 0.38, label=name, color=colour)
        axes.bar_label(bars, [f"{size:.1f}" for size in sizes], fontsize=7, padding=2)
    names = [f"{LABELS[case['contender']][0]}:\n{case['case']}" for case in cases]
    axes.set_yticks(rows, names, fontsize=7)
    axes.invert_yaxis()
    axes.set_xscale("symlog", linthresh=1)
    axes.set_xlim(0, axes.get_xlim()[1] * 4)
    first, last = cases[0]["steps"]
    axes.set_xlabel("MiB")
    axes.set_title(f"Growth of the peak from T = {first:,} to {last:,}")
    axes.legend(fontsize=7)


def _latency(axes, results):
    groups = {}
    for shape, numbers in results["latency"].items():
        name = f"{shape}\nd = {numbers['hidden_size']}, T = {numbers['steps']}"
        groups[name] = {key: times["step_us"] for key, times in numbers["runtimes"].items()}
    _bars(axes, groups, "µs per step")
    for i, numbers in enumerate(results["latency"].values()):
        bounds = [t["bound_us"] for t in numbers["runtimes"].values() if "bound_us" in t]
        for bound in sorted(set(bounds)):
            axes.plot((i - 0.43, i), (bound, bound), "k--", lw=1)
            axes.set_ylim(bottom=min(bound / 2, axes.get_ylim()[0]))
    axes.set_title("Inference, one sequence, one thread (dashed: bounds of C)")


def draw(results: dict, folder: Path) -> None:
    """Write benchmarks.svg of what ``results`` holds into ``folder``."""
    panels = {
        _speed: "speed" in results,
        _memory: "memory" in results,
        _memory_growth: "memory" in results,
        _latency: "latency" in results,
    }
    figure = Figure(figsize=(13, 9.5), layout="constrained")
    grid = figure.subplots(2, 2)
    for axes, (panel, there) in zip(grid.flat, panels.items(), strict=True):
        if there:
            panel(axes, results)
        else:
            axes.set_visible(False)
    about = next(iter(results["conditions"].values()))
    machine = about["machine"]
    title = f"{machine['cpu']}, {machine['cores']} cores, torch {machine['versions']['torch']}"
    figure.suptitle(title + (" (QUICK RUN: numbers mean nothing)" if about["quick"] else ""))
    save(figure, folder, "benchmarks")
