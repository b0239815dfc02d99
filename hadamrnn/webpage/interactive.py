"""Accuracy against bytes or operations, to be explored: the one chart of a page with a script.

Vega stands in the page, which so opens from disk without a network. Its controls are those of
forms, for the keyboard too; every point is also in a table below the chart.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import altair
import vl_convert

from hadamrnn.webpage import charts, parts

OWN, RECORDED, OTHERS, SEARCHED = (
    "runs here, test set",
    "recorded, test set",
    "recorded, other models",
    "hadamrnn tune, validation rows",
)
KINDS = {
    OWN: ("#d55e00", "diamond"),
    RECORDED: ("#0072b2", "circle"),
    OTHERS: ("#009e73", "triangle-up"),
    SEARCHED: ("#777777", "cross"),
}
"""Colour and shape of marks."""
OPERATIONS = ("additions", "multiplications", "shifts")
"""What counts as an operation of a step, of ``operations_per_step``."""
NOTICE = (
    "<!-- Vega, Vega-Lite, Vega-Embed (https://vega.github.io): BSD-3-Clause, University of "
    "Washington Interactive Data Lab -->"
)
START = (
    'vegaEmbed("#explore",%s,{actions:false,renderer:"svg",tooltip:{theme:'
    'matchMedia("(prefers-color-scheme: dark)").matches?"dark":"light"}})'
)


@dataclass(frozen=True)
class Mark:
    """A point of the chart.

    Parameters
    ----------
    name : str
        What reached it.
    benchmark : str
    kind : str
        One of KINDS.
    accuracy : float
        In percent.
    bytes : int
        Above 0.
    operations : int or None
        Of a step; None where they are not known.
    """

    name: str
    benchmark: str
    kind: str
    accuracy: float
    bytes: int
    operations: int | None = None


def chart(marks: Sequence[Mark]) -> str:
    """The chart and its table.

    Parameters
    ----------
    marks : sequence of Mark
        One or more. Of several benchmarks one is shown, chosen from a list.

    Returns
    -------
    str
        HTML with scripts. A page holds one such chart.
    """
    description = json.dumps(_description(marks), separators=(",", ":")).replace("</", "<\\/")
    rows = [
        (
            m.name,
            m.kind,
            f"{m.accuracy:.2f}",
            f"{m.bytes:,}",
            f"{m.operations:,}" if m.operations else "",
        )
        for m in sorted(marks, key=lambda mark: (mark.benchmark, mark.bytes))
    ]
    header = ("run", "what", "accuracy, %", "bytes", "operations of a step")
    return (
        f'<div id="explore"></div>{NOTICE}<script type="module">{_library()}</script>'
        f'<script type="module">{START % description}</script>'
        f"<details><summary>The points as a table</summary>{parts.table(header, rows)}</details>"
    )


@cache
def _library() -> str:
    return vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed")


def _description(marks: Sequence[Mark]) -> dict[str, Any]:
    """Of vega-lite."""
    counted = Counter(mark.benchmark for mark in marks)
    benchmarks, first = list(counted), counted.most_common(1)[0][0]
    against = altair.param(
        name="against",
        value="bytes",
        bind=altair.binding_radio(
            options=["bytes", "operations"],
            labels=["bytes of the file", "operations of a step"],
            name="Against",
        ),
    )
    lowest = altair.param(
        name="lowest",
        value=0,
        bind=altair.binding_range(min=0, max=99, step=1, name="From, %"),
    )
    benchmark = altair.param(
        name="benchmark",
        value=first,
        bind=altair.binding_select(options=benchmarks, name="Benchmark"),
    )
    kinds = altair.selection_point(name="kinds", fields=["kind"], bind="legend")
    colours, shapes = zip(*KINDS.values(), strict=True)
    rows = altair.InlineData(values=[asdict(mark) for mark in marks])
    made = (
        altair.Chart(rows, width="container", height=320)
        .mark_point(filled=True, size=90)
        .transform_calculate(size="datum[against]")
        .transform_filter("datum.benchmark == benchmark")
        .transform_filter("datum.accuracy >= lowest && datum.size > 0")
        .encode(
            x=altair.X("size:Q", title=None, scale=altair.Scale(type="log")),
            y=altair.Y("accuracy:Q", title="accuracy, %", scale=altair.Scale(zero=False)),
            color=altair.Color(
                "kind:N",
                title=None,
                scale=altair.Scale(domain=[*KINDS], range=[*colours]),
            ),
            shape=altair.Shape(
                "kind:N",
                title=None,
                scale=altair.Scale(domain=[*KINDS], range=[*shapes]),
            ),
            opacity=altair.condition(kinds, altair.value(0.85), altair.value(0.05)),
            tooltip=[
                altair.Tooltip("name:N"),
                altair.Tooltip("accuracy:Q", format=".2f"),
                altair.Tooltip("bytes:Q", format=","),
                altair.Tooltip("operations:Q", format=","),
            ],
        )
        .add_params(against, lowest, kinds, *([benchmark] if len(benchmarks) > 1 else []))
    )
    legend = charts.CONFIG["legend"] | {"columns": 2, "symbolSize": 90}
    found: dict[str, Any] = made.to_dict() | {"config": charts.CONFIG | {"legend": legend}}
    if len(benchmarks) == 1:
        found["params"] = [*found["params"], {"name": "benchmark", "value": first}]
    return found
