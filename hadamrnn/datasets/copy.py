"""The copy task: remember ten symbols across T steps (Hochreiter & Schmidhuber 1997).

A message of ten symbols out of eight is shown, then blanks, then a marker at step T - 10 together
with which the recall begins. With T = 20 and a shorter message it reads

    input    m m m m m m m m m m > . . . . . . . . .       . blank 0, m symbol 1 to 8, > marker 9
    target   . . . . . . . . . . m m m m m m m m m m

Predicting blanks, then a uniform guess, costs 10 ln(8) / T in cross-entropy: 0.0208 at T = 1000.
"""

import numpy as np

from hadamrnn.datasets.common import splits
from hadamrnn.errors import HadamrnnError
from hadamrnn.prepared import arrays as prepared
from hadamrnn.prepared.copy_task import BLANK, MARKER, MESSAGE, SYMBOLS, expand_copy

DEFAULTS = {
    "steps": 1000,
    "train_sequences": 512_000,
    "valid_sequences": 2_000,
    "test_sequences": 2_000,
    "data_seed": 0,
}


def draw(generator, sequences):
    """Uniform messages: (sequences, 10) uint8 in 1..8, from a numpy Generator."""
    return generator.integers(1, SYMBOLS + 1, size=(sequences, MESSAGE), dtype=np.uint8)


def prepare(folder, settings):
    """Draw the messages of each split from its own stream and write them, unexpanded.

    folder : written to; settings : mapping with any of steps (T >= 20), train_sequences,
    valid_sequences, test_sequences, data_seed. Raises HadamrnnError for a wrong setting.
    """
    chosen = splits.read_settings("copy", DEFAULTS, settings)
    steps = chosen["steps"]
    # Refuses too few steps before any work.
    expand_copy(np.empty((0, MESSAGE), dtype=np.uint8), steps)
    counts = {split: chosen[f"{split}_sequences"] for split in prepared.SPLITS}
    if min(counts.values()) < 1:
        raise HadamrnnError(f"copy: every split must have at least one sequence; got {counts}")
    streams = np.random.SeedSequence(chosen["data_seed"]).spawn(len(prepared.SPLITS))
    messages = {
        split: draw(np.random.Generator(np.random.PCG64(stream)), counts[split])
        for split, stream in zip(prepared.SPLITS, streams, strict=True)
    }
    arrays = {f"{split}_messages": drawn for split, drawn in messages.items()}
    splits.write(folder, arrays, _card(chosen, messages))


def _shared(train, other):
    """How many rows of ``other`` also occur in ``train``."""
    weights = (SYMBOLS ** np.arange(MESSAGE)).astype(np.int64)
    return int(np.isin((other - 1) @ weights, (train - 1) @ weights).sum())


def _card(chosen, messages):
    steps, train = chosen["steps"], messages["train"]
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
        "settings": chosen,
        "shared_with_train": {s: _shared(train, messages[s]) for s in ("valid", "test")},
        "class_counts": class_counts,
        "input": {"kind": "symbol", "size": MARKER + 1, "scale": 1.0, "offset": 0.0},
        "output": {
            "size": SYMBOLS + 1,
            "names": ["blank", *(f"symbol {i}" for i in range(1, SYMBOLS + 1))],
            "per_step": True,
        },
        "steps": steps,
    }
