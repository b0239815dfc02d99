"""A packed file to a model that runs as fast as this computer can."""

from pathlib import Path

from hadamrnn.integer import packed
from hadamrnn.integer.compiled import with_engine
from hadamrnn.integer.model import IntegerModel


def load(path: str | Path, engine: str = "auto") -> IntegerModel:
    """Read a packed model: ``load("exports/har2/model.hrnn").predict(inputs)``.

    Parameters
    ----------
    path : str or Path
        A file of format 1 or 2.
    engine : str
        What runs it, with the same answers bit for bit: "numpy", the definition; "c", the project's
        C runtime, compiled once for this computer and kept; "auto", C where a compiler is, or has
        been, at hand, else NumPy. ``IntegerModel.engine`` says which; with "auto" nothing is
        compiled before the model first runs.

    Returns
    -------
    IntegerModel
        Intact and proven.

    Raises
    ------
    HadamrnnError
        For anything else, naming the file and the rule; for another engine, or "c" where C cannot
        be compiled.
    """
    return with_engine(packed.read(path), engine)
