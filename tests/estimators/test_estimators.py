"""What scikit-learn's users are promised of the two estimators."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import parametrize_with_checks

from hadamrnn import HadamRNNClassifier, HadamRNNRegressor, integer
from hadamrnn.errors import HadamrnnError
from hadamrnn.estimators import sequences
from hadamrnn.prepared import lengths

SMALL = {"hidden_size": 16, "readout": "mean", "epochs": 25, "batch_size": 16, "random_state": 0}
CHECKED = {**SMALL, "hidden_size": 32, "readout": "last", "learning_rate": 0.02, "epochs": 5}
NOT_EQUIVALENT = {
    "check_sample_weight_equivalence_on_dense_data": "validation rows, initial weights and the "
    "order of batches are drawn, and the draws depend on the number of rows"
}


@parametrize_with_checks(
    [HadamRNNClassifier(**CHECKED), HadamRNNRegressor(**CHECKED)],
    expected_failed_checks=lambda _: NOT_EQUIVALENT,
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def task(count=90, seed=0):
    """Sequences of unequal lengths whose class is the sign of their first channel's mean."""
    generator = np.random.default_rng(seed)
    ids = np.arange(count) % 2
    X = [
        (generator.normal(size=(5 + k % 7, 2)) + [2 * ids[k] - 1, 0]).astype(np.float32) * 40 + 900
        for k in range(count)
    ]
    return X, np.array(["idle", "busy"])[ids]


def fitted(**options):
    X, y = task()
    return HadamRNNClassifier(**{**SMALL, **options}).fit(X, y), X, y


def test_unequal_lengths_text_labels_and_units_far_from_one():
    model, _, _ = fitted()
    X, y = task(seed=1)
    assert model.classes_.tolist() == ["busy", "idle"]
    assert model.score(X, y) > 0.9
    shares = model.predict_proba(X)
    np.testing.assert_allclose(shares.sum(1), 1)
    assert (model.classes_[shares.argmax(1)] == model.predict(X)).all()


def test_a_sequence_says_the_same_alone():
    model, X, _ = fitted()
    together = model.predict_proba(X)
    for k in (0, 6, 11):
        np.testing.assert_allclose(model.predict_proba([X[k]])[0], together[k], atol=1e-5)


def test_fitting_again_repeats_exactly_and_leaves_generators_alone():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, X, _ = fitted()
    assert torch.equal(torch.get_rng_state(), before)
    second, _, _ = fitted()
    other, _, _ = fitted(random_state=1)
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    assert (first.predict_proba(X) != other.predict_proba(X)).any()


def test_clone_pickle_grid_search_and_pipeline():
    model, X, y = fitted()
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.predict_proba(X), model.predict_proba(X))
    assert clone(model).get_params() == model.get_params()
    X = np.stack([np.resize(x, (6, 2)) for x in X])
    search = GridSearchCV(HadamRNNClassifier(**SMALL), {"epochs": [1, 25]}, cv=2).fit(X, y)
    assert search.best_params_ == {"epochs": 25}
    piped = make_pipeline(FunctionTransformer(np.negative), HadamRNNClassifier(**SMALL))
    assert piped.fit(X, y).score(X, y) > 0.9


def test_whole_groups_validate():
    labels, groups = np.zeros(60, int), np.arange(60) // 10
    train, valid = sequences.held_out(labels, 60, 0.3, groups, seed=4)
    assert not set(groups[train]) & set(groups[valid])
    assert len(set(groups[valid])) == 2
    X, y = task()
    with pytest.raises(HadamrnnError, match="^groups: must be two or more"):
        HadamRNNClassifier(**SMALL).fit(X, y, groups=np.zeros(len(y)))


def test_every_class_keeps_rows_to_train_on():
    labels = np.array([0] * 50 + [1] * 2 + [2])
    train, valid = sequences.held_out(labels, 53, 0.5, None, seed=0)
    assert set(labels[train]) == {0, 1, 2}
    assert np.bincount(labels[valid]).tolist() == [25, 1]


def test_a_sequence_without_weight_teaches_nothing():
    """Half of the labels are turned round; with weight 0 they do not matter."""
    X, y = task(120)
    wrong = np.arange(120) % 4 < 2
    turned = np.where(wrong, np.where(y == "idle", "busy", "idle"), y)
    model = HadamRNNClassifier(**{**SMALL, "epochs": 80}, validation_fraction=0)
    taught = clone(model).fit(X, turned, sample_weight=1.0 - wrong)
    assert taught.score(X, y) > 0.9
    assert clone(model).fit(X, turned).score(X, y) < 0.75


def test_the_read_out_that_validates_better_is_chosen():
    """A first step that must be remembered exactly, and a level in noise."""
    generator = np.random.default_rng(0)
    y = np.arange(200) % 2
    first = generator.normal(size=(200, 40, 1))
    first[:, 0, 0] = 30 * (2 * y - 1)
    first[:, 1:] *= 10
    model = HadamRNNClassifier(hidden_size=32, epochs=40, learning_rate=0.01, random_state=0)
    assert (clone(model).fit(first, y).readout_, model.readout) == ("last", "auto")
    tone = np.sin(
        np.arange(40) * np.where(y, 0.7, 1.4)[:, None] + generator.uniform(0, 6, (200, 1))
    )
    chosen = clone(model).fit(tone, y)
    assert chosen.readout_ == "log_mean"


def test_early_stopping_and_lines(capsys):
    model, _, _ = fitted(epochs=400, early_stopping=3, verbose=2)
    assert model.n_iter_ < 400
    assert model.n_iter_ - model.best_epoch_ == 3
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ // 2
    assert lines[0].startswith("epoch 2: loss ")


def test_regression_of_several_outputs():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(150, 8, 2))
    y = 500 + 90 * X.mean(1) @ [[1, 0], [1, -3]]
    model = HadamRNNRegressor(**{**SMALL, "hidden_size": 32, "epochs": 60}).fit(X, y)
    assert model.predict(X).shape == (150, 2)
    assert model.score(X, y) > 0.8
    assert model.fit(X, y[:, 0]).predict(X).shape == (150,)


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("readout", ["last", "mean", "log_mean"])
def test_an_exported_regressor_answers_in_the_units_of_the_targets(readout, outputs, tmp_path):
    generator = np.random.default_rng(0)
    X = [generator.normal(size=(5 + k % 4, 2)).astype(np.float32) for k in range(120)]
    y = 5000 + np.stack([x.mean(0) for x in X]) @ [[90, 0], [90, -3]]
    y = y if outputs == 2 else y[:, 0]
    options = {**SMALL, "readout": readout, "hidden_size": 32, "epochs": 80}
    model = HadamRNNRegressor(**options, fade=2 if readout == "log_mean" else None).fit(X, y)
    done = model.export(tmp_path / "out", "age")
    assert done.agreement > 0.97 and done.sequences == 96
    loaded = integer.load(tmp_path / "out/model.hrnn")
    found = np.concatenate([loaded.predict(x[None]) for x in X])
    spread = np.square(model.predict(X) - y.mean(0)).mean(0)
    assert (np.square(found - model.predict(X)).mean(0) < 0.03 * spread).all()
    assert "AGE_VALUE(logit, steps)" in (tmp_path / "out/age.h").read_text()


def test_targets_too_far_apart_for_one_scale():
    X = np.random.default_rng(0).normal(size=(40, 5, 2))
    y = X.mean(1) * [1, 1000]
    model = HadamRNNRegressor(**{**SMALL, "epochs": 1}).fit(X, y)
    words = "^export: targets must have deviations within a factor of 64, since their integers"
    with pytest.raises(HadamrnnError, match=words):
        model.export("never")
    model.fit(X, X.mean((1, 2)) + 1e6)
    with pytest.raises(HadamrnnError, match="^export: targets must lie within 10,000 of their dev"):
        model.export("never")


@pytest.mark.parametrize("readout", ["last", "mean", "log_mean"])
def test_an_export_says_what_the_estimator_says(readout, tmp_path):
    model, X, _ = fitted(readout=readout, fade=2)
    done = model.export(tmp_path / "out", "wrist")
    assert done.agreement > 0.9
    loaded = integer.load(tmp_path / "out/model.hrnn")
    assert loaded.class_names == ("busy", "idle")
    assert (tmp_path / "out/wrist.h").exists()
    agreeing = [
        model.classes_[loaded.predict(x[None])[0]] == answer
        for x, answer in zip(X, model.predict(X), strict=True)
    ]
    assert np.mean(agreeing) > 0.9


def test_shorter_sequences_begin_again_for_the_calibration():
    found = sequences.read([[1.0, 2.0], [3.0, 4.0, 5.0, 6.0, 7.0]])
    assert lengths.continued(found.values, found.lengths)[0, :, 0].tolist() == [1, 2, 1, 2, 1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 0}, "^hidden_size: must be an integer from 1 to 4096; got 0"),
        ({"validation_fraction": 1.0}, "^validation_fraction: must be from 0 to below 1; got 1.0"),
        ({"validation_fraction": "a"}, "^validation_fraction: must be from 0 to below 1; got 'a'"),
        ({"early_stopping": 0}, "^early_stopping: must be an integer of at least 1, or None; got"),
        ({"verbose": -1}, "^verbose: must be an integer of at least 0; got -1"),
        ({"epochs": "x"}, "^epochs: must be an integer of at least 1; got 'x'"),
        ({"batch_size": "x"}, "^batch_size: must be an integer of at least 1; got 'x'"),
        ({"readout": "median"}, "^readout: must be one of last, mean, log_mean; got 'median'"),
    ],
)
def test_wrong_parameters_are_named(change, message):
    with pytest.raises(HadamrnnError, match=message):
        fitted(**change)


def test_wrong_sequences_are_named():
    with pytest.raises(HadamrnnError, match=r"^X\[1\]: must have the 2 features of X\[0\]; got 3"):
        sequences.read([np.zeros((4, 2)), np.zeros((5, 3))])
    with pytest.raises(HadamrnnError, match=r"^X\[1\]: must be \(time, features\), of one step"):
        sequences.read([np.zeros((4, 2)), np.zeros((3, 2, 2))])
    model, X, y = fitted()
    with pytest.raises(HadamrnnError, match="^sample_weight: must be 0 or above"):
        model.fit(X, y, sample_weight=-np.ones(len(y)))
