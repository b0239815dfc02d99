"""Values set in a section of params.yaml, in its text: comments and order stay as they are."""

from collections.abc import Mapping
from typing import Any

from hadamrnn.errors import HadamrnnError

COMMENTS = 38
"""Column of the comments of params.yaml."""


def with_values(text: str, name: str, values: Mapping[str, Any]) -> str:
    """params.yaml with keys of a benchmark's section set.

    Parameters
    ----------
    text : str
        Of params.yaml, a right one.
    name : str
        Of the benchmark.
    values : mapping
        By key of its section: text, numbers, None. A key that the section lacks comes first.

    Returns
    -------
    str

    Raises
    ------
    HadamrnnError
        Where the section is not written in lines of its own.

    Examples
    --------
    >>> print(with_values("benchmark:\\n  a:\\n    q: 1  # blocks\\n", "a", {"q": 4, "fade": None}))
    benchmark:
      a:
        fade: null
        q: 4                              # blocks
    <BLANKLINE>
    """
    import yaml

    def entries(node: Any) -> dict[str, Any]:
        return {key.value: (key, value) for key, value in node.value}

    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    head, section = entries(entries(root)["benchmark"][1])[name]
    if section.flow_style or section.start_mark.line == head.start_mark.line:
        raise HadamrnnError(f"benchmark.{name}: must be written in lines of its own; got one line")
    lines, present = text.splitlines(keepends=True), entries(section)
    indent = " " * section.start_mark.column
    for key, value in values.items():
        if key in present:
            _, node = present[key]
            number, end = node.start_mark.line, node.end_mark
            rest = lines[number][end.column :] if end.line == number else ""
            lines[number] = _line(lines[number][: node.start_mark.column] + _flow(value), rest)
    new = [
        f"{indent}{key}: {_flow(value)}\n" for key, value in values.items() if key not in present
    ]
    place = section.start_mark.line
    return "".join([*lines[:place], *new, *lines[place:]])


def _line(start: str, rest: str) -> str:
    """A key and its value, and what stood behind the older value, its comment where it was."""
    comment = rest.strip()
    return f"{start:<{COMMENTS - 1}} {comment}\n" if comment else f"{start}\n"


def _flow(value: Any) -> str:
    return "null" if value is None else str(value)
