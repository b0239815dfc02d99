"""Finer classes: a model may tell apart more than it is asked, and merge its answers.

A class is then a group of finer ones (har2: two classes of three activities each). The score of a
class is the best score of its finer classes, so that the predicted class is that of the best finer
one: on a device, a look-up behind the argmax. A read-out that is linear for each finer class is
thereby convex piecewise linear for each class (maxout, arXiv:1302.4389).
"""

import numpy as np


def merge(logits, class_of, library=np):
    """Scores of the classes: the largest of their finer classes'.

    logits : (..., finer classes), NumPy array or, with ``library=torch``, tensor; class_of : the
    class id of every finer class, ids 0..classes-1 all in use; None returns ``logits``.

    >>> merge(np.array([[1.0, 5.0, 2.0]]), [0, 1, 0]).tolist()
    [[2.0, 5.0]]
    """
    if class_of is None:
        return logits
    members = [
        [finer for finer, group in enumerate(class_of) if group == label]
        for label in range(max(class_of) + 1)
    ]
    return library.stack([library.amax(logits[..., own], -1) for own in members], -1)
