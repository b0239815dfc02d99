"""Texts as sequences of ids of one length: id 0 is padding, a text too long loses its front."""

import numpy as np

PADDING = 0


def fixed_length(sequences, steps):
    """Ids of all sequences, padded and cut at the front: (n, steps) uint16.

    sequences : n lists of ids in 0..65535; steps : T. The last T ids of a sequence are kept, so
    that the end of a text is always the end of its row.

    >>> fixed_length([[5, 6], [1, 2, 3, 4]], 3).tolist()
    [[0, 5, 6], [2, 3, 4]]
    """
    rows = np.full((len(sequences), steps), PADDING, dtype=np.uint16)
    for row, ids in zip(rows, sequences, strict=True):
        kept = ids[-steps:]
        if len(kept):
            row[-len(kept) :] = kept
    return rows


def lengths(rows):
    """How many ids of each row are no padding: shares of rows by length for the card.

    rows : (n, T) ids. Returns {"mean": float rounded to 0.01, "longest": int, "full": int}, where
    full counts the rows without any padding.

    >>> lengths(np.array([[0, 0, 7], [1, 2, 3]]))
    {'mean': 2.0, 'longest': 3, 'full': 1}
    """
    used = np.count_nonzero(rows, axis=1)
    full = int((used == rows.shape[1]).sum())
    return {"mean": round(float(used.mean()), 2), "longest": int(used.max()), "full": full}
