"""The one error class that users are meant to read, and the warning beside it.

Every message is a single sentence of the form "place: rule; got value", so that whoever sees it
knows what to change. Command-line entry points print it without a traceback.
"""

import contextlib
import sys
from collections.abc import Iterator


class HadamrnnError(ValueError):
    r"""A value, file or environment that breaks a stated rule.

    Parameters
    ----------
    message : str
        The sentence. What cannot be printed on one line, as names from a damaged file may hold, is
        written as Python writes it.

    Examples
    --------
    >>> str(HadamrnnError("log.csv: must have a column x; got a\vb"))
    'log.csv: must have a column x; got a\\x0bb'
    >>> raise HadamrnnError("q: must be a positive integer; got 0")
    Traceback (most recent call last):
    ...
    hadamrnn.errors.HadamrnnError: q: must be a positive integer; got 0
    """

    def __init__(self, message: str) -> None:
        if not message.isprintable():
            message = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)
        super().__init__(message)


class HadamrnnWarning(UserWarning):
    """What was asked for is done, but probably not what was meant."""


@contextlib.contextmanager
def as_sentences() -> Iterator[None]:
    """Around a program's work: a HadamrnnError ends it with its sentence and exit status 1.

    So does a file that cannot be read or written where nothing else says more about it.
    """
    try:
        yield
    except HadamrnnError as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None:
            raise
        sys.exit(f"error: {error.filename}: must be usable; got {error.strerror}")
