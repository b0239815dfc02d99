"""What ``auto`` becomes: by stated rules from the data, and nothing else changes."""

import pytest

from hadamrnn import params
from hadamrnn.params import sections
from hadamrnn.training import automatic, candidates
from hadamrnn.training.run import FitResult
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
    assert candidates.candidates(steps) == (("log_mean", k), ("log_mean", None), ("last", None))


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
    assert candidates.better(losses, ["log_mean", "log_mean", "last"]) == taken


@pytest.mark.parametrize(
    ("losses", "rows", "taken"),
    [
        ([1.0, 0.95, 0.51], 100, 1),
        ([1.0, 1.01, 0.49], 100, 2),
        ([1.0, 0.71, 0.51], 7, 1),
        ([1.0, 0.72, 0.51], 7, 0),  # 1.96 nats in all
        ([0.1, 0.01, 0.0], 7, 0),
        ([0.1, 0.01, 0.0], 23, 1),
    ],
)
def test_of_rows_by_chance_the_lower_loss_is_taken_if_it_is_not_chance(losses, rows, taken):
    assert candidates.better(losses, ["log_mean", "log_mean", "last"], rows) == taken


@pytest.mark.parametrize(("groups", "fade"), [({}, None), ({"groups": ["1", "2"]}, 4)])
def test_of_groups_it_must_be_clearly_lower(document, groups, fade):
    given, rest = settings_with(document, readout="auto", fade="auto"), [1.0, 0.9, 0.9]
    found = automatic.settled(given, CARD | groups, lambda one: result(0.1, rest.pop(0)))
    assert (found.readout, found.fade) == ("log_mean", fade)


def test_of_steps_with_classes_states_that_never_fade_must_halve_the_loss():
    assert candidates.better([1.0, 0.51], ["last", "last"]) == 0
    assert candidates.better([1.0, 0.49], ["last", "last"]) == 1


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
        assert one.train.epochs == 134  # 15 steps each make 2,000, of rows that validate too
    trial = automatic.trial(fading)
    assert trial.train.epochs == 34 and not trial.train.train_on_validation
    assert automatic.chosen(given, fading) == {
        "hidden_size": 256,
        "epochs": 134,
        "batch_size": 16,
        "learning_rate": 0.005,
        "readout": "log_mean",
        "fade": 4,
        "select": "last",
        "train_on_validation": True,
    }


def result(learned, held_out):
    row = {"train_cross_entropy": learned, "valid_cross_entropy": held_out, "epoch": 1}
    return FitResult(history=[{**row, "train_cross_entropy": 9.0}, row], best_epoch=2)


@pytest.mark.parametrize(
    ("changes", "losses", "count"),
    [
        ({}, (0.5, 9, 9), 154),
        ({}, (0.51, 0, 0), 462),  # 13 steps each make 6,000
        ({"epochs": 9}, (2, 2, 2), 9),
        ({"min_steps": 260}, (2, 2, 2), 30),
        ({"train_on_validation": "auto", "select": "last"}, (0.51, 0, 0), 400),  # 15 steps each
        ({"readout": "mean"}, (), 154),  # no trial
    ],
)
def test_rows_that_a_trial_does_not_learn_get_more_steps(document, changes, losses, count):
    open_keys = dict.fromkeys(("epochs", "batch_size", "readout", "fade"), "auto")
    given, rest = settings_with(document, **open_keys | changes), [*losses]
    found = automatic.settled(given, CARD, lambda candidate: result(rest.pop(0), 1.0))
    assert found.train.epochs == count and not rest
    assert (found.readout, found.fade) == (("log_mean", 4) if losses else ("mean", None))


def test_the_steps_are_those_of_the_candidate_that_is_taken(document):
    given = settings_with(document, epochs="auto", batch_size="auto", readout="auto", fade="auto")
    rest = [result(9.0, 1.0), result(0.1, 0.7), result(9.0, 0.5)]
    found = automatic.settled(given, CARD, lambda candidate: rest.pop(0))
    assert (found.readout, found.fade, found.train.epochs) == ("log_mean", None, 154)


@pytest.mark.parametrize(
    ("changes", "card", "learned"),
    [
        ({}, {}, True),
        ({"train_on_validation": False}, {}, False),
        ({}, {"groups": ["1", "2", "3"]}, False),  # people who validate stay unknown
        ({}, {"counts": {"train": 9000, "valid": 1001}}, False),  # these choose the epoch
        ({"select": "last"}, {"counts": {"train": 9000, "valid": 1001}}, True),
        ({"select": "accuracy"}, {}, False),
        ({"patience": 5}, {}, False),
        ({"patience": 5, "select": "last"}, {}, False),
    ],
)
def test_rows_that_validate_are_learned_where_they_choose_no_epoch(
    document, changes, card, learned
):
    open_keys = {"readout": "auto", "select": "auto", "train_on_validation": "auto"}
    given = settings_with(document, **open_keys | changes)
    for found in automatic.resolved(given, {**CARD, **card}):
        assert found.train.train_on_validation is learned
        assert not automatic.trial(found).train.train_on_validation


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
