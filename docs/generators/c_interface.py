"""docs/reference/c-interface.md from the comments and declarations of hadamrnn.h and _stream.h."""

import re

INTRODUCTION = """\
# C interface

What `hadamrnn.h` and `hadamrnn_stream.h` declare, and what the header of a model defines.
`hadamrnn firmware FILE FOLDER` writes all three; [the device guide](../guides/device.md) and
[streams](../guides/streams.md) show them at work.

This page is written by `python -m docs.generators` from the two headers.
"""
MODEL_HEADER = """\
## A model's header

Every name begins with that of the model, here har2. Include it in one C file.

| name | meaning |
| --- | --- |
| `har2_model` | the model, for the functions above |
| `HAR2_STATE(state)` | declares the memory of one sequence as static variables, ready to use |
| `HAR2_HIDDEN_SIZE`, `HAR2_INPUT_SIZE`, `HAR2_OUTPUT_SIZE` | d, features or symbols, classes |
| `HAR2_MAX_STEPS` | most steps of a sequence that is read out by its mean |
| `HAR2_INPUT_MIN`, `HAR2_INPUT_MAX` | range of an input |
| `HAR2_INPUT_SCALE`, `HAR2_INPUT_ZERO_POINT` | input = clip(round(real / scale) + zero point) |
| `HAR2_CHANNELS`, `HAR2_FRAME` | of a recording: channels, samples a step |
| `HAR2_UNITS`, `HAR2_OFFSETS` | reading = round((real - offset) / unit), of each channel |
| `HAR2_LOGIT_SCALE`, `HAR2_SUM_SHIFT` | real score of a logit, as `hr_logits` says |
| `HAR2_STATE_BYTES`, `HAR2_TABLE_BYTES` | memory of a sequence; tables in flash |
| `har2_class_names` | names of the classes, if `HAR2_CLASS_NAMES` is defined before |

Of a model with an embedding, `<NAME>_VECTOR_SIZE` is how many numbers a symbol stands for. Of a
model of numbers, `<NAME>_VALUE(logit, steps)` is an output as a double in the units of its target,
with `steps` the state's.
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


def _opening(header: str) -> tuple[list[str], list[str]]:
    """The words and the C at the top of a header."""
    opening = plain(header[header.index("/*") + 2 : header.index("*/")])
    usage = [line[4:] for line in opening if line.startswith("    ")]
    words = [line for line in opening[1:] if not line.startswith("    ")]
    text = re.sub("\n\n+", "\n\n", "\n".join(words[1:])).strip()
    return [text, ""], ["```c", *usage, "```", ""]


def _functions(header: str, last_type: str) -> list[str]:
    """The functions declared behind a type."""
    lines: list[str] = []
    for match in BLOCK.finditer(header[header.index(f"}} {last_type};") :]):
        code = " ".join(match["code"].split())
        name = re.search(r"(\w+)\(", code)
        assert name is not None
        lines += [
            f"### `{name[1]}`",
            "",
            "```c",
            code,
            "```",
            "",
            *_prose(match["comment"]),
            "",
        ]
    return lines


def _streams(header: str) -> list[str]:
    """The part of hadamrnn_stream.h."""
    words, usage = _opening(header)
    settings = _body(header, "hr_stream").split("\n\n")[0] + "\n"
    lines = ["## Streams", "", *words, *usage, *_functions(header, "hr_event")]
    lines += ["### `hr_stream`", "", "One recording: what is set before `hr_stream_start`.", ""]
    lines += _fields(settings, "field")
    lines += ["### `hr_event`", "", "What `hr_stream_push_input` tells of a step.", ""]
    return lines + _fields(_body(header, "hr_event"), "field")


def page(header: str, stream: str) -> str:
    """The page as Markdown.

    Parameters
    ----------
    header : str
        The text of hadamrnn.h.
    stream : str
        The text of hadamrnn_stream.h.

    Returns
    -------
    str
    """
    words, usage = _opening(header)
    lines = [INTRODUCTION, *words, *usage, "## Functions", ""]
    lines += _functions(header, "hr_state")
    lines += [MODEL_HEADER, "## Status codes", "", "`hr_status`, what every function returns.", ""]
    lines += _fields(_body(header, "hr_status"), "status")
    lines += ["## `hr_model`", "", "One model; the generated header defines it as a constant.", ""]
    lines += _fields(_body(header, "hr_model"), "field")
    lines += ["## `hr_state`", "", "One sequence in progress; the generated macro declares it.", ""]
    lines += _fields(_body(header, "hr_state"), "field")
    lines += _streams(stream)
    return "\n".join(lines).rstrip() + "\n"
