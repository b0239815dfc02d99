"""The copy task: remember ten symbols across T steps (Hochreiter & Schmidhuber 1997).

A message of ten symbols out of eight is shown, then blanks, then a marker at step T - 10 together
with which the recall begins. With T = 20 and a shorter message it reads

    input    m m m m m m m m m m > . . . . . . . . .       . blank 0, m symbol 1 to 8, > marker 9
    target   . . . . . . . . . . m m m m m m m m m m

Predicting blanks, then a uniform guess, costs 10 ln(8) / T in cross-entropy: 0.0208 at T = 1000.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic.dataclasses import dataclass

from hadamrnn import params
from hadamrnn.datasets.common import splits
from hadamrnn.params.rules import MOST_STEPS, Seed, whole
from hadamrnn.prepared import arrays as prepared
from hadamrnn.prepared.copy_task import BLANK, MARKER, MESSAGE, SYMBOLS

Sequences = Annotated[int, whole(1, 100_000_000)]


@dataclass(frozen=True, kw_only=True, config=params.CLOSED)
class Data(params.Data):
    """Settings: T, sequences of each split, and the seed that they are drawn from."""

    facts = params.Facts(symbols=True, per_step=True)

    steps: Annotated[int, whole(2 * MESSAGE, MOST_STEPS)] = 1000
    train_sequences: Sequences = 512_000
    valid_sequences: Sequences = 2_000
    test_sequences: Sequences = 2_000
    data_seed: Seed = 0


def draw(generator: np.random.Generator, sequences: int) -> np.ndarray:
    """Uniform messages.

    Parameters
    ----------
    generator : numpy.random.Generator
        Where the symbols come from.
    sequences : int
        How many.

    Returns
    -------
    (sequences, 10) uint8
        From 1 to 8.
    """
    return generator.integers(1, SYMBOLS + 1, size=(sequences, MESSAGE), dtype=np.uint8)


def prepare(folder: Path, settings: Data) -> None:
    """Draw the messages of each split from its own stream and write them, unexpanded.

    Parameters
    ----------
    folder : Path
        Written to.
    settings : Data
        From the section of params.yaml.
    """
    counts = {split: getattr(settings, f"{split}_sequences") for split in prepared.SPLITS}
    streams = np.random.SeedSequence(settings.data_seed).spawn(len(prepared.SPLITS))
    messages = {
        split: draw(np.random.Generator(np.random.PCG64(stream)), counts[split])
        for split, stream in zip(prepared.SPLITS, streams, strict=True)
    }
    arrays = {f"{split}_messages": drawn for split, drawn in messages.items()}
    splits.write(folder, arrays, _card(settings, messages))


def _shared(train: np.ndarray, other: np.ndarray) -> int:
    """How many rows of ``other`` also occur in ``train``."""
    weights = (SYMBOLS ** np.arange(MESSAGE)).astype(np.int64)
    return int(np.isin((other - 1) @ weights, (train - 1) @ weights).sum())


def _card(settings: Data, messages: dict[str, np.ndarray]) -> dict[str, Any]:
    steps, train = settings.steps, messages["train"]
    share = len(train) / SYMBOLS**MESSAGE
    class_counts = {}
    for split, drawn in messages.items():
        class_counts[split] = splits.class_counts(drawn, SYMBOLS + 1)
        class_counts[split][BLANK] = len(drawn) * (steps - MESSAGE)
    return {
        "layout": "copy",
        "title": f"Copy task, T = {steps}",
        "source": "generated here from data_seed",
        "licence": "none needed (random symbols)",
        "citation": "Hochreiter & Schmidhuber 1997, Long Short-Term Memory; layout of arXiv:"
        "2502.00047",
        "preprocessing": [
            "Each split is drawn from its own PCG64 stream, spawned from SeedSequence(data_seed), "
            "so that the size of one split does not change another.",
            f"Ten symbols (ids 1 to {SYMBOLS}) come first, the marker (id {MARKER}) at step T - 10 "
            "(counted from 0), blanks (id 0) elsewhere; the targets are blank but for the message "
            "in the last ten steps.",
            f"Splits are independent, not disjoint: a held-out message is one of the training "
            f"messages with a probability of at most {share:.3g} (their number over 8^10); "
            '"shared_with_train" counts those that are.',
        ],
        "settings": asdict(settings),
        "shared_with_train": {s: _shared(train, messages[s]) for s in ("valid", "test")},
        "class_counts": class_counts,
        "input": {"kind": "symbol", "size": MARKER + 1, "scale": 1.0, "offset": 0.0},
        "output": {
            "size": SYMBOLS + 1,
            "names": ["blank", *(str(i) for i in range(1, SYMBOLS + 1))],
            "per_step": True,
        },
        "steps": steps,
    }
