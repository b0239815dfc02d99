"""One thing that was looked at."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What was found, and the way out.

    Parameters
    ----------
    kind : str
        "ok"; "note", for what may be meant so; or "wrong".
    words : str
        One sentence.
    command : str
        What mends it; empty where nothing needs to be done.
    mend : callable, optional
        Does what can be done without asking: nothing is deleted that the pipeline, DVC or Git
        does not make again.
    """

    kind: Literal["ok", "note", "wrong"]
    words: str
    command: str = ""
    mend: Callable[[], None] | None = None

    def __str__(self) -> str:
        """A line for people."""
        way = f"; to mend it: {self.command}" if self.command else ""
        return f"{self.kind:6}{self.words}{way}"


MEND = "hadamrnn check --mend"
AND_REPRO = f"{MEND} && dvc repro"
