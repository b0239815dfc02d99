"""The draws of a search, its rounds, and what of them is shown."""

import itertools

import pytest

from hadamrnn.cli import search
from hadamrnn.cli.search import Tried

SENSORS = {"steps": 100, "output": {"per_step": False}}


def tried(name, size, loss, epochs=9):
    return Tried(values={"q": name}, bytes=size, epochs=epochs, loss=loss, score=0.5)


def test_draws_are_different_and_begin_with_the_section_as_it_stands():
    found = [*itertools.islice(search.draws(SENSORS, [], seed=3), 60)]
    assert found[0] == {} and all(found.count(one) == 1 for one in found)
    assert found == [*itertools.islice(search.draws(SENSORS, [], seed=3), 60)]
    assert found != [*itertools.islice(search.draws(SENSORS, [], seed=4), 60)]
    for one in found[1:]:
        assert one["hidden_size"] // one["q"] in (one["hidden_size"], search.BLOCK)
        assert (one["fade"] is not None) == (one["readout"] == "log_mean")


def test_draws_end_where_there_is_nothing_new():
    per_step = {"layout": "copy", "steps": 40, "output": {"per_step": True}}
    fixed = ["q", "weight_bits"]
    found = [*search.draws(per_step, fixed, seed=1)]
    assert len(found) == 1 + len(search.WIDTHS) * len(search.RATES)
    assert {*found[1]} == {"hidden_size", "learning_rate"}


def test_the_state_is_read_where_each_step_has_a_class():
    own = {"steps": 64, "output": {"per_step": True}}
    found = [*itertools.islice(search.draws(own, [], seed=1), 60)][1:]
    assert {one["readout"] for one in found} == {"last"}
    assert {one["fade"] for one in found} == {2, 3, 4, None}


@pytest.mark.parametrize("key", ["readout", "fade"])
def test_what_the_top_level_sets_is_not_drawn(key):
    assert "readout" not in [*itertools.islice(search.draws(SENSORS, [key], 1), 2)][1]


def test_a_third_goes_on_for_three_times_the_epochs():
    assert search.rounds(18, 90) == [(18, 10), (6, 30), (2, 90)]
    assert search.rounds(1, 1) == [(1, 1), (1, 1), (1, 1)]


def test_only_what_no_smaller_recipe_equals_is_shown_after_its_longest_training():
    rows = [
        tried(1, 900, 0.9, epochs=3),
        tried(1, 900, 0.2),
        tried(2, 400, 0.5, epochs=3),
        tried(3, 500, 0.6, epochs=3),  # larger and worse than 2
        tried(4, 300, 0.1, epochs=3),  # better than 1, but trained for less
    ]
    found = search.front(rows)
    assert [(one.bytes, one.loss) for one in found] == [(300, 0.1), (900, 0.2)]
    assert search.ranked([tried(1, 900, 0.2), tried(2, 400, 0.2)])[0].bytes == 400
