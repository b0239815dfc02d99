"""The HadamRNN layer: a torch module like torch.nn.RNN, with a binary orthogonal recurrence."""

import math
import operator
from typing import Any, SupportsIndex

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from hadamrnn.errors import HadamrnnError
from hadamrnn.hadamard import block_size_of
from hadamrnn.models import sequences
from hadamrnn.models.quantization import (
    check_quantizer,
    check_weight_bits,
    initial_log_step,
    quantize,
    sign,
)
from hadamrnn.recurrence import dispatch, reference, unequal
from hadamrnn.recurrence.reference import Mode, Readout, check_fade


class HadamRNN(nn.Module):
    """h_t = f W h_{t-1} + U x_t + b with W = diag(sign(u)) (I_q (x) S_m) / sqrt(m), m = d / q.

    W is exactly orthogonal; its entries are +-1/sqrt(m), and zero outside the q blocks
    (arXiv:2502.00047). The recurrence is linear: put relu and a linear layer behind it. Parameters
    are drawn as in the paper: Xavier uniform for u and U, b uniform in +-1/sqrt(d).

    Parameters
    ----------
    input_size : int
        Features per step, or symbols when ids are given.
    hidden_size : int
        d; d / q must be a power of two.
    q : int
        Number of Hadamard blocks (1: HadamRNN, more: Block-HadamRNN).
    weight_bits : int or None
        Bits of U, 1 (ternary) to 8; None: full precision.
    bias : bool
        Whether b exists.
    hold_signs : bool
        Whether u stays as it was drawn (``sign_weight.requires_grad`` is False). Moved by the
        optimizer of the other parameters, signs flip at every step for dozens of epochs and the
        layer learns little; False is for those who give them a rate of their own.
    fade : int or None
        k of f = 1 - 2^-k, 1 to 15: a state then remembers about 2^k steps, at the price of no
        weight. None: f = 1, the paper's model.
    quantizer : str
        "max": U is rounded on the grid that its largest weight spans; "lsq": on one whose step is
        learned (``quantization``), with the parameter ``input_log_step``.
    backend : str
        Form of the recurrence, "auto" unless you know better (``recurrence.dispatch``).
    device, dtype
        Of the parameters, as of any torch module.

    Raises
    ------
    HadamrnnError
        If a size or width is not as above.

    Examples
    --------
    >>> layer = HadamRNN(input_size=3, hidden_size=8, q=2)
    >>> output, h_n = layer(torch.randn(5, 20, 3))
    >>> output.shape, h_n.shape
    (torch.Size([5, 20, 8]), torch.Size([5, 8]))
    >>> W = layer.recurrent_weight()
    >>> torch.allclose(W @ W.T, torch.eye(8), atol=1e-6)
    True
    """

    def __init__(
        self,
        input_size: SupportsIndex,
        hidden_size: SupportsIndex,
        q: SupportsIndex = 1,
        weight_bits: SupportsIndex | None = 4,
        bias: bool = True,
        hold_signs: bool = True,
        *,
        fade: SupportsIndex | None = None,
        quantizer: str = "max",
        backend: str = "auto",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        self.input_size = _integer("input_size", input_size)
        self.hidden_size = _integer("hidden_size", hidden_size)
        self.q = _integer("q", q)
        if self.input_size < 1:
            raise HadamrnnError(f"input_size: must be at least 1; got {input_size}")
        self.block_size = block_size_of(self.hidden_size, self.q)
        self.weight_bits = check_weight_bits(weight_bits)
        self.fade = check_fade(fade)
        self.backend = backend

        def empty(*shape: int) -> Tensor:
            return torch.empty(shape, device=device, dtype=dtype)

        self.sign_weight = nn.Parameter(empty(1, self.hidden_size), requires_grad=not hold_signs)
        self.input_weight = nn.Parameter(empty(self.hidden_size, self.input_size))
        self.bias = nn.Parameter(empty(self.hidden_size)) if bias else None
        learned = check_quantizer(quantizer) == "lsq" and self.weight_bits is not None
        self.input_log_step = nn.Parameter(empty(1, 1)) if learned else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new parameters from torch's current generator."""
        nn.init.xavier_uniform_(self.sign_weight)
        nn.init.xavier_uniform_(self.input_weight)
        if self.bias is not None:
            bound = 1 / math.sqrt(self.hidden_size)
            nn.init.uniform_(self.bias, -bound, bound)
        if self.input_log_step is not None and self.weight_bits is not None:
            with torch.no_grad():
                self.input_log_step.copy_(initial_log_step(self.input_weight, self.weight_bits))

    def extra_repr(self) -> str:
        return (
            f"{self.input_size}, {self.hidden_size}, q={self.q}, "
            f"weight_bits={self.weight_bits}, bias={self.bias is not None}"
            + ("" if self.fade is None else f", fade={self.fade}")
            + ("" if self.input_log_step is None else ", quantizer=lsq")
        )

    def get_extra_state(self) -> Tensor:
        """q, weight_bits and fade (0: None): what the parameters mean, kept in the state_dict."""
        return torch.tensor([self.q, self.weight_bits or 0, self.fade or 0])

    def set_extra_state(self, state: Tensor) -> None:
        """Refuse a state_dict of another q, weight_bits or fade.

        Parameters alone, as ``dict(layer.named_parameters())``, are taken without this check.
        """
        given = [*state.tolist(), 0][:3]  # before fading there were two
        if given == self.get_extra_state().tolist():
            return
        own, theirs = (
            f"q={q}, weight_bits={bits or None}, fade={fade or None}"
            for q, bits, fade in (self.get_extra_state().tolist(), given)
        )
        raise HadamrnnError(f"state_dict: must be of a layer with {own}; got one with {theirs}")

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        *others: list[str],
    ) -> None:
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, *others
        )
        key = f"{prefix}_extra_state"  # not in files of earlier versions
        if key in missing_keys:
            missing_keys.remove(key)

    def signs(self) -> Tensor:
        """u, (d,) of +1 and -1, with straight-through gradient to ``sign_weight``."""
        return sign(self.sign_weight.reshape(-1))

    def quantized_input_weight(self) -> Tensor:
        """U as the forward pass sees it: (d, input_size) on the ``weight_bits`` grid."""
        return quantize(self.input_weight, self.weight_bits, self.input_log_step)

    @torch.no_grad()
    def recurrent_weight(self) -> Tensor:
        """The dense orthogonal W, (d, d)."""
        identity = torch.eye(self.hidden_size).to(self.sign_weight)
        scale = self.signs() / math.sqrt(self.block_size)
        return scale[:, None] * reference.transform(identity, self.block_size)

    def run(
        self,
        x: Tensor,
        h_0: Tensor | None = None,
        mode: Mode = "all",
        readout: Readout | None = None,
        lengths: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """The recurrence with a read-out, of a batch; arguments as ``recurrence.unequal.run``."""
        return unequal.run(
            x,
            self.quantized_input_weight(),
            self.bias,
            self.signs(),
            self.block_size,
            h_0,
            mode,
            readout,
            self.fade,
            self.backend,
            lengths,
        )

    def forward(
        self,
        x: Tensor | PackedSequence,
        h_0: Tensor | None = None,
        lengths: sequences.Lengths | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """All states and the last one.

        Parameters
        ----------
        x : (batch, time, input_size) float, or (batch, time) integer
            Numbers of the parameters' type, or ids in 0..input_size-1. One sequence may come
            without the batch axis; a PackedSequence holds several of unequal lengths. The batch is
            always first.
        h_0 : (batch, hidden_size) float or None
            Initial state, zeros when None; (1, batch, hidden_size) as for torch.nn.RNN, too.
        lengths : (batch,) integers or None
            Steps of each sequence, 1 to time: what stands behind them does not exist.

        Returns
        -------
        output : (batch, time, hidden_size) float
            States h_1 .. h_T, zero behind a sequence's end; packed if ``x`` was.
        h_n : (batch, hidden_size) float
            The state at the end of each sequence, in the shape of ``h_0``.

        Raises
        ------
        HadamrnnError
            If shapes, types, ids or lengths are not as above.
        """
        return self._as_given("all", x, h_0, lengths)

    def last_state(
        self,
        x: Tensor | PackedSequence,
        h_0: Tensor | None = None,
        lengths: sequences.Lengths | None = None,
    ) -> Tensor:
        """h_n of ``forward`` alone: the fast way for many-to-one."""
        return self._as_given("last", x, h_0, lengths)[1]

    def mean_state(
        self,
        x: Tensor | PackedSequence,
        h_0: Tensor | None = None,
        lengths: sequences.Lengths | None = None,
    ) -> Tensor:
        """Mean over a sequence's steps of relu(h_t), in the shape of ``last_state``."""
        output, _ = self._as_given("mean", x, h_0, lengths)
        assert isinstance(output, Tensor)
        return output

    def _as_given(
        self,
        mode: Mode,
        x: Tensor | PackedSequence,
        h_0: Tensor | None,
        lengths: sequences.Lengths | None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """(output, last state) in the form of the arguments."""
        if dispatch.outside_of_graphs(self.input_weight, x, lengths):
            from hadamrnn.models import eager

            return eager.call(self._evaluate, mode, x, h_0, lengths)
        return self._evaluate(mode, x, h_0, lengths)

    def _evaluate(
        self,
        mode: Mode,
        x: Tensor | PackedSequence,
        h_0: Tensor | None,
        lengths: sequences.Lengths | None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        sizes = self.input_size, self.hidden_size
        given = sequences.read(x, h_0, lengths, *sizes, self.input_weight.dtype)
        output, last = self.run(given.inputs, given.initial_state, mode, None, given.lengths)
        if mode == "all":
            return given.steps_as_given(output), given.state_as_given(last)
        return given.state_as_given(output), given.state_as_given(last)


def _integer(name: str, value: SupportsIndex) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise HadamrnnError(f"{name}: must be an integer; got {value!r}") from None
