"""What torch.nn.RNN takes as sequences, as one batch, and results in the form of what came.

Batches are (batch, time, ...), as with torch.nn.RNN's batch_first=True; one sequence alone has no
batch axis; a PackedSequence is a batch with lengths.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from hadamrnn.errors import HadamrnnError
from hadamrnn.recurrence.tracing import autocast_enabled, unseen
from hadamrnn.recurrence.unequal import hide

Lengths = Tensor | Sequence[int]


@dataclass(frozen=True)
class Sequences:
    """A checked batch.

    Parameters
    ----------
    inputs : (batch, time, d_in) float, or (batch, time) integer
    initial_state : (batch, d) float or None
    lengths : (batch,) int64 or None
        On the device of ``inputs``; None: every sequence has ``time`` steps.
    packed : PackedSequence or None
        What ``inputs`` were made from.
    batched : bool
        Whether what came had a batch axis.
    layers : bool
        Whether h_0 came with torch.nn.RNN's leading axis of one layer.
    """

    inputs: Tensor
    initial_state: Tensor | None
    lengths: Tensor | None
    packed: PackedSequence | None
    batched: bool
    layers: bool

    def steps_as_given(self, values: Tensor) -> Tensor | PackedSequence:
        """(batch, time, d), without the batch axis or packed where the inputs were."""
        if self.packed is None:
            return values if self.batched else values[0]
        assert self.lengths is not None
        order, lengths = self.packed.sorted_indices, self.lengths
        if order is not None:
            values, lengths = values[order], lengths[order]
        data = pack_padded_sequence(values, lengths.cpu(), batch_first=True).data
        return PackedSequence(data, self.packed.batch_sizes, order, self.packed.unsorted_indices)

    def state_as_given(self, state: Tensor) -> Tensor:
        """(batch, d), with the axis of layers or without that of the batch where h_0 was so."""
        state = state if self.batched else state[0]
        return state[None] if self.layers else state


def read(
    x: Tensor | PackedSequence,
    h_0: Tensor | None,
    lengths: Lengths | None,
    input_size: int,
    hidden_size: int,
    dtype: torch.dtype,
) -> Sequences:
    """What a layer was called with, checked.

    Parameters
    ----------
    x, h_0, lengths
        As ``HadamRNN.forward``.
    input_size, hidden_size : int
        d_in or symbols, and d.
    dtype : torch.dtype
        Type of the parameters; under torch.autocast, numbers of up to 32 bits become this type.

    Raises
    ------
    HadamrnnError
        If shapes, types, ids or lengths are not as they must be.
    """
    packed = x if isinstance(x, PackedSequence) else None
    if isinstance(x, PackedSequence):
        if lengths is not None:
            raise HadamrnnError("lengths: a PackedSequence has its own; got others")
        x, lengths = pad_packed_sequence(x, batch_first=True)
    for name, value in (("x", x), ("h_0", h_0)):
        if value is not None and not isinstance(value, Tensor):
            kind = type(value).__name__
            raise HadamrnnError(f"{name}: must be a torch tensor; got {kind}")
    batched = x.dim() == (3 if x.is_floating_point() else 2)
    _check_shape(x, input_size)
    x = x if batched else x[None]
    if x.shape[1] < 1:
        raise HadamrnnError("x: must have at least one time step; got 0")
    if x.dim() == 3:
        x = _in_type("x", x, dtype)
    counts = None
    if lengths is not None:
        counts = _counts(lengths, x, batched)
        x = hide(x, counts)
    if x.dim() == 2:
        _check_ids(x, input_size)
    layers = False
    if h_0 is not None:
        h_0, layers = _state(h_0, len(x), batched, hidden_size)
        h_0 = _in_type("h_0", h_0, dtype)
    return Sequences(x, h_0, counts, packed, batched, layers)


def _check_shape(x: Tensor, input_size: int) -> None:
    numbers = x.is_floating_point()
    if numbers and x.dim() in (2, 3) and x.shape[-1] == input_size:
        return
    if not numbers and not x.is_complex() and x.dim() in (1, 2):
        return
    rule = (
        f"must have shape (batch, time, {input_size}) or (time, {input_size}) if float, "
        "(batch, time) or (time,) if integer ids"
    )
    if numbers and x.dim() == 2 and input_size == 1:
        rule += "; x[..., None] adds the axis of one feature"
    raise HadamrnnError(f"x: {rule}; got {tuple(x.shape)} of {x.dtype}")


def _in_type(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    if value.dtype == dtype:
        return value
    small = value.is_floating_point() and value.element_size() <= 4
    if small and autocast_enabled(value.device.type):
        return value.to(dtype)
    raise HadamrnnError(f"{name}: must have the parameters' type {dtype}; got {value.dtype}")


def _state(h_0: Tensor, batch: int, batched: bool, hidden_size: int) -> tuple[Tensor, bool]:
    """((batch, d), whether there was an axis of layers)."""
    wanted = (batch, hidden_size) if batched else (hidden_size,)
    shape = tuple(h_0.shape)
    if shape not in (wanted, (1, *wanted)):
        raise HadamrnnError(f"h_0: must have shape {wanted} or {(1, *wanted)}; got {shape}")
    return h_0.reshape(batch, hidden_size), shape != wanted


def _counts(lengths: Lengths, x: Tensor, batched: bool) -> Tensor:
    """(batch,) int64 on the device of ``x``."""
    batch, steps = x.shape[:2]
    counts = torch.as_tensor(lengths)
    if not batched:
        raise HadamrnnError("lengths: must come with a batch; got one sequence")
    if counts.is_floating_point() or tuple(counts.shape) != (batch,):
        raise HadamrnnError(
            f"lengths: must be integers of shape ({batch},); got {tuple(counts.shape)} of "
            f"{counts.dtype}"
        )
    if batch and not unseen() and not 1 <= int(counts.min()) <= int(counts.max()) <= steps:
        raise HadamrnnError(
            f"lengths: must lie in 1..{steps}; got {int(counts.min())}..{int(counts.max())}"
        )
    return counts.to(x.device, torch.int64)


def _check_ids(x: Tensor, symbols: int) -> None:
    if x.numel() and not unseen() and not 0 <= int(x.min()) <= int(x.max()) < symbols:
        raise HadamrnnError(
            f"x: ids must lie in 0..{symbols - 1}; got {int(x.min())}..{int(x.max())}"
        )
