"""docs/reference/c-interface.md from the comments and declarations of hadamrnn.h."""

import re

INTRODUCTION = """\
# C interface

What `hadamrnn.h` declares; [the device guide](../guides/device.md) shows it at work.

This page is written by `python -m docs.generators` from `hadamrnn/runtime/hadamrnn.h`.
"""
BLOCK = re.compile(r"/\*(?P<comment>.*?)\*/\s*(?P<code>[^/#\s][^/]*?\);)", re.DOTALL)
ENTRY = re.compile(r" *(?P<code>[^;,/]+?)[;,]? *(?:/\* (?P<comment>.*?) \*/|\n)", re.DOTALL)


def plain(comment: str) -> list[str]:
    """The lines of a C comment without its stars.

    Examples
    --------
    >>> plain(" One.\\n * Two. ")
    ['One.', 'Two.']
    """
    return [re.sub(r"^ *\* ?", "", line).rstrip() for line in comment.strip().splitlines()]


def _prose(comment: str) -> list[str]:
    """A comment as Markdown: arguments (``name : text``) as a list, indented lines as code."""
    lines: list[str] = []
    for line in plain(comment):
        if match := re.match(r"^(\w+) : (.*)", line):
            lines += [] if lines[-1:] == [""] or _is_item(lines) else [""]
            lines.append(f"- `{match[1]}`: {match[2]}")
        elif line.startswith("Returns"):
            lines += ["", line]
        else:
            lines.append(f"  {line.strip()}" if _is_item(lines) else line)
    return lines


def _is_item(lines: list[str]) -> bool:
    return bool(lines) and lines[-1].startswith(("- ", "  "))


def _body(header: str, ending: str) -> str:
    """What stands between the braces that close with ``} ending;``."""
    end = header.index(f"}} {ending};")
    return header[header.rindex("{", 0, end) + 1 : end]


def _fields(body: str, first: str) -> list[str]:
    """A table of the members of a struct or an enum."""
    lines = [f"| {first} | meaning |", "| --- | --- |"]
    for match in ENTRY.finditer(body):
        code = " ".join(match["code"].split())
        words = " ".join(" ".join(plain(match["comment"] or "")).split())
        lines.append(f"| `{code}` | {words.replace('|', chr(92) + '|')} |")
    return [*lines, ""]


def page(header: str) -> str:
    """The page as Markdown.

    Parameters
    ----------
    header : str
        The text of hadamrnn.h.

    Returns
    -------
    str
    """
    opening = plain(header[header.index("/*") + 2 : header.index("*/")])
    usage = [line[4:] for line in opening if line.startswith("    ")]
    words = [line for line in opening[1:] if not line.startswith("    ")]
    text = re.sub("\n\n+", "\n\n", "\n".join(words[1:])).strip()
    lines = [INTRODUCTION, text, "", "```c", *usage, "```", "", "## Functions", ""]
    functions = header[header.index("} hr_state;") :]
    for match in BLOCK.finditer(functions):
        code = " ".join(match["code"].split())
        name = re.search(r"(\w+)\(", code)
        assert name is not None
        lines += [f"### `{name[1]}`", "", "```c", code, "```", "", *_prose(match["comment"]), ""]
    lines += ["## Status codes", "", "`hr_status`, what every function returns.", ""]
    lines += _fields(_body(header, "hr_status"), "status")
    lines += ["## `hr_model`", "", "One model; the generated header defines it as a constant.", ""]
    lines += _fields(_body(header, "hr_model"), "field")
    lines += ["## `hr_state`", "", "One sequence in progress; the generated macro declares it.", ""]
    lines += _fields(_body(header, "hr_state"), "field")
    return "\n".join(lines).rstrip() + "\n"
