"""What ``auto`` becomes: by stated rules from the data, and nothing else changes."""

import pytest

from hadamrnn import params
from hadamrnn.params import sections
from hadamrnn.training import automatic
from tests.params.changes import refused
from tests.params.conftest import document

__all__ = ["document"]
CARD = {"counts": {"train": 200, "valid": 40}, "steps": 100, "output": {"per_step": False}}
OPEN = dict.fromkeys(sections.AUTOMATIC, "auto")


def settings_with(document, **values):
    document["weight_bits"] = "auto"
    document["benchmark"]["copy"] |= values
    return params.check(document)["copy"]


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 500, 1000, 1001, 64001])
def test_small_data_get_steps_enough(rows):
    batch = automatic.batch_size(rows)
    epochs = automatic.epochs(rows, batch)
    assert epochs * -(-rows // batch) >= automatic.STEPS
    assert epochs >= automatic.FEWEST_EPOCHS


@pytest.mark.parametrize(("steps", "k"), [(1, 1), (8, 1), (64, 3), (100, 4), (128, 4), (10**6, 8)])
def test_states_remember_an_eighth_of_a_sequence(steps, k):
    assert automatic.candidates(steps) == (("log_mean", k), ("log_mean", None), ("last", None))


@pytest.mark.parametrize(
    ("losses", "taken"),
    [
        ([1.0], 0),
        ([1.0, 0.81], 0),
        ([1.0, 0.79], 1),
        ([1.0, 0.79, 0.41], 1),
        ([1.0, 0.79, 0.39], 2),
        ([1.0, 0.81, 0.51], 0),
        ([1.0, 0.81, 0.49], 2),
    ],
)
def test_what_learns_people_by_heart_must_be_clearly_better(losses, taken):
    assert automatic.better(losses, ["log_mean", "log_mean", "last"]) == taken


def test_of_steps_with_classes_states_that_never_fade_must_halve_the_loss():
    assert automatic.better([1.0, 0.51], ["last", "last"]) == 0
    assert automatic.better([1.0, 0.49], ["last", "last"]) == 1


@pytest.mark.parametrize(
    ("changes", "card", "how"),
    [
        ({}, {}, "last"),
        ({}, {"counts": {"train": 9000, "valid": 1000}}, "last"),
        ({}, {"counts": {"train": 9000, "valid": 1001}}, "cross_entropy"),
        ({}, {"output": {"per_step": True}}, "cross_entropy"),  # 40 rows of 100 answers
        ({"patience": 5}, {}, "cross_entropy"),
        (
            {"train_on_validation": True},
            {"counts": {"train": 9000, "valid": 1001}},
            "last",
        ),
        ({"select": "accuracy"}, {}, "accuracy"),
    ],
)
def test_few_answers_do_not_choose_the_epoch(document, changes, card, how):
    given = settings_with(document, **{"select": "auto"} | changes)
    for found in automatic.resolved(given, {**CARD, **card}):
        assert found.train.select == how
        assert automatic.trial(found).train.select == "cross_entropy"


def test_keys_that_are_open_get_what_the_rules_say(document):
    given = settings_with(document, **OPEN)
    assert set(given.auto) == set(OPEN)
    fading, still, ordered = automatic.resolved(given, CARD)
    assert (fading.readout, fading.fade) == ("log_mean", 4)
    assert (still.readout, still.fade) == ("log_mean", None)
    assert (ordered.readout, ordered.fade) == ("last", None)
    for one in (fading, still, ordered):
        assert (one.train.hidden_size, one.train.learning_rate) == (256, 0.005)
        assert one.train.batch_size == 16 and one.auto == ()
        assert one.train.epochs == 154  # 13 steps each make 2,000
    trial = automatic.trial(fading)
    assert trial.train.epochs == 39 and not trial.train.train_on_validation
    assert automatic.chosen(given, fading) == {
        "hidden_size": 256,
        "epochs": 154,
        "batch_size": 16,
        "learning_rate": 0.005,
        "readout": "log_mean",
        "fade": 4,
        "select": "last",
    }


def test_what_is_written_stays(document):
    given = settings_with(document, readout="mean", epochs=7)
    (same,) = automatic.resolved(given, CARD)
    assert same == given and automatic.chosen(given, same) == {}


@pytest.mark.parametrize(("least", "count"), [(1, 6), (300, 100), (2000, 667)])
def test_few_data_get_more_epochs_where_steps_are_asked_for(document, least, count):
    given = settings_with(document, min_steps=least, batch_size=70)  # 3 steps an epoch
    (found,) = automatic.resolved(given, CARD)
    assert found.train.epochs == count
    assert automatic.chosen(given, found) == ({} if count == 6 else {"epochs": count})


def test_rows_that_validate_count_where_they_are_trained_on(document):
    given = settings_with(
        document, batch_size="auto", train_on_validation=True, select="last", epochs=1
    )
    card = {**CARD, "counts": {"train": 990, "valid": 20}}
    assert automatic.resolved(given, card)[0].train.batch_size == 32


@pytest.mark.parametrize(
    ("changes", "card", "expected"),
    [
        ({}, {"output": {"per_step": True}}, [("last", 4), ("last", None)]),
        ({"fade": None}, {"output": {"per_step": True}}, [("last", None)]),
        ({"state_noise_bits": 8}, {}, [("log_mean", None), ("last", None)]),
        ({"fade": 3}, {}, [("log_mean", 3), ("last", 3)]),
        ({"readout": "last"}, {}, [("last", None)]),
        ({"readout": "log_mean"}, {"steps": 16}, [("log_mean", 1), ("log_mean", None)]),
    ],
)
def test_candidates_go_with_everything_else(document, changes, card, expected):
    given = settings_with(document, **{"readout": "auto", "fade": "auto"} | changes)
    found = automatic.resolved(given, {**CARD, **card})
    assert [(one.readout, one.fade) for one in found] == expected


@pytest.mark.parametrize("model", ["gru", "hadamrelu"])
def test_baselines_read_the_mean(document, model):
    document["model"] = model
    given = settings_with(document, readout="auto", fade="auto")
    assert [(o.readout, o.fade) for o in automatic.resolved(given, CARD)] == [("mean", None)]


def test_a_key_of_the_top_level_leaves_nothing_open(document):
    document["readout"] = "mean"
    given = settings_with(document, readout="auto", fade="auto")
    assert given.auto == ("fade",) and given.readout == "mean"
    assert [one.readout for one in automatic.resolved(given, CARD)] == ["mean"]


def test_other_words_are_refused(document):
    document["benchmark"]["copy"]["epochs"] = "some"
    refused(
        document,
        "benchmark.copy.epochs: must be an integer of at least 1, or auto, by a rule from the data"
        "; got 'some'",
    )
