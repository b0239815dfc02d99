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
        One line a model, one of what guessing gives, and one of what C and ONNX say.
    """
    name = score.replace("_", " ")
    for model in ("float", "integer"):
        part = metrics[model]
        if part is not None:
            yield (
                f"{benchmark}, {model} model: {name} {100 * part[score]:.2f} %, "
                f"cross-entropy {part['cross_entropy']:.4g}"
            )
    share = metrics["majority"][score]
    yield f"{benchmark}, always the most frequent class: {name} {100 * share:.2f} %"
    parity = metrics["parity"]
    if parity is not None:
        yield (
            f"{benchmark}: C differs from the integer model in {parity['c_mismatches']} of "
            f"{parity['sequences']:,} sequences, ONNX from the float model in "
            f"{parity['onnx_mismatches']} of {parity['onnx_sequences']:,}"
        )
