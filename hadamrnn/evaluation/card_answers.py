"""What a model card says of the answers: scores, classes or errors, people and groups."""

from collections.abc import Iterable, Sequence

from hadamrnn.evaluation.card_facts import Facts
from hadamrnn.metrics import by_class

MOST_CLASSES = 100


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def answers(facts: Facts) -> str:
    """What the model answers, and how well, in Markdown.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    str
    """
    if facts.score == "r2":
        return _numbers(facts)
    metrics, names = facts.metrics, facts.card["output"]["names"]
    words = facts.score.replace("_", " ")
    per_step = facts.card["output"]["per_step"]
    lines = [
        f"One of {len(names)} classes{' at every step' if per_step else ''}. On the test set, "
        f"which chose nothing: {words} {_percent(facts.scored[facts.score])}, where always the "
        f"most frequent class gives {_percent(metrics['majority'][facts.score])}."
    ]
    if metrics["parity"]:
        parity = metrics["parity"]
        lines.append(
            f"The C code differs from the integer model in Python in {parity['c_mismatches']:,} of "
            f"{parity['sequences']:,} test sequences; the float model reaches "
            f"{_percent(metrics['float'][facts.score])}."
        )
    found = " ".join(lines)
    counted = f"test {'steps' if per_step else 'sequences'}"
    if facts.score == "accuracy" and len(names) <= MOST_CLASSES:
        rows = [
            (name, *(_percent(one[key]) for key in ("precision", "recall", "f1")), one["support"])
            for name, one in by_class(facts.predicted, facts.targets, names).items()
        ]
        found += "\n\n" + table(("class", "precision", "recall", "F1", counted), rows)
    if groups := metrics.get("groups"):
        key = "steps" if "steps" in next(iter(groups.values())) else "sequences"
        rows = [(n, _percent(g["accuracy"]), g[key]) for n, g in groups.items()]
        found += "\n\n" + table(("person or group", "accuracy", f"test {key}"), rows)
    return found


def _numbers(facts: Facts) -> str:
    """``answers`` of a model of numbers."""
    metrics = facts.metrics
    rows = [
        (name, *(f"{part[key]:.4g}" for key in ("mae", "rmse", "r2")))
        for name, part in (
            ("integer model", metrics["integer"]),
            ("float model", metrics["float"]),
            ("always the mean of the training rows", metrics["majority"]),
        )
        if part is not None
    ]
    header = ("on the test set, which chose nothing", "mean absolute error", "RMSE", "R2")
    found = f"The number {facts.card['output']['names'][0]}, in the units of its training rows."
    if metrics["parity"]:
        parity = metrics["parity"]
        found += (
            f" The C code differs from the integer model in Python in {parity['c_mismatches']:,} "
            f"of {parity['sequences']:,} test sequences."
        )
    found += "\n\n" + table(header, rows)
    if groups := metrics.get("groups"):
        cells = [
            (n, f"{g['mae']:.4g}", f"{g['rmse']:.4g}", g["sequences"]) for n, g in groups.items()
        ]
        header = ("person or group", "mean absolute error", "RMSE", "test sequences")
        found += "\n\n" + table(header, cells)
    return found
