"""What the two estimators share: parameters, training, and what becomes of the output."""

import math
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted

from hadamrnn.errors import HadamrnnError
from hadamrnn.estimators import defaults, sequences
from hadamrnn.estimators.sequences import Sequences
from hadamrnn.export import calibration
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.prepared.coding import Coding, Raw
from hadamrnn.training import automatic, candidates, device
from hadamrnn.training.batches import Batches
from hadamrnn.training.fit import fit
from hadamrnn.training.losses import outputs_of
from hadamrnn.training.run import FitResult, Listener

KEPT = 256
"""Training sequences that an estimator keeps, for the scales of an export."""
BATCH = 256
"""Sequences that are predicted side by side."""


class Lines(Listener):
    """A line an epoch, on standard output.

    Parameters
    ----------
    every : int
        Epochs from one line to the next.
    """

    def __init__(self, every: int) -> None:
        self.every = every

    def on_epoch(self, row: Mapping[str, Any]) -> None:
        if row["epoch"] % self.every == 0:
            print(
                f"epoch {row['epoch']}: loss {row['train_cross_entropy']:.4f}, validation "
                f"{row['valid_cross_entropy']:.4f}, score {row['valid_score']:.4f}"
            )


class SequenceEstimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base of HadamRNNClassifier and HadamRNNRegressor; their docstrings tell of the parameters."""

    score_name = "accuracy"

    def __init__(
        self,
        hidden_size: int = defaults.HIDDEN_SIZE,
        *,
        q: int = 1,
        weight_bits: int | None = 4,
        readout: str = "auto",
        fade: int | str | None = "auto",
        epochs: int | str = "auto",
        batch_size: int | str = "auto",
        learning_rate: float = defaults.LEARNING_RATE,
        early_stopping: int | None = None,
        validation_fraction: float = 0.2,
        device: str = "auto",
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_size = hidden_size
        self.q = q
        self.weight_bits = weight_bits
        self.readout = readout
        self.fade = fade
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.non_deterministic = False
        return tags

    def _given(self, X: Any, y: Any) -> Sequences:
        """The sequences of ``fit``; HadamrnnError without targets."""
        found = sequences.read(X)
        if y is None:
            raise HadamrnnError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        return found

    def _read(self, X: Any) -> Sequences:
        """Sequences of the features that ``fit`` saw."""
        check_is_fitted(self, "module_")
        found = sequences.read(X)
        if found.columns != self.n_features_in_:
            raise HadamrnnError(
                f"X has {found.columns} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input"
            )
        return found

    def _train(
        self,
        found: Sequences,
        targets: npt.NDArray[Any],
        outputs: int,
        labels: npt.NDArray[Any] | None,
        groups: Any,
        sample_weight: Any,
    ) -> None:
        """Set module_, coding_, history_ and the choices that were "auto"."""
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, found.values, dtype=np.float64)
        for name, value in (("sample_weight", sample_weight), ("groups", groups)):
            if value is not None and np.shape(value)[:1] != (len(found),):
                raise HadamrnnError(
                    f"{name}: must have one value for each of the {len(found)} sequences; got "
                    f"shape {np.shape(value)}"
                )
        self._check_own()
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        groups = None if groups is None else np.asarray(groups)
        weights = None
        if sample_weight is not None:
            if sample_weight.min() < 0 or not sample_weight.sum():
                raise HadamrnnError(
                    f"sample_weight: must be 0 or above, and not all 0; got {sample_weight.min()}"
                )
            kept = np.flatnonzero(sample_weight)
            found, targets = found.part(kept), targets[kept]
            labels = None if labels is None else labels[kept]
            groups = None if groups is None else groups[kept]
            weights = sample_weight[kept] / sample_weight[kept].mean()
        rows = sequences.held_out(labels, len(found), self.validation_fraction, groups, seed)
        self.n_features_in_ = found.columns
        self.coding_ = _coding(found, rows[0])
        batch = self.batch_size
        batch = automatic.batch_size(len(rows[0])) if batch == "auto" else batch
        defaults.settings({"batch_size": batch})  # what epochs follow from
        epochs = self.epochs
        epochs = automatic.epochs(len(rows[0]), int(batch)) if epochs == "auto" else epochs
        last = self.early_stopping is None and automatic.select(len(rows[1])) == "last"
        recipe = {
            "select": "last" if last else "cross_entropy",
            "hidden_size": self.hidden_size,
            "q": self.q,
            "weight_bits": self.weight_bits,
            "learning_rate": self.learning_rate,
            "patience": self.early_stopping,
            "epochs": epochs,
            "batch_size": batch,
        }
        defaults.settings(recipe)  # a wrong value is told before any work
        choices = self._choices(found)
        shorter = {**recipe, "epochs": max(1, math.ceil(int(epochs) / automatic.TRIAL))}
        shorter["select"] = "cross_entropy"
        arguments = found, targets, outputs, weights, rows, seed

        def loss(choice: dict[str, Any]) -> float:
            best = self._run({**shorter, **choice}, *arguments)[1].best
            return float(best["valid_cross_entropy"])

        choice = candidates.decided(choices, loss, lambda one: str(one["readout"]))
        self.module_, result = self._run({**recipe, **choice}, *arguments)
        kept = rows[0][calibration.choose(len(rows[0]), KEPT)]
        self.calibration_, self.calibration_targets_ = found.part(kept), targets[kept]
        self.readout_, self.fade_ = choice["readout"], choice["fade"]
        self.history_ = result.history
        self.best_epoch_ = result.best_epoch
        self.n_iter_ = len(result.history)

    def _check_own(self) -> None:
        """Raise HadamrnnError for a parameter that params.yaml does not have, out of range."""
        share, patience, every = self.validation_fraction, self.early_stopping, self.verbose
        if not isinstance(share, Real) or not 0 <= share < 1:
            raise HadamrnnError(f"validation_fraction: must be from 0 to below 1; got {share!r}")
        if patience is not None and (not isinstance(patience, Integral) or patience < 1):
            raise HadamrnnError(
                f"early_stopping: must be an integer of at least 1, or None; got {patience!r}"
            )
        if not isinstance(every, Integral) or every < 0:
            raise HadamrnnError(f"verbose: must be an integer of at least 0; got {every!r}")

    def _choices(self, found: Sequences) -> list[dict[str, Any]]:
        """Read-outs and fading that the parameters leave open."""
        lengths = found.lengths
        steps = found.values.shape[1] if lengths is None else int(np.median(lengths))
        found_choices = candidates.choices(self.readout, self.fade, steps)
        return [{"readout": readout, "fade": fade} for readout, fade in found_choices]

    def _run(
        self,
        recipe: dict[str, Any],
        found: Sequences,
        targets: npt.NDArray[Any],
        outputs: int,
        weights: npt.NDArray[Any] | None,
        rows: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]],
        seed: int,
    ) -> tuple[HadamClassifier, FitResult]:
        """A trained module, on the CPU, and its history."""
        settings, where = defaults.settings(recipe), device.resolve(self.device)

        def batches(part: npt.NDArray[np.int64], seed: int | None) -> Batches:
            return Batches(
                found.values[part],
                targets[part],
                coding=self.coding_,
                batch_size=settings.batch_size,
                device=where,
                seed=seed,
                lengths=None if found.lengths is None else found.lengths[part],
                weights=None if weights is None or seed is None else weights[part],
            )

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            module = HadamClassifier(
                found.values.shape[2],
                settings.hidden_size,
                outputs,
                settings.q,
                settings.weight_bits,
                readout=settings.readout,
                fade=settings.fade,
            ).to(where)
        listener = Lines(self.verbose) if self.verbose else None
        result = fit(
            module,
            batches(rows[0], seed),
            batches(rows[1], None),
            settings,
            listener=listener,
            score=self.score_name,
        )
        return module.cpu().eval(), result

    def _outputs(self, X: Any) -> npt.NDArray[np.float32]:
        """(n, outputs) of the module."""
        found, made = self._read(X), []
        with torch.no_grad():
            for start in range(0, len(found), BATCH):
                part = slice(start, start + BATCH)
                inputs = self.coding_.decode(torch.from_numpy(found.values[part].copy()), torch)
                lengths = None if found.lengths is None else torch.from_numpy(found.lengths[part])
                made.append(outputs_of(self.module_, inputs, lengths).numpy())
        return np.concatenate(made)


def _coding(found: Sequences, rows: npt.NDArray[np.int64]) -> Coding:
    """Mean and deviation of every channel over the training readings, six significant digits."""
    lengths = found.lengths
    parts = found.values[rows]
    if lengths is None:
        readings = parts.reshape(-1, parts.shape[2]).astype(np.float64)
    else:
        there = np.arange(parts.shape[1]) < lengths[rows][:, None]
        readings = parts[there].astype(np.float64)
    mean, deviation = readings.mean(axis=0), readings.std(axis=0)
    deviation = np.where(deviation > 1e-9 * np.abs(mean), deviation, 1.0)
    zero, scale = (tuple(float(f"{v:.6g}") for v in values) for values in (mean, deviation))
    return Coding("dense", raw=Raw(zero=zero, scale=scale))
