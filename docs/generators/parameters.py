"""docs/reference/params.md: every key of params.yaml with its rule, shipped value and meaning.

Meanings are the comments of params.yaml. Rules are not written twice: each key is given a value
that no rule allows, and ``hadamrnn.params.check`` refuses it with a sentence that holds the rule.
"""

import copy
import re

import yaml

from hadamrnn import params
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError

INTRODUCTION = """\
# Parameters

Every key of [params.yaml](../../params.yaml). Set any of them for an experiment with
`dvc exp run -S key=value`, for example `dvc exp run -S q=4` or `dvc exp run -S train.epochs=10`. A
key that a benchmark's section does not have yet takes a plus sign in front:
`dvc exp run -S '+benchmark.pdigits.hidden_size=64'`. Numbers are written out, 0.001 in place of
1e-3, which YAML reads as text. A wrong key or value stops before any work, with one sentence that
names the key, the rule and the value.

This page is written by `python -m docs.generators` from params.yaml and the rules of the program.
"""
IMPOSSIBLE = {"no": "rule allows this"}
KEY = re.compile(r"^(?P<indent> *)(?P<key>\w+): ?(?P<value>[^#]*?) *(?:# (?P<comment>.*))?$")
CONTINUED = re.compile(r"^ +# (?P<comment>.*)$")


def comments(text: str) -> dict[str, str]:
    """The comment of each key, by its dotted path.

    Parameters
    ----------
    text : str
        A YAML file of nested mappings whose comments stand behind their keys and on lines below.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> comments("a:  # one\\n        # two\\n  b: 1  # three\\n")
    {'a': 'one two', 'a.b': 'three'}
    """
    found: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in text.splitlines():
        if match := KEY.match(line):
            indent = len(match["indent"])
            path = [*((i, key) for i, key in path if i < indent), (indent, match["key"])]
            found[".".join(key for _, key in path)] = match["comment"] or ""
        elif path and (match := CONTINUED.match(line)):
            found[".".join(key for _, key in path)] += f" {match['comment']}"
    return found


def rule(document: dict, path: str) -> str:
    """What ``params.check`` demands of a key, in its own words; empty where it demands nothing.

    Parameters
    ----------
    document : dict
        A valid params.yaml.
    path : str
        Dotted, for example "train.epochs".

    Returns
    -------
    str
        For example "an integer of at least 1".
    """
    changed = copy.deepcopy(document)
    *above, key = path.split(".")
    section = changed
    for name in above:
        section = section[name]
    section[key] = IMPOSSIBLE
    try:
        params.check(changed, by_name.facts_of)
    except HadamrnnError as error:
        words = str(error)
        if words.startswith(f"{path}: must be ") and "; got" in words:
            return words.removeprefix(f"{path}: must be ").split("; got")[0]
        raise
    return ""


def _shown(value: object) -> str:
    return f"`{yaml.safe_dump(value, default_flow_style=True, width=1000).splitlines()[0]}`"


def _table(document: dict, meanings: dict[str, str], place: str, keys: dict) -> list[str]:
    prefix = f"{place}." if place else ""
    lines = ["| key | allowed | shipped | meaning |", "| --- | --- | --- | --- |"]
    for key, value in keys.items():
        allowed = rule(document, prefix + key)
        words = f"{allowed} | {_shown(value)} | {meanings[prefix + key]}".replace("<", "&lt;")
        lines.append(f"| `{key}` | {words} |")
    return [*lines, ""]


def _overrides(meanings: dict[str, str], place: str, keys: dict) -> list[str]:
    lines = ["| key | shipped | why |", "| --- | --- | --- |"]
    for key, value in keys.items():
        lines.append(f"| `{key}` | {_shown(value)} | {meanings[f'{place}.{key}']} |")
    return [*lines, ""]


def page(shipped: str) -> str:
    """The page as Markdown.

    Parameters
    ----------
    shipped : str
        The text of params.yaml.

    Returns
    -------
    str
    """
    document, meanings = yaml.safe_load(shipped), comments(shipped)
    top = {key: value for key, value in document.items() if not isinstance(value, dict)}
    lines = [INTRODUCTION, "## Top level", "", *_table(document, meanings, "", top)]
    for place in ("train", "export"):
        lines += [f"## `{place}`", "", f"{meanings[place].capitalize()}.", ""]
        lines += _table(document, meanings, place, document[place])
    lines += [
        "## `benchmark`",
        "",
        "One section for each benchmark. It holds the keys of `train` and `export` that differ for",
        "it, and under `data` the settings of its data set, whose change prepares the data anew.",
        "",
    ]
    for name, section in document["benchmark"].items():
        place = f"benchmark.{name}"
        own = {key: value for key, value in section.items() if key != "data"}
        lines += [f"### `{name}`", "", f"{meanings[place][:1].upper()}{meanings[place][1:]}.", ""]
        if own:
            lines += _overrides(meanings, place, own)
        if section["data"]:
            lines += ["Under `data`:", ""]
            lines += _table(document, meanings, f"{place}.data", section["data"])
    return "\n".join(lines).rstrip() + "\n"
