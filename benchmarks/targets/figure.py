"""results/devices.svg: time, flash and RAM of every model measured on a device.

    python -m benchmarks.targets.figure

Reads shipped/<benchmark>/device*.json, as stage device and benchmarks.targets.measure write them.
"""

import json
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.plots import COLOURS, HATCHES, save
from hadamrnn.errors import as_sentences
from hadamrnn.targets.processors import TARGETS

SHIPPED = Path("shipped")
PUBLISHED_MS = 9.21
"""FastGRNN, 16 hidden units, 3 inputs, one sample on an ATmega328P at 16 MHz, on HAPT: another
task. arXiv:2606.17249."""


def reports(folder: Path = SHIPPED) -> dict[str, dict]:
    """{label: {target: measured}} of all device files, without targets that were not run.

    Order: by benchmark, then the wider model first.
    """
    found = []
    for path in sorted(folder.glob("*/device*.json")):
        report = json.loads(path.read_text(encoding="utf-8"))
        size, bits = report["model"]["hidden_size"], report["model"]["activation_bits"]
        label = f"{path.parent.name}, d = {size}, {bits}-bit states"
        targets = {n: r for n, r in report["targets"].items() if "not_run" not in r}
        found.append(((path.parent.name, -size, bits), label, targets))
    return {label: targets for _, label, targets in sorted(found, key=lambda entry: entry[0])}


def _bars(axes, models, key, text, unit=None):
    """A group for each target, a bar for each model; ``unit``: only targets counted in it."""
    there = [entry for targets in models.values() for entry in targets.items()]
    wanted = {name for name, result in there if unit in (None, result["unit"])}
    names = [name for name in TARGETS if name in wanted]
    width = 0.8 / len(models)
    for k, (label, targets) in enumerate(models.items()):
        there = [(i, targets[name][key]) for i, name in enumerate(names) if name in targets]
        places = [i + (k - (len(models) - 1) / 2) * width for i, _ in there]
        values = [value for _, value in there]
        look = {"color": COLOURS[k], "hatch": HATCHES[k], "edgecolor": "white", "lw": 0.5}
        bars = axes.bar(places, values, width, label=label, **look)
        axes.bar_label(bars, [text(v) for v in values], fontsize=7, rotation=90, padding=2)
    axes.set_xticks(range(len(names)), names)
    axes.margins(y=0.3)


def _time(axes, models):
    _bars(axes, models, "ms_per_step", "{:.2f}".format, unit="cycles")
    axes.axhline(PUBLISHED_MS, color="#4d4d4d", ls="--", lw=1)
    text = (
        f"published, another task (HAPT): FastGRNN, 16 hidden units,\nATmega328P, {PUBLISHED_MS} ms"
    )
    axes.text(0.5, PUBLISHED_MS + 0.15, text, fontsize=7, ha="center", va="bottom")
    axes.set(
        ylim=(0, 1.25 * PUBLISHED_MS),
        ylabel="ms at 16 MHz",
        title="Time of one step, cycles of simavr",
    )


def draw(models: dict[str, dict], folder: Path = Path("results")) -> None:
    """Write devices.svg into ``folder``. models : as ``reports`` gives."""
    figure = Figure(figsize=(9.5, 7), layout="constrained")
    (time, instructions), (flash, ram) = figure.subplots(2, 2)
    _time(time, models)
    _bars(instructions, models, "step_median", "{:,}".format, unit="instructions")
    instructions.set(ylabel="instructions", title="Instructions of one step, QEMU")
    _bars(flash, models, "flash_bytes", "{:,}".format)
    flash.set(ylabel="bytes", title="Flash beyond start-up: code and weights")
    _bars(ram, models, "ram_bytes", "{:,}".format)
    ram.set(ylabel="bytes", title="RAM: variables and the deepest possible stack")
    for axes in (time, instructions, flash, ram):
        axes.tick_params(labelsize=7.5)
        axes.grid(axis="y", alpha=0.3, lw=0.5)
        axes.set_axisbelow(True)
    handles, labels = time.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(models), fontsize=8)
    save(figure, folder, "devices")


if __name__ == "__main__":
    with as_sentences():
        draw(reports())
