"""metrics.json in a few lines for people."""

from collections.abc import Iterator, Mapping
from typing import Any


def lines(benchmark: str, metrics: Mapping[str, Any], score: str) -> Iterator[str]:
    """What stage evaluate prints.

    Parameters
    ----------
    benchmark : str
        Its name.
    metrics : mapping
        Content of metrics.json.
    score : str
        The benchmark's own measure (``metrics.own_score``).

    Yields
    ------
    str
        One line a model, one of what guessing gives, one for each class and group of own data, and
        one of what C and ONNX say.
    """
    score_name = score.replace("_", " ")
    for model in ("float", "integer"):
        part = metrics[model]
        if part is not None and score == "r2":
            yield f"{benchmark}, {model} model: {_errors(part)}"
        elif part is not None:
            yield (
                f"{benchmark}, {model} model: {score_name} {100 * part[score]:.2f} %, "
                f"cross-entropy {part['cross_entropy']:.4g}"
            )
    if score == "r2":
        yield f"{benchmark}, always the mean: {_errors(metrics['majority'])}"
    else:
        share = metrics["majority"][score]
        yield f"{benchmark}, always the most frequent class: {score_name} {100 * share:.2f} %"
    for name, part in metrics.get("classes", {}).items():
        yield (
            f"{benchmark}, class {name}: precision {100 * part['precision']:.2f} %, recall "
            f"{100 * part['recall']:.2f} %, F1 {100 * part['f1']:.2f} %, of {part['support']:,}"
        )
    for name, part in metrics.get("groups", {}).items():
        count = part.get("sequences", part.get("steps"))
        reached = (
            f"mean absolute error {part['mae']:.4g}"
            if score == "r2"
            else f"accuracy {100 * part['accuracy']:.2f} %"
        )
        yield f"{benchmark}, group {name}: {reached} of {count:,}"
    parity = metrics["parity"]
    if parity is not None:
        yield (
            f"{benchmark}: C differs from the integer model in {parity['c_mismatches']} of "
            f"{parity['sequences']:,} sequences, ONNX from the float model in "
            f"{parity['onnx_mismatches']} of {parity['onnx_sequences']:,}"
        )


def _errors(part: Mapping[str, float]) -> str:
    return (
        f"mean absolute error {part['mae']:.4g}, root mean squared error {part['rmse']:.4g}, "
        f"R2 {part['r2']:.3f}"
    )
