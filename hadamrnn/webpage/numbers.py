"""Parts of a page for answers that are numbers, and for groups known by their scores alone."""

import numpy as np

from hadamrnn.webpage import charts
from hadamrnn.webpage.parts import percent, table
from hadamrnn.webpage.results import Results

MOST_POINTS = 1000


def figure(results: Results) -> str:
    """Predicted numbers over actual ones."""
    pairs = np.array(results.confusion, dtype=np.float64)
    chosen = np.linspace(0, len(pairs) - 1, min(MOST_POINTS, len(pairs))).astype(np.int64)
    name = results.card["output"]["names"][0]
    drawn = charts.scatter("predicted over actual numbers", pairs[chosen], name)
    return f"<h2>Predicted and actual on the test set</h2>{drawn}"


def errors(results: Results) -> str:
    """Errors of the models, and of always giving the mean."""
    metrics = results.metrics
    rows = [
        (words, *(f"{part[key]:.4g}" for key in ("mae", "rmse", "r2")))
        for words, part in (
            ("integer model", metrics["integer"]),
            ("float model", metrics["float"]),
            ("always the mean", metrics["majority"]),
        )
        if part is not None
    ]
    return "<h2>Errors</h2>" + table(("", "mean absolute error", "RMSE", "R2"), rows)


def groups(results: Results) -> str:
    """What each person, or other group, of the test set gets, by metrics.json."""
    found = results.metrics.get("groups")
    if not found:
        return ""
    counted = "steps" if "steps" in next(iter(found.values())) else "sequences"
    measures = ("mae", "rmse") if results.of_numbers else ("accuracy",)
    words = ("mean absolute error", "RMSE") if results.of_numbers else measures
    rows = []
    for name, one in found.items():
        figures = (one[key] for key in measures)
        shown = (f"{v:.4g}" if results.of_numbers else percent(v) for v in figures)
        rows.append((name, *shown, f"{one[counted]:,}"))
    return "<h2>People and groups</h2>" + table(("person or group", *words, counted), rows)
