"""params.yaml as plain Python values, or one sentence about what is wrong with the file.

Refused beyond what is no YAML: a key given twice, which YAML's readers settle silently, and files
so large, so deep or so full of aliases that reading them would not end. Dates stay text.
"""

from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError
from yaml.reader import ReaderError

from hadamrnn.errors import HadamrnnError
from hadamrnn.params.sentences import WIDTH, path_of, shown

MOST_BYTES, MOST_VALUES, MOST_LEVELS = 1_000_000, 20_000, 32
_DATE = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the refusals above, made while the nodes are composed."""

    yaml_implicit_resolvers = {
        first: [pair for pair in pairs if pair[0] != _DATE]
        for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str, file: str) -> None:
        super().__init__(text)
        self.file = file
        self.place: tuple[str, ...] = ()  # keys around the node that is being composed
        self.extents: dict[int, tuple[int, int]] = {}  # values in a node, aliases counted; levels

    def refusal(self, rule: str, found: str) -> HadamrnnError:
        """An error of the whole file, at the place that is being read."""
        line = self.get_mark().line + 1
        return HadamrnnError(f"{self.file}: {rule}; got {found} in line {line}")

    def compose_node(self, parent: Any, index: Any) -> Any:
        if len(self.place) > MOST_LEVELS:
            raise self.refusal(f"must be nested at most {MOST_LEVELS} deep", "a deeper value")
        alias = self.check_event(yaml.AliasEvent)
        self.place += (getattr(index, "value", ""),)
        node = super().compose_node(parent, index)
        if not alias:
            self.extents[id(node)] = self.extent(node)
        elif id(node) not in self.extents:
            raise self.refusal("must hold no value that contains itself", "such an alias")
        self.place = self.place[:-1]
        return node

    def extent(self, node: Any) -> tuple[int, int]:
        """Values in a node whose parts are known, and its levels; both within their limits."""
        if isinstance(node, yaml.ScalarNode):
            return 1, 1
        parts = node.value
        if isinstance(node, yaml.MappingNode):
            self.check_keys(node)
            parts = [part for pair in parts for part in pair]
        known = [self.extents[id(part)] for part in parts]
        values = 1 + sum(values for values, _ in known)
        levels = 1 + max((levels for _, levels in known), default=0)
        if values > MOST_VALUES:
            found = f"{values} with aliases written out"
            raise self.refusal(f"must hold at most {MOST_VALUES} values", found)
        if levels > MOST_LEVELS:
            raise self.refusal(f"must be nested at most {MOST_LEVELS} deep", "a deeper value")
        return values, levels

    def check_keys(self, node: Any) -> None:
        """Every key of a mapping is there once."""
        lines: dict[tuple[str, str], int] = {}
        for key, _ in node.value:
            name, line = (key.tag, str(key.value)), key.start_mark.line + 1
            if name in lines:
                path = path_of(".".join(filter(None, self.place)), key.value)
                raise HadamrnnError(
                    f"{path}: must be given once; got it in lines {lines[name]} and {line}"
                )
            lines[name] = line

    def construct_object(self, node: Any, deep: bool = False) -> Any:
        """As SafeLoader, with one kind of error for texts that their tag cannot hold."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
            kind, text = node.tag.rpartition(":")[2], shown(getattr(node, "value", ""))
            problem = f"{text}, which cannot be read as {kind}"
            raise ConstructorError(None, None, problem, node.start_mark) from error


def read(path: str | Path) -> Any:
    """The content of a YAML file.

    Parameters
    ----------
    path : str or Path
        Of a file in UTF-8, with or without a byte order mark.

    Returns
    -------
    object
        Mappings, lists, texts, numbers, truth values, None.

    Raises
    ------
    HadamrnnError
        For a file that is not there, cannot be read, or is refused as the module's text says.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise HadamrnnError(f"{path}: must exist in the folder the command runs in") from None
    except OSError as error:
        raise HadamrnnError(f"{path}: must be a readable file; got {error.strerror}") from None
    if len(data) > MOST_BYTES:
        raise HadamrnnError(f"{path}: must have at most {MOST_BYTES} bytes; got more")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise HadamrnnError(
            f"{path}: must be UTF-8 text; got byte 0x{data[error.start]:02x} in line {line}"
        ) from None
    try:
        return _Loader(text, str(path)).get_single_data()
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        found = f"the character U+{error.character:04X} in line {line}"
    except yaml.MarkedYAMLError as error:
        found = _fault(error)
    raise HadamrnnError(f"{path}: must be valid YAML; got {found}")


def _fault(error: yaml.MarkedYAMLError) -> str:
    """What PyYAML found, in one short line."""
    words = ", ".join(filter(None, (error.context, error.problem)))
    mark = error.problem_mark or error.context_mark
    place = f" in line {mark.line + 1}" if mark else ""
    return " ".join(words.split())[: 2 * WIDTH] + place
