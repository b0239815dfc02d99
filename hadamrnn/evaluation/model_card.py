"""The model card: README.md of an exported model, in the form that Hugging Face's hub reads.

A header in YAML for programs (https://huggingface.co/docs/hub/model-cards), below it what people
need before they use the model: what it reads, what it answers and how well, what it costs, where it
comes from, and what was not tried.
"""

import re
from typing import Any

import numpy as np
import yaml

from hadamrnn.evaluation import card_answers
from hadamrnn.evaluation.card_answers import table
from hadamrnn.evaluation.card_facts import Facts
from hadamrnn.targets import costs
from hadamrnn.targets.processors import TARGETS

OPERATIONS = ("additions", "multiplications", "shifts")
OF_CLASSES = (
    "- It always answers one of its classes, also of what is none of them; `hadamrnn stream "
    "--reject` and `hr_stream` leave answers of small margins out."
)
OF_NUMBERS = "- It answers a number whatever it reads, also of readings unlike those of training."
SCORES = ("accuracy", "recalled_accuracy", "balanced_accuracy", "mae", "rmse", "r2")


def text(facts: Facts) -> str:
    """The card.

    Parameters
    ----------
    facts : Facts

    Returns
    -------
    str
        Markdown with a YAML header.
    """
    sections = (
        ("", f"{facts.card['title']}. {_kind(facts)}"),
        ("Readings", _readings(facts)),
        ("Answers", card_answers.answers(facts)),
        ("Cost", _cost(facts)),
        ("Use", _use(facts)),
        ("Limits", _limits(facts)),
        ("Origin", _origin(facts)),
    )
    body = "".join(
        f"\n## {title}\n\n{words}\n" if title else f"{words}\n" for title, words in sections
    )
    return f"---\n{_header(facts)}---\n\n# {facts.name}\n\n{body}"


def _header(facts: Facts) -> str:
    """What programs read."""
    measured = [
        {"type": key, "value": round(facts.scored[key], 6)} for key in SCORES if key in facts.scored
    ]
    slug = re.sub(r"[^a-z0-9.]+", "-", str(facts.card["licence"]).lower()).strip("-")
    task = "time-series-regression" if facts.score == "r2" else "sequence-classification"
    known = "cc-by-4.0" if slug == "cc-by-4.0" else "other"
    content: dict[str, Any] = {
        "license": known,
        **({} if known != "other" else {"license_name": slug[:60].strip("-") or "not-stated"}),
        "library_name": "hadamrnn",
        "tags": ["hadamrnn", task, "tinyml", "microcontroller"],
        "datasets": [facts.name],
        "metrics": [entry["type"] for entry in measured],
        "model-index": [
            {
                "name": facts.name,
                "results": [
                    {
                        "task": {"type": task},
                        "dataset": {
                            "name": facts.card["title"],
                            "type": facts.name,
                            "split": "test",
                        },
                        "metrics": measured,
                    }
                ],
            }
        ],
    }
    written: str = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    return written


def _kind(facts: Facts) -> str:
    if facts.model is None:
        return f"A baseline ({facts.parameters['model']}) in float32, without an integer form."
    model = facts.model
    fading = f", fading by 2^-{model.fade} a step" if model.fade else ""
    return (
        f"A HadamRNN of {model.hidden_size} states in blocks of {model.block_size}{fading}: its "
        "recurrent matrix is one sign a state, and all it computes are integers."
    )


def _readings(facts: Facts) -> str:
    card, model = facts.card, facts.model
    lengths = (
        f"up to {card['steps']:,}" if "test_lengths.npy" in card["shapes"] else f"{card['steps']:,}"
    )
    if card["input"]["kind"] == "symbol":
        words = "words and pieces" if "vocabulary" in card else "symbols"
        return f"Sequences of {lengths} ids below {card['input']['size']:,}, of {words}."
    channels = ", ".join(card.get("channels", [])) or f"{card['input']['size']} a step"
    lines = [f"Sequences of {lengths} steps of readings: {channels}."]
    recording = model.recording if model is not None else None
    if recording is not None:
        units = ", ".join(
            f"{unit:g}" + (f" from {offset:g}" if offset else "")
            for unit, offset in recording.units
        )
        lines.append(
            "The model takes readings as recorded; normalisation is part of it. As 16-bit integers "
            f"they are multiples of {units}."
        )
        if recording.rate_hz:
            lines.append(f"{recording.rate_hz:g} readings a second.")
        if recording.window:
            lines.append(f"A window of {recording.window} readings every {recording.hop}.")
    return " ".join(lines)


def _cost(facts: Facts) -> str:
    size, step = facts.metrics["size"], facts.metrics["operations_per_step"]
    length = size.get("packed_file_bytes", size["total_bytes"])
    operations = ", ".join(
        f"{value:,} {key.replace('_', ' ')}" for key, value in step.items() if key in OPERATIONS
    )
    found = f"{length:,} bytes. A step takes {operations}."
    if facts.model is None:
        return found
    rows = []
    for name, target in TARGETS.items():
        cost = costs.counted(name, facts.model, target.form)
        fits = "" if cost["ram_bytes"] <= target.ram_bytes else f" of {target.ram_bytes:,}"
        clock = target.clock_hz
        time = f" ({1000 * cost['step_median'] / clock:.2f} ms)" if clock else ""
        rows.append(
            (
                name,
                f"{cost['step_median']:,} {target.unit}{time}",
                f"{cost['flash_bytes']:,}",
                f"{cost['ram_bytes']:,}{fits}",
            )
        )
    header = ("target", "a step, counted", "flash, bytes", "RAM, bytes")
    return f"{found}\n\n{table(header, rows)}"


def _use(facts: Facts) -> str:
    if facts.model is None:
        return "With the project's code alone, as `hadamrnn.models.storage.load`."
    numbers = facts.model.numbers
    answer = "number" if numbers else "class"
    stream = "hadamrnn stream model.hrnn recording.csv     # events of a recording that goes on\n"
    return (
        "```sh\n"
        f"hadamrnn predict model.hrnn readings.npy     # a {answer} for each sequence\n"
        f"{'' if numbers else stream}"
        "hadamrnn firmware model.hrnn firmware        # C for a device\n"
        "```\n\n"
        "```python\n"
        "from hadamrnn import integer\n\n"
        f'{"numbers" if numbers else "classes"} = integer.load("model.hrnn").predict(readings)\n'
        "```\n\n"
        "`model.h` holds the same integers for C, `model.onnx` the float model."
    )


def _limits(facts: Facts) -> str:
    card = facts.card
    people = len(facts.metrics.get("groups", {}))
    of_people = f" of {people} {'people or groups' if people > 1 else 'person or group'}"
    lines = [
        f"- It was scored on {card['counts']['test']:,} sequences{of_people if people else ''}. "
        "Other recorders, places, units and rates were not tried.",
        OF_NUMBERS if facts.score == "r2" else OF_CLASSES,
        "- Scores are of sequences cut as above; what an endless recording gives is to be measured "
        "on one.",
    ]
    recording = facts.model.recording if facts.model is not None else None
    if recording is not None and card["input"]["kind"] == "dense":
        unit, offset = recording.unit, recording.offset
        low, high = float(np.max(offset - 32768 * unit)), float(np.min(offset + 32767 * unit))
        lines.append(f"- Readings are cut where they leave {low:g} to {high:g} in some channel.")
    return "\n".join(lines)


def _origin(facts: Facts) -> str:
    card = facts.card
    recording = facts.model.recording if facts.model is not None else None
    rows = [(key, card.get(key, "")) for key in ("source", "licence", "citation")]
    rows += [(f"{split} sequences", f"{count:,}") for split, count in card["counts"].items()]
    if facts.commit:
        rows.append(("commit of the code", facts.commit))
    if recording is not None:
        rows.append(("hash of the parameters", recording.parameters_hash.hex()))
        rows.append(("hash of the data", recording.data_hash.hex()))
    written = yaml.safe_dump(dict(facts.parameters), sort_keys=False, allow_unicode=True)
    return f"{table(('what', ''), rows)}\n\n```yaml\n{written}```"
