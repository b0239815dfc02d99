"""Which classifier a torch module of the user's own is.

What a module computes is not read off its code but tried: of the read-outs that can be exported,
the one whose logits equal the module's on some sequences is taken, or none.
"""

import torch
from torch import nn

from hadamrnn.errors import HadamrnnError
from hadamrnn.models.classifier import HadamClassifier
from hadamrnn.models.layer import HadamRNN
from hadamrnn.readouts import READOUTS

HARMLESS = (nn.Identity, nn.ReLU, nn.Flatten, nn.Dropout, nn.Sequential, nn.ModuleList)
"""Modules beside the layer and the read-out that may be there: what they do is tried. Dropout does
nothing outside training."""
CLOSE = 1e-4
"""Of the module's logits, beside the largest: two ways to sum the same numbers in float32."""


def _parts(module: nn.Module) -> tuple[HadamRNN, nn.Linear, nn.Embedding | None]:
    """Layer, read-out and embedding; HadamrnnError for anything else in the module."""
    layers = [one for one in module.modules() if isinstance(one, HadamRNN)]
    linear = [one for one in module.modules() if isinstance(one, nn.Linear)]
    vectors = [one for one in module.modules() if isinstance(one, nn.Embedding)]
    for name, one in module.named_modules():
        leaf = not any(True for _ in one.children())
        known = isinstance(one, (HadamRNN, nn.Linear, nn.Embedding, *HARMLESS))
        if name and leaf and not known:
            raise HadamrnnError(
                f"module.{name}: must be no {type(one).__name__}, which the integer model does not "
                f"have: exported are HadamRNN, relu, a mean over time, one Linear, and an Embedding"
            )
    for kind, found in (("HadamRNN", layers), ("Linear", linear)):
        if len(found) != 1:
            raise HadamrnnError(f"module: must hold one {kind} to be exported; got {len(found)}")
    if len(vectors) > 1:
        raise HadamrnnError(
            f"module: must hold at most one Embedding to be exported; got {len(vectors)}"
        )
    return layers[0], linear[0], vectors[0] if vectors else None


def _classifier(
    parts: tuple[HadamRNN, nn.Linear, nn.Embedding | None],
    readout: str,
    bits: int | None,
    embedding_bits: int | None,
) -> HadamClassifier:
    """The classifier with the parameters of the parts; per step for "every"."""
    layer, linear, embedding = parts
    if linear.in_features != layer.hidden_size:
        raise HadamrnnError(
            f"module: its Linear must read the {layer.hidden_size} states of its HadamRNN; got "
            f"in_features={linear.in_features}"
        )
    made = HadamClassifier(
        layer.input_size if embedding is None else embedding.num_embeddings,
        layer.hidden_size,
        linear.out_features,
        layer.q,
        layer.weight_bits,
        readout="last" if readout == "every" else readout,
        per_step=readout == "every",
        embedding_size=None if embedding is None else embedding.embedding_dim,
        fade=layer.fade,
        output_weight_bits=bits,
        embedding_bits=None if embedding is None else embedding_bits,
    ).to(layer.input_weight)
    made.rnn = layer
    with torch.no_grad():
        made.output_weight.copy_(linear.weight)
        made.output_bias.zero_()
        if linear.bias is not None:
            made.output_bias.copy_(linear.bias)
        if embedding is not None and made.embedding is not None:
            made.embedding.weight.copy_(embedding.weight)
    return made.eval()


def logits_of(module: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """What a module answers, without gradients; HadamrnnError where that is no tensor."""
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
    module: nn.Module,
    inputs: torch.Tensor,
    output_weight_bits: int | None = 8,
    embedding_bits: int | None = 8,
) -> HadamClassifier:
    """The classifier that computes what a module computes, its V and embedding rounded.

    Parameters
    ----------
    module : torch.nn.Module
        In evaluation mode, as ``export_module`` takes it.
    inputs : torch.Tensor, (n, time, features) floats or (n, time) ids
        Sequences on which the two are compared.
    output_weight_bits : int or None
        Bits of V, 1 to 8, or 12 for None.
    embedding_bits : int or None
        Bits of the vectors of an Embedding, 1 to 8; None: those of their products with U alone.

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
    parts = _parts(module)
    layer, linear, embedding = parts
    wanted = logits_of(module, inputs)
    for readout in (*READOUTS, "every"):
        exact = _classifier(parts, readout, None, None)
        if not _far(logits_of(exact, inputs), wanted):
            return _classifier(parts, readout, output_weight_bits, embedding_bits)
    with torch.no_grad():
        states, last = layer(inputs if embedding is None else embedding(inputs))
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
