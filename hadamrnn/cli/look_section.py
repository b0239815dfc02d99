"""What ``hadamrnn new`` found as a section of params.yaml, with comments."""

from typing import Any

from hadamrnn.cli.look import Found

HEADING = object()
"""In place of a value: a mapping follows."""


def section(name: str, found: Found) -> str:
    """The section of params.yaml, with comments.

    Parameters
    ----------
    name : str
        Of the benchmark.
    found : Found
        What it is made of.

    Returns
    -------
    str
        Lines indented to stand under ``benchmark:``.
    """
    recipe, data = found.recipe, found.data
    why = {
        "hidden_size": "auto: 256; hadamrnn tune looks for less",
        "readout": "auto: log_mean or last, by a short trial",
        "fade": "auto: an eighth of a sequence is remembered, or all",
        "batch_size": "auto: 16, or 32 where sequences are many",
        "epochs": "auto: 30, or what makes 2,000 optimizer steps",
        "learning_rate": "auto: 0.005",
        "select": "auto: the last epoch, or by the loss of many rows",
        "train_on_validation": "auto: after the trials, without groups",
        "balanced": "every class equally often where some are rare",
    }
    rules = {
        "task": "classify, per_step or regress",
        "missing": "refuse, hold, interpolate or drop",
        "window": "readings of a window, and to the next one; null: no windows",
        "lengths": "mask: padding is not read; cut to the shortest, or pad",
        "frame": "readings of a step; auto: 1, more where sequences are long",
        "companding": "auto: where levels span more than a decade",
        "words": "ids in all; the frequent words of the training texts",
        "steps": "words kept of a text, its last",
        "split": "the others are trained on",
    }
    lines = [f"  {name}:"]
    for key, value in recipe.items():
        lines.append(_line(4, key, value, why.get(key)))
    lines.append("    data:")
    for key, value in data.items():
        if isinstance(value, dict):
            lines.append(_line(6, key, HEADING, rules.get(key)))
            lines += [_line(8, inner, part) for inner, part in value.items()]
        else:
            lines.append(_line(6, key, value, rules.get(key)))
    return "".join(f"{line}\n" for line in lines)


def _line(indent: int, key: str, value: Any, comment: str | None = None) -> str:
    """A key and its value, or with HEADING in its place the head of a mapping."""
    text = f"{' ' * indent}{key}:" + ("" if value is HEADING else f" {_flow(value)}")
    return text if comment is None else f"{text:<37} # {comment}"


def _flow(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")
