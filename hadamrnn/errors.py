"""The one error class that users are meant to read, and the warning beside it.

Every message is a single sentence of the form "place: rule; got value", so that whoever sees it
knows what to change. Command-line entry points print it without a traceback.
"""

import contextlib
import sys
from collections.abc import Iterator


class HadamrnnError(ValueError):
    """A value, file or environment that breaks a stated rule.

    >>> raise HadamrnnError("q: must be a positive integer; got 0")
    Traceback (most recent call last):
    ...
    hadamrnn.errors.HadamrnnError: q: must be a positive integer; got 0
    """


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
