"""docs/reference/peers.md: recurrent networks of others on the same processors, from peers.json."""

from typing import Any

HEAD = """\
# Beside its peers

One step of a recurrent network with {inputs} inputs and random weights, without a read-out: what
is compared is cost, not accuracy. CMSIS-NN's LSTM runs layers of TensorFlow Lite in 8 bits,
EdgeML's FastGRNN is its fastest form (16 bits, shifts, unrolled loops, no tables), LiteRT's LSTM is
TensorFlow Lite's operator of 8 bits as PyPI's package has it. The first two are compiled like ours,
a runtime for one model: `-O2` for microcontrollers and `-O3 -march=native` for this computer.
Instructions are those of QEMU; flash and RAM are beyond an empty program, without the stack;
nanoseconds are processor time of one thread, medians of seven rounds that alternate ({cpu},
which was also running other jobs).

| network | units | Cortex-M3, instructions | Cortex-M4 | flash, bytes | RAM, bytes | computer, ns |
| --- | --- | --- | --- | --- | --- | --- |
"""
TAIL = """
On an ATmega2560 a step takes {ours:,} cycles with 64 units of ours, {theirs:,} with {units} units
of FastGRNN. Flash and RAM are those of the Cortex-M3; on a Cortex-M4 ours takes {flash:,} bytes of
flash with 64 units.

```console
git clone https://github.com/ARM-software/CMSIS-NN
git clone https://github.com/microsoft/EdgeML
pip install ai-edge-litert
python -m benchmarks.targets.peers --cmsis-nn CMSIS-NN --edgeml EdgeML --litert
python -m docs.generators
```
"""
FIRST, SECOND, SMALL = "Cortex-M3", "Cortex-M4", "ATmega2560"


def _row(row: dict[str, Any]) -> str:
    cells = ["", "", "", ""]
    if FIRST in row:
        m3, m4 = row[FIRST], row[SECOND]
        counts = (m3["step"], m4["step"], m3["flash_bytes"], m3["ram_bytes"])
        cells = [f"{count:,}" for count in counts]
    ns = f"{row['here_ns']:,}"
    return " | ".join([f"| {row['name']}", str(row["size"]), *cells, ns]) + " |\n"


def page(found: dict[str, Any]) -> str:
    """The page.

    Parameters
    ----------
    found : dict
        results/peers.json, as ``benchmarks.targets.peers.table`` makes it.

    Returns
    -------
    str
        Markdown.
    """
    ours, theirs = (row for row in found["rows"] if SMALL in row)
    tail = TAIL.format(
        ours=ours[SMALL]["step"],
        theirs=theirs[SMALL]["step"],
        units=theirs["size"],
        flash=ours[SECOND]["flash_bytes"],
    )
    head = HEAD.format(inputs=found["inputs"], cpu=found["machine"]["cpu"])
    return head + "".join(map(_row, found["rows"])) + tail
