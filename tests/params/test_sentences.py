"""Values and paths in messages: one line, bounded in length and in effort."""

import pytest

from hadamrnn.params.sentences import path_of, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (True, "True"),
        (1.5, "1.5"),
        (10**30, "1" + "0" * 30),
        ("a\nb", r"'a\nb'"),
        ({"a": [None]}, "{'a': [None]}"),
        ((1 << 320) - 1, f"{str((1 << 320) - 1)[:38]}...{str((1 << 320) - 1)[-39:]}"),
        (1 << 320, "an integer of 321 bits"),
        ([1 << 20_000], "[an integer of 20001 bits]"),
        ([[[[1]]]], "[[[[...]]]]"),
    ],
)
def test_values(value, text):
    assert shown(value) == text


def test_values_of_eighty_characters_are_whole_and_longer_ones_cut():
    assert shown("x" * 78) == f"'{'x' * 78}'"
    assert len(shown("x" * 79)) == 80 and "..." in shown("x" * 79)
    assert shown([10**19] * 3) == str([10**19] * 3)
    assert shown([10**30] * 3) == f"{str([10**30] * 3)[:80]}..."
    assert shown(10**79) == "1" + "0" * 79
    for value in (list(range(10_000)), dict.fromkeys(range(100), "y" * 50), b"z" * 999):
        assert len(shown(value)) <= 83


def test_a_value_of_endless_aliases_is_shown_at_once():
    value = ["x"]
    for _ in range(40):  # 2^40 values when written out
        value = [value, value]
    assert shown(value) == "[[[[...], [...]], [[...], [...]]], [[[...], [...]], [[...], [...]]]]"


@pytest.mark.parametrize(
    ("place", "key", "path"),
    [
        ("", "seed", "seed"),
        ("benchmark.copy", "data", "benchmark.copy.data"),
        ("train", 3, "train.3"),
        ("train", None, "train.null"),
        ("train", "a\nb", r"train.'a\nb'"),
        ("", "", "''"),
    ],
)
def test_paths(place, key, path):
    assert path_of(place, key) == path


def test_long_keys_are_cut():
    assert path_of("train", "x" * 80) == f"train.{'x' * 80}"
    assert len(path_of("", "x" * 81)) == 80
