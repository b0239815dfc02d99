"""From a torch module of the user's own to a folder for a device, without the pipeline."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.export import calibration as scales
from hadamrnn.export import checked, from_torch
from hadamrnn.export.freeze import freeze
from hadamrnn.export.module_parts import as_classifier, logits_of
from hadamrnn.export.recorded import recording
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.integer.recording import Recording
from hadamrnn.prepared.coding import Coding, Raw

TRIED = 32
"""Calibration sequences on which read-outs are compared."""
Numbers = npt.NDArray[Any]


def export_module(
    module: nn.Module,
    calibration: npt.ArrayLike | torch.Tensor,
    folder: str | Path,
    *,
    targets: npt.ArrayLike | None = None,
    name: str = "model",
    class_names: Sequence[str] = (),
    zero: npt.ArrayLike | None = None,
    scale: npt.ArrayLike | None = None,
    output_weight_bits: int | None = 8,
    embedding_bits: int | None = 8,
    activation_bits: int = 12,
    input_bits: int = 8,
    bias_bits: int = 16,
) -> checked.Exported:
    """Write a torch module as model.hrnn, C and ONNX, each compared with the next.

    Parameters
    ----------
    module : torch.nn.Module
        Holds one ``HadamRNN`` (with any of its options), one ``nn.Linear`` (with or without bias),
        relu, and perhaps one ``nn.Embedding`` in front; it returns logits of the last state, of the
        mean of the states, of its logarithm or of every state. Or a ``HadamClassifier``.
    calibration : array_like or tensor, (n, time, features) floats or (n, time) ids
        Training sequences as the module reads them: ranges of inputs and states come from them,
        and the longest mean is as long as they are.
    folder : str or Path
        Made if it is not there.
    targets : array_like of int, optional
        Class ids of the sequences (and steps), by which the scale of the states is chosen; default
        the module's own answers.
    name : str
        Of the model, in C as well.
    class_names : sequence of str, optional
        One for each class.
    zero, scale : array_like of float, (features,), optional
        What the module reads is (reading - zero) / scale: with both, the exported model takes
        readings as they were recorded.
    output_weight_bits : int or None
        Bits that the Linear is rounded to, 1 to 8, or 12 for None; U keeps the layer's own.
    embedding_bits : int or None
        Bits of the vectors of an Embedding, 1 to 8. They ship where that takes fewer bytes than
        their products with U, in 8 bits; None: always those products.
    activation_bits, input_bits, bias_bits : int
        Of states, inputs and biases, as in params.yaml.

    Returns
    -------
    Exported
        The integer model, and what was compared.

    Raises
    ------
    HadamrnnError
        For what cannot be exported, by its name; for a width that cannot be proven.

    Examples
    --------
    >>> from hadamrnn import HadamRNN
    >>> class Mine(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.rnn = HadamRNN(3, 16, fade=3)
    ...         self.readout = torch.nn.Linear(16, 4, bias=False)
    ...     def forward(self, x):
    ...         return self.readout(self.rnn.mean_state(x))
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = export_module(Mine(), torch.randn(20, 30, 3), folder, name="mine")
    ...     sorted(file.name for file in done.folder.iterdir())  # doctest: +NORMALIZE_WHITESPACE
    ['README.md', 'hadamrnn.c', 'hadamrnn.h', 'hadamrnn_stream.c', 'hadamrnn_stream.h', 'main.c',
     'mine.h', 'model.hrnn', 'model.onnx', 'stream.c']
    """
    found = next(iter(module.parameters()), None)
    where = torch.device("cpu") if found is None else found.device
    inputs = torch.as_tensor(calibration)
    symbols = not inputs.is_floating_point()
    if inputs.dim() != (2 if symbols else 3) or not inputs.numel():
        raise HadamrnnError(
            "calibration: must be (n, time, features) floats or (n, time) ids, of one sequence at "
            f"least; got shape {tuple(inputs.shape)} of {inputs.dtype}"
        )
    inputs = (inputs.long() if symbols else inputs.float()).to(where)
    if not symbols and not bool(inputs.isfinite().all()):
        raise HadamrnnError("calibration: must hold finite numbers; got others")
    coding = _coding(zero, scale, None if symbols else inputs.shape[2])
    classifier = as_classifier(module, inputs[:TRIED], output_weight_bits, embedding_bits)
    readings: npt.NDArray[Any] = inputs.cpu().numpy()
    chosen = scales.choose(len(readings))
    if targets is None:
        answers = logits_of(classifier, inputs[chosen]).argmax(-1).cpu().numpy()
    else:
        answers = np.asarray(targets)[chosen]
    spec = IntegerSpec(
        name=name,
        activation_bits=activation_bits,
        input_bits=input_bits,
        bias_bits=bias_bits,
        input_kind="symbol" if symbols else "dense",
        readout=classifier.readout,
        per_step=classifier.per_step,
        max_steps=readings.shape[1],
        class_names=tuple(class_names),
    )
    span = None if symbols else scales.input_range(readings, Coding("dense"))
    weights = from_torch.frozen_weights(classifier)
    model = freeze(weights, readings[chosen], answers, spec, span)
    if coding is not None:
        model = dataclasses.replace(model, recording=_recording(coding, readings, model))
    return checked.write(classifier, model, folder, list(readings[chosen[: checked.COMPARED]]))


def _coding(
    zero: npt.ArrayLike | None, scale: npt.ArrayLike | None, features: int | None
) -> Raw | None:
    """What a module's inputs are made of readings by, checked; None where that is not told."""
    if zero is None and scale is None:
        return None
    columns = []
    for name, given in (("zero", zero), ("scale", scale)):
        values = np.asarray([] if given is None else given, dtype=np.float64)
        if features is None or values.shape != (features,) or not np.isfinite(values).all():
            wanted = "be left out for ids" if features is None else f"be {features} finite numbers"
            raise HadamrnnError(f"{name}: must {wanted}; got {given!r}")
        columns.append(tuple(values.tolist()))
    if min(columns[1]) <= 0:
        raise HadamrnnError(f"scale: must be above 0; got {min(columns[1]):g}")
    return Raw(zero=columns[0], scale=columns[1])


def _recording(raw: Raw, inputs: Numbers, model: Any) -> Recording:
    """How the model codes readings, of which ``inputs`` are what the module reads."""
    readings = inputs * np.array(raw.scale) + np.array(raw.zero)
    quantization = model.input_scale, model.input_zero_point
    coding = Coding("dense", raw=raw)
    return recording(coding, readings.astype(np.float32), quantization, window=inputs.shape[1])
