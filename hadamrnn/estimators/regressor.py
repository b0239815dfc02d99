"""HadamRNNRegressor: sequences to numbers, as scikit-learn has it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import RegressorMixin
from sklearn.utils import check_array, check_consistent_length
from sklearn.utils.validation import check_is_fitted

from hadamrnn.errors import HadamrnnError
from hadamrnn.estimators.base import SequenceEstimator
from hadamrnn.export.checked import Exported
from hadamrnn.prepared.numbers import FARTHEST, Units

APART = 64
"""Deviations of several targets differ by no more than this factor where they become integers."""


class HadamRNNRegressor(RegressorMixin, SequenceEstimator):  # type: ignore[misc]  # no types
    """A regressor of sequences whose recurrent matrix takes a bit a neuron.

    Its targets are standardised inside, and met in the least squares; ``history_`` has half the
    squared error of the standardised targets as cross-entropy, and R^2 as score.

    Parameters
    ----------
    hidden_size, q, weight_bits, readout, fade, epochs, batch_size, learning_rate
    early_stopping, validation_fraction, device, random_state, verbose
        As of ``HadamRNNClassifier``.

    Attributes
    ----------
    module_, readout_, fade_, history_, best_epoch_, n_iter_, n_features_in_
        As of ``HadamRNNClassifier``.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(80, 10, 2))
    >>> y = X.mean((1, 2))
    >>> model = HadamRNNRegressor(hidden_size=32, readout="mean", random_state=0).fit(X, y)
    >>> model.predict(X).shape, model.score(X, y) > 0.8
    ((80,), True)
    """

    score_name = "r2"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(
        self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None
    ) -> "HadamRNNRegressor":
        """Train.

        Parameters
        ----------
        X, groups, sample_weight
            As of ``HadamRNNClassifier.fit``.
        y : array_like, (n,) or (n, outputs)
            Numbers.

        Returns
        -------
        HadamRNNRegressor
            Itself.

        Raises
        ------
        HadamrnnError
            For a wrong parameter, or arrays that do not go together.
        """
        found = self._given(X, y)
        numbers = check_array(y, ensure_2d=False, dtype=np.float64, input_name="y")
        check_consistent_length(found.values, numbers)
        self._one = numbers.ndim == 1
        numbers = numbers.reshape(len(numbers), -1)
        self.target_mean_, spread = numbers.mean(axis=0), numbers.std(axis=0)
        self.target_scale_ = np.where(spread > 0, spread, 1.0)
        wanted = ((numbers - self.target_mean_) / self.target_scale_).astype(np.float32)
        self._train(found, wanted, wanted.shape[1], None, groups, sample_weight)
        return self

    def predict(self, X: Any) -> npt.NDArray[np.float64]:
        """Numbers, in the shape of fit's ``y``."""
        values: npt.NDArray[np.float64] = self._outputs(X) * self.target_scale_ + self.target_mean_
        return values[:, 0] if self._one else values

    def export(self, folder: str | Path, name: str = "model") -> Exported:
        """Write the model for a device, as ``HadamRNNClassifier.export``; it answers in y's units.

        Parameters
        ----------
        folder : str or Path
            Made if it is not there.
        name : str
            Of the model, in C as well.

        Returns
        -------
        Exported

        Raises
        ------
        HadamrnnError
            Several targets whose deviations are too far apart for one scale, a width cannot be
            proven, or C or ONNX differ.
        """
        from hadamrnn.estimators import exporting

        check_is_fitted(self, "module_")
        least, most = float(self.target_scale_.min()), float(self.target_scale_.max())
        if most > APART * least:
            raise HadamrnnError(
                f"export: targets must have deviations within a factor of {APART}, since their "
                f"integers share a scale; got {least:.3g} to {most:.3g}"
            )
        away = np.abs(self.target_mean_) / self.target_scale_
        if away.max() > FARTHEST:
            raise HadamrnnError(
                f"export: targets must lie within {FARTHEST:,} of their deviations from 0, since "
                f"models compute in 32 bits (subtract a constant); got {away.max():,.0f}"
            )
        found, numbers = self.calibration_, self.calibration_targets_
        units = Units(self.target_mean_, self.target_scale_)
        return exporting.write(self.module_, self.coding_, found, numbers, (), name, folder, units)
