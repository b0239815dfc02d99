"""Any value at any key, and any change of the file: a right answer or exactly one sentence."""

import copy
from pathlib import Path
from typing import get_type_hints

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hadamrnn import params
from hadamrnn.datasets.common import by_name
from hadamrnn.errors import HadamrnnError
from hadamrnn.params.sections import Document, Section

TEXT = (Path(__file__).parents[2] / "params.yaml").read_text(encoding="utf-8")
SHIPPED = yaml.safe_load(TEXT)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, 2, 16, 128, 10**9, 10**30, -(10**400)])
    | st.floats()
    | st.sampled_from([0.5, 1.0, 1e300])
    | st.text()
    | st.sampled_from(["auto", "1e-3", "last", "mean", "cuda:abc", "x" * 10_000, "a\nb"])
    | st.binary()
    | st.dates()
    | st.datetimes()
)
KEYS = (
    st.text(max_size=5) | st.integers() | st.none() | st.sampled_from(["steps", "epochs", "data"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def paths(section, place=""):
    """Dotted paths of all keys of a document."""
    for key, value in section.items():
        yield f"{place}{key}"
        if isinstance(value, dict):
            yield from paths(value, f"{place}{key}.")


def is_right_alone(path, value):
    """Whether the rule of a key allows a value, whatever the other keys are."""
    *above, key = path.split(".")
    model = Section if above[:1] != [] else Document
    if above[2:] == ["data"]:
        model = by_name.data_of(above[1])
    try:
        TypeAdapter(get_type_hints(model, include_extras=True)[key]).validate_python(value)
    except ValidationError:
        return False
    return True


def said(work):
    """The sentence of ``work``'s error, None where it succeeds; any other error is a failure."""
    try:
        work()
    except HadamrnnError as error:
        message = str(error)
        assert len(message.splitlines()) == 1 and len(message) < 700
        return message
    return None


@pytest.mark.parametrize("path", [*paths(SHIPPED)])
@settings(max_examples=10)
@given(value=VALUES)
def test_any_value_at_any_key(path, value):
    document = copy.deepcopy(SHIPPED)
    *above, key = path.split(".")
    section = document
    for name in above:
        section = section[name]
    section[key] = value
    message = said(lambda: params.check(document, by_name.facts_of))
    if message is not None and not message.startswith((f"{path}: ", f"{path}.")):
        if path == "benchmark":
            assert message.startswith("benchmarks: must be among")
        else:
            assert is_right_alone(path, value), message
            assert ": must be " in message or message.startswith("q: must divide"), message


@settings(max_examples=200)
@given(
    start=st.integers(0, len(TEXT)),
    length=st.integers(0, 60),
    new=st.text(max_size=20)
    | st.sampled_from(["[", "{", "&a ", "*a", "<<: ", "!!int ", "\t", "? "]),
)
def test_any_change_of_the_file(tmp_path_factory, start, length, new):
    path = tmp_path_factory.getbasetemp() / "changed.yaml"
    changed = TEXT[:start] + new + TEXT[start + length :]
    path.write_bytes(changed.encode("utf-8", "surrogatepass"))
    said(lambda: params.load(path, by_name.facts_of))


@settings(max_examples=100)
@given(content=st.binary(max_size=200))
def test_any_bytes(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(content)
    assert said(lambda: params.load(path, by_name.facts_of)) is not None
