"""From a torch module of the user's own to a folder for a device, without the pipeline.

What a module computes is not read off its code but tried: of the read-outs that can be exported,
the one whose logits equal the module's on the calibration sequences is taken, or none.
"""

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
from hadamrnn.export.spec import IntegerSpec
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.layer import HadamRNN
from hadamrnn.prepared.coding import Coding
from hadamrnn.readouts import READOUTS

HARMLESS = (nn.Identity, nn.ReLU, nn.Flatten, nn.Dropout, nn.Sequential, nn.ModuleList)
"""Modules beside the layer and the read-out that may be there: what they do is tried. Dropout does
nothing outside training."""
CLOSE = 1e-4
"""Of the module's logits, beside the largest: two ways to sum the same numbers in float32."""
TRIED = 32
"""Calibration sequences on which read-outs are compared."""


def _parts(module: nn.Module) -> tuple[HadamRNN, nn.Linear]:
    """The recurrent layer and the read-out; HadamrnnError for anything else in the module."""
    layers = [one for one in module.modules() if isinstance(one, HadamRNN)]
    linear = [one for one in module.modules() if isinstance(one, nn.Linear)]
    for name, one in module.named_modules():
        leaf = not any(True for _ in one.children())
        known = isinstance(one, (HadamRNN, nn.Linear, *HARMLESS))
        if name and leaf and not known:
            raise HadamrnnError(
                f"module.{name}: must be no {type(one).__name__}, which the integer model does not "
                f"have: exported are HadamRNN, relu, a mean over time, and one Linear"
            )
    for kind, found in (("HadamRNN", layers), ("Linear", linear)):
        if len(found) != 1:
            raise HadamrnnError(f"module: must hold one {kind} to be exported; got {len(found)}")
    return layers[0], linear[0]


def _classifier(
    layer: HadamRNN, linear: nn.Linear, readout: str, bits: int | None
) -> HadamClassifier:
    """The classifier with a layer's own parameters and a read-out's; per step for "every"."""
    if linear.in_features != layer.hidden_size:
        raise HadamrnnError(
            f"module: its Linear must read the {layer.hidden_size} states of its HadamRNN; got "
            f"in_features={linear.in_features}"
        )
    made = HadamClassifier(
        layer.input_size,
        layer.hidden_size,
        linear.out_features,
        layer.q,
        layer.weight_bits,
        readout="last" if readout == "every" else readout,
        per_step=readout == "every",
        fade=layer.fade,
        output_weight_bits=bits,
    ).to(layer.input_weight)
    made.rnn = layer
    with torch.no_grad():
        made.output_weight.copy_(linear.weight)
        made.output_bias.zero_()
        if linear.bias is not None:
            made.output_bias.copy_(linear.bias)
    return made.eval()


def _logits(module: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        found = module(inputs)
    if not isinstance(found, torch.Tensor):
        raise HadamrnnError(f"module: must return logits, a tensor; got {type(found).__name__}")
    return found


def _far(found: torch.Tensor, wanted: torch.Tensor) -> bool:
    if found.shape != wanted.shape:
        return True
    largest = max(1.0, float(wanted.abs().max()))
    return not float((found - wanted).abs().max()) <= CLOSE * largest


def as_classifier(
    module: nn.Module, inputs: torch.Tensor, output_weight_bits: int | None = 8
) -> HadamClassifier:
    """The classifier that computes what a module computes, its V rounded.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, as ``export_module`` takes it.
    inputs : torch.Tensor, (n, time, features) floats or (n, time) ids
        Sequences on which the two are compared.
    output_weight_bits : int or None
        Bits of V, 1 to 8, or 12 for None.

    Returns
    -------
    HadamClassifier
        In evaluation mode; the module itself if it is one.

    Raises
    ------
    HadamrnnError
        The module holds something that cannot be exported, or computes something else.
    """
    if isinstance(module, HadamClassifier):
        return module.eval()
    for name, one in module.named_modules():
        if isinstance(one, nn.Dropout) and one.training and one.p > 0:
            raise HadamrnnError(
                f"module.{name}: its dropout must be inactive, call module.eval() first; got "
                f"p={one.p:g} in training mode"
            )
    layer, linear = _parts(module)
    wanted = _logits(module, inputs)
    for readout in (*READOUTS, "every"):
        exact = _classifier(layer, linear, readout, None)
        if not _far(_logits(exact, inputs), wanted):
            return _classifier(layer, linear, readout, output_weight_bits)
    with torch.no_grad():
        states, last = layer(inputs)
        without_relu = linear(last), linear(states), linear(states.mean(1))
    if any(not _far(found, wanted) for found in without_relu):
        raise HadamrnnError(
            "module: must apply relu to the states before its Linear, as the integer model does; "
            "got the states themselves"
        )
    raise HadamrnnError(
        f"module: must compute Linear(r) with r one of relu(h_T), the mean of relu(h_t), its "
        f"log2(mean + 2^-7), or relu(h_t) at every step; got other logits of shape "
        f"{tuple(wanted.shape)}"
    )


def export_module(
    module: nn.Module,
    calibration: npt.ArrayLike | torch.Tensor,
    folder: str | Path,
    *,
    targets: npt.ArrayLike | None = None,
    name: str = "model",
    class_names: Sequence[str] = (),
    output_weight_bits: int | None = 8,
    activation_bits: int = 12,
    input_bits: int = 8,
    bias_bits: int = 16,
) -> checked.Exported:
    """Write a torch module as model.hrnn, C and ONNX, each compared with the next.

    Parameters
    ----------
    module : torch.nn.Module
        Holds one ``HadamRNN`` (with any of its options), one ``nn.Linear`` (with or without bias)
        and relu; it returns logits of the last state, of the mean of the states, of its logarithm
        or of every state. Or a ``HadamClassifier``.
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
    output_weight_bits : int or None
        Bits that the Linear is rounded to, 1 to 8, or 12 for None; U keeps the layer's own.
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
    classifier = as_classifier(module, inputs[:TRIED], output_weight_bits)
    readings: npt.NDArray[Any] = inputs.cpu().numpy()
    chosen = scales.choose(len(readings))
    if targets is None:
        answers = _logits(classifier, inputs[chosen]).argmax(-1).cpu().numpy()
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
    return checked.write(classifier, model, folder, list(readings[chosen[: checked.COMPARED]]))
