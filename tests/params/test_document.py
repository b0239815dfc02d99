"""The file params.yaml itself: what cannot be read, in one short sentence."""

import re
from pathlib import Path

import pytest

from hadamrnn import params
from hadamrnn.errors import HadamrnnError
from hadamrnn.params import document


def test_no_file(tmp_path):
    path = tmp_path / "params.yaml"
    words = f"{path}: must exist in the folder the command runs in"
    with pytest.raises(HadamrnnError, match=f"^{re.escape(words)}$"):
        params.load(path)


@pytest.mark.parametrize("text", ["q: [1", "q: 1\n q: 2\n", "\t- x"])
def test_invalid_yaml(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(HadamrnnError) as caught:
        params.load(path)
    assert str(caught.value).startswith(f"{path}: must be valid YAML; got ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "shown"), [("", "null"), ("- 1", "[1]"), ("text", "'text'")])
def test_a_file_that_is_no_mapping(tmp_path, text, shown):
    path = tmp_path / "params.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(
        HadamrnnError, match=re.escape(f"params.yaml: must be a mapping; got {shown}")
    ):
        params.load(path)


SHIPPED = Path(__file__).parents[2] / "params.yaml"


def said(tmp_path, content):
    """The one sentence about a params.yaml of these bytes, without the folder."""
    path = tmp_path / "params.yaml"
    path.write_bytes(content)
    with pytest.raises(HadamrnnError) as caught:
        params.load(path)
    message = str(caught.value).replace(str(path), "params.yaml")
    assert "\n" not in message and len(message) < 300
    return message


def changed(old, new):
    """The shipped file with a change."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    return text.replace(old, new, 1).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"seed: 1\nq: \xe9\n", "must be UTF-8 text; got byte 0xe9 in line 2"),
        ("seed: 1".encode("utf-16"), "must be UTF-8 text; got byte 0xff in line 1"),
        (b"seed: \0", "must be valid YAML; got the character U+0000 in line 1"),
        (b"seed: 1\nq: \x07", "must be valid YAML; got the character U+0007 in line 2"),
        (
            b"a: *" + b"b" * 1000,
            "must be valid YAML; got found undefined alias '" + "b" * 137 + " in line 1",
        ),
        (b"# " * 600_000, "must have at most 1000000 bytes; got more"),
        (b"a:\n  - " + b"[" * 5000, "must be nested at most 32 deep; got a deeper value in line 2"),
        (b"a: " + b"{b: " * 5000, "must be nested at most 32 deep; got a deeper value in line 1"),
        (b"a: &a [*a]", "must hold no value that contains itself; got such an alias in line 1"),
        (
            b"a: !!int many",
            "must be valid YAML; got 'many', which cannot be read as int in line 1",
        ),
        (
            b"a: !!timestamp now",
            "must be valid YAML; got 'now', which cannot be read as timestamp in line 1",
        ),
        (
            b"a: 1\n---\nb: 1",
            "must be valid YAML; got expected a single document in the stream, but found another "
            "document in line 2",
        ),
    ],
)
def test_files_that_cannot_be_read(tmp_path, content, words):
    assert said(tmp_path, content) == f"params.yaml: {words}"


def test_a_folder_in_its_place(tmp_path):
    with pytest.raises(HadamrnnError) as caught:
        params.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: must be a readable file; got Is a directory"


@pytest.mark.parametrize(
    ("content", "largest", "rule"),
    [
        (lambda n: b"#" * n, 1_000_000, "at most 1000000 bytes"),
        (lambda n: b"[" + b"x," * n + b"]", 19_999, "at most 20000 values"),
        (lambda n: b"[&a [x,x,x]" + b",*a" * n + b"]", 4998, "at most 20000 values"),
        (lambda n: b"".join(b"%d: 0\n" % k for k in range(n)), 9999, "at most 20000 values"),
        (lambda n: b"[" * n + b"]" * n, 32, "at most 32 deep"),
        (lambda n: b"[" * n + b"x" + b"]" * n, 31, "at most 32 deep"),
        (lambda n: b"{a: " * n + b"x" + b"}" * n, 31, "at most 32 deep"),
    ],
)
def test_the_largest_files(tmp_path, content, largest, rule):
    path = tmp_path / "params.yaml"
    path.write_bytes(content(largest))
    document.read(path)
    path.write_bytes(content(largest + 1))
    with pytest.raises(HadamrnnError, match=f"must .* {rule}; got "):
        document.read(path)


@pytest.mark.parametrize(
    ("old", "new", "path", "distance"),
    [
        ("seed: 1 ", "seed: 1\nseed: 2 ", "seed", 1),
        ("epochs: 7", "epochs: 7\n    q: 4\n    epochs: 9", "benchmark.copy.epochs", 2),
        ("data: {}", "data: {a: 1, a: 2}", "benchmark.pdigits.data.a", 0),
    ],
)
def test_a_key_given_twice(tmp_path, old, new, path, distance):
    text = SHIPPED.read_text(encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    words = f"{path}: must be given once; got it in lines {line} and {line + distance}"
    assert said(tmp_path, changed(old, new)) == words


@pytest.mark.parametrize(
    "shape", ["[{}]", "{{<<: [{}]}}"], ids=["lists in lists", "mappings merged into mappings"]
)
def test_aliases_that_would_fill_memory(tmp_path, shape):
    """Ten aliases of ten aliases, and so on: a few lines that stand for 10^11 values."""
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} " + shape.format(",".join([f"*a{level - 1}"] * 10)))
    words = "params.yaml: must hold at most 20000 values; got "
    assert said(tmp_path, "\n".join(lines).encode()).startswith(words)


def test_aliases_that_would_reach_too_deep(tmp_path):
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 2000))]
    words = "params.yaml: must be nested at most 32 deep; got a deeper value in line 3"
    assert said(tmp_path, "\n".join(lines).encode()).startswith(words)


def test_an_alias_is_allowed(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_bytes(
        changed("data: {}", "data: &nothing {}").replace(b"data: {}", b"data: *nothing")
    )
    assert list(params.load(path)) == ["copy", "pdigits"]


@pytest.mark.parametrize("prefix, line_end", [(b"\xef\xbb\xbf", b"\n"), (b"", b"\r\n")])
def test_marks_and_line_ends_of_other_systems(tmp_path, prefix, line_end):
    path = tmp_path / "params.yaml"
    path.write_bytes(prefix + SHIPPED.read_bytes().replace(b"\n", line_end))
    assert params.load(path) == params.load(SHIPPED)


@pytest.mark.parametrize("date", ["2024-01-01", "2024-13-45"])
def test_dates_are_texts(tmp_path, date):
    words = f"seed: must be an integer of at least 0; got '{date}'"
    assert said(tmp_path, changed("seed: 1 ", f"seed: {date} ")) == words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            "0x" + "f" * 5000,
            "seed: must be at most 9223372036854775807; got an integer of 20000 bits",
        ),
        ("9" * 4301, "params.yaml: must be valid YAML; got '9"),
        (
            "0x10000000000000000",
            "seed: must be at most 9223372036854775807; got 18446744073709551616",
        ),
    ],
)
def test_numbers_of_many_digits(tmp_path, number, words):
    assert said(tmp_path, changed("seed: 1 ", f"seed: {number} ")).startswith(words)
