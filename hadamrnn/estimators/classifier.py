"""HadamRNNClassifier: sequences to classes, as scikit-learn has it."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted

from hadamrnn.errors import HadamrnnError
from hadamrnn.estimators.base import SequenceEstimator
from hadamrnn.export.checked import Exported


class HadamRNNClassifier(ClassifierMixin, SequenceEstimator):  # type: ignore[misc]  # no types
    """A classifier of sequences whose recurrent matrix takes a bit a neuron.

    Parameters
    ----------
    hidden_size : int
        d; d / q must be a power of two.
    q : int
        Hadamard blocks.
    weight_bits : int or None
        Bits of U and V, 1 (ternary) to 8; None: full precision.
    readout : str
        "last", "mean", "log_mean", or "auto": tried on the validation rows
        (``training.automatic``).
    fade : int, None or "auto"
        k, with which states remember about 2^k steps; None: they do not fade.
    epochs, batch_size : int or "auto"
        By rules from the number of sequences (``training.automatic``).
    learning_rate : float
        Of Adam; it rises at first and falls to 0 as a cosine.
    early_stopping : int or None
        Epochs without a better validation loss after which training ends.
    validation_fraction : float
        Of the sequences, or of the groups, that choose epoch and read-out and are not trained on;
        0: the trained rows choose.
    device : str
        "auto", "cpu", "cuda" or "cuda:<index>".
    random_state : int, RandomState or None
        Of the validation rows, the initial weights and the order of the batches.
    verbose : int
        A line every so many epochs; 0: none.

    Attributes
    ----------
    classes_ : array
        Labels, sorted.
    module_ : HadamClassifier
        The trained torch module, which reads standardised sequences.
    readout_, fade_
        What "auto" chose.
    history_ : list of dict
        Losses and scores of every epoch.
    best_epoch_, n_iter_ : int
        The epoch whose weights were kept, and how many there were.
    n_features_in_ : int
        Channels; of a 2-d ``X`` its steps.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> X = [generator.normal(size=(k % 5 + 4, 2)) + 4 * (k % 2) for k in range(60)]
    >>> y = ["idle", "busy"] * 30
    >>> model = HadamRNNClassifier(hidden_size=16, epochs=20, random_state=0).fit(X, y)
    >>> model.predict(X[:2])
    array(['idle', 'busy'], dtype='<U4')
    """

    def fit(
        self, X: Any, y: Any, groups: Any = None, sample_weight: Any = None
    ) -> "HadamRNNClassifier":
        """Train.

        Parameters
        ----------
        X : list of array_like, (time_i, features); or array_like, (n, time, features) or (n, time)
            Sequences; a 2-d array holds sequences of one channel.
        y : array_like, (n,)
            Labels of any kind.
        groups : array_like, (n,), optional
            Person, device or session of each; whole groups validate.
        sample_weight : array_like, (n,), optional
            Factors on the losses of the sequences that are trained on; 0 leaves a sequence out.

        Returns
        -------
        HadamRNNClassifier
            Itself.

        Raises
        ------
        HadamrnnError
            For a wrong parameter, or arrays that do not go together.
        """
        found = self._given(X, y)
        labels = column_or_1d(y, warn=True)
        if labels.dtype.kind == "f":
            assert_all_finite(labels, input_name="y")
        check_consistent_length(found.values, labels)
        check_classification_targets(labels)
        self.classes_ = unique_labels(labels)
        if len(self.classes_) < 2:
            raise HadamrnnError(f"y: must have two classes or more; got one class, {self.classes_}")
        ids = np.searchsorted(self.classes_, labels)
        self._train(found, ids, len(self.classes_), ids, groups, sample_weight)
        return self

    def decision_function(self, X: Any) -> npt.NDArray[np.float32]:
        """Logits, (n, classes); of two classes the second one's less the first one's, (n,)."""
        logits = self._outputs(X)
        return logits[:, 1] - logits[:, 0] if len(self.classes_) == 2 else logits

    def predict_proba(self, X: Any) -> npt.NDArray[np.float64]:
        """Softmax of the logits, (n, classes), columns as ``classes_``."""
        logits = self._outputs(X).astype(np.float64)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: npt.NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels, (n,)."""
        best = self._outputs(X).argmax(axis=1)
        labels: npt.NDArray[Any] = self.classes_[best]
        return labels

    def export(self, folder: str | Path, name: str = "model") -> Exported:
        """Write the model for a device: model.hrnn, model.onnx and C, each compared with the next.

        The scales of its integers come from training sequences that ``fit`` kept. What is exported
        takes readings as recorded, in Python and in C.

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
            A width cannot be proven, or C or ONNX differ.
        """
        from hadamrnn.estimators import exporting

        check_is_fitted(self, "module_")
        names = tuple(str(label) for label in self.classes_)
        found, ids = self.calibration_, self.calibration_targets_
        return exporting.write(self.module_, self.coding_, found, ids, names, name, folder)
