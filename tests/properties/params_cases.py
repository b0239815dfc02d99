"""params.yaml: any value at any key, keys more and fewer, and any change of its text."""

import copy
import random
from pathlib import Path

import yaml

from hadamrnn import params
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError
from tests.params.test_properties import SHIPPED, TEXT, is_right_alone, paths
from tests.properties import mutations
from tests.properties.cases import Wrong, sentence

PATHS = tuple(paths(SHIPPED))
ELSEWHERE = ("benchmarks: must be among", "q: must divide")
"""What is said of a right value that does not go with the others, without the word must be."""


def at_a_key(draw: random.Random, folder: Path) -> bool:
    """Whether a document with another value at one key is accepted, and rightly."""
    document, path = copy.deepcopy(SHIPPED), draw.choice(PATHS)
    *above, key = path.split(".")
    section = document
    for name in above:
        section = section[name]
    new = mutations.value(draw)
    section[key] = new
    try:
        params.check(document, by_name.facts_of)
    except HadamrnnError as error:
        said = sentence(str(error))
        if not said.startswith((f"{path}: ", f"{path}.")):
            elsewhere = said.startswith(ELSEWHERE) or (": must " in said)
            if not elsewhere or not (path == "benchmark" or is_right_alone(path, new)):
                raise Wrong(f"{path}={new!r}: another key is blamed: {said}") from error
        return False
    if not is_right_alone(path, new):
        raise Wrong(f"{path}={new!r}: accepted against its rule")
    return True


def keys(draw: random.Random, folder: Path) -> bool:
    """A key too many or too few is refused; the order of keys says nothing."""
    document = copy.deepcopy(SHIPPED)
    path = draw.choice(PATHS)
    *above, key = path.split(".")
    section = document
    for name in above:
        section = section[name]
    kind = draw.randrange(3)
    if kind == 0:
        section[f"{key}_{draw.randrange(9)}"] = mutations.value(draw)
    elif kind == 1:
        del section[key]
    else:
        items = list(section.items())
        draw.shuffle(items)
        section.clear()
        section.update(items)
    try:
        found = params.check(document, by_name.facts_of)
    except HadamrnnError as error:
        sentence(str(error))
        if kind == 2:
            raise Wrong(f"{path}: refused for the order of keys: {error}") from error
        return False
    if kind == 2 and found != params.check(SHIPPED, by_name.facts_of):
        raise Wrong(f"{path}: the order of keys changes the settings")
    return True


def in_the_text(draw: random.Random, folder: Path) -> bool:
    """Whether a changed file is read; then its settings are those of what YAML reads in it."""
    path = folder / "params.yaml"
    data = mutations.changed(draw, TEXT.encode())
    path.write_bytes(data)
    try:
        found = params.load(path, by_name.facts_of)
    except HadamrnnError as error:
        sentence(str(error))
        return False
    if found != params.check(yaml.safe_load(data), by_name.facts_of):
        raise Wrong("the settings are not those of the file")
    return True
