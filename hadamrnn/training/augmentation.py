"""Random changes of sensor windows in training: as if the sensors were worn a little differently.

Every change is a linear map of the channels of one window, the same at all its steps: in physical
units x -> A x, drawn anew for every window of every epoch. All are off by default and none exists
after training: the exported model and its cost stay the same. Companded channels are expanded
before they turn and compressed again behind.

- rotation: each body unit's sensors turn together about an axis drawn uniformly from the sphere,
  by an angle from a normal distribution (Rodrigues' formula).
- channel_dropout: a channel shows its mean over the training rows throughout the window.

Which channels are the x, y and z of one sensor, and which sensors sit on one rigid unit, stands in
the data set's card.json as "axes": a list of units, each a list of sensors [x, y, z].
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from hadamrnn import companding
from hadamrnn.errors import HadamrnnError
from hadamrnn.params import TrainSettings
from hadamrnn.training.batches import Augmentation
from hadamrnn.training.distortion import ImageDistortion
from hadamrnn.training.word_dropout import WordDropout


def rotation_matrices(angles: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
    """Rotations about axes, by Rodrigues' formula.

    Parameters
    ----------
    angles : torch.Tensor
        (...), radians.
    directions : torch.Tensor
        (..., 3), any length but zero.

    Returns
    -------
    torch.Tensor
        (..., 3, 3), orthogonal with determinant 1.

    Examples
    --------
    >>> turn = rotation_matrices(torch.tensor(math.pi / 2), torch.tensor([0.0, 0.0, 2.0]))
    >>> (turn @ torch.tensor([1.0, 0.0, 0.0])).round().tolist()  # x becomes y
    [0.0, 1.0, 0.0]
    """
    x, y, z = (directions / directions.norm(dim=-1, keepdim=True)).unbind(-1)
    zero = torch.zeros_like(x)
    rows = (zero, -z, y, z, zero, -x, -y, x, zero)
    cross = torch.stack(rows, -1).unflatten(-1, (3, 3))
    sine, versine = angles.sin()[..., None, None], (1 - angles.cos())[..., None, None]
    identity = torch.eye(3).to(cross)
    turn: torch.Tensor = identity + sine * cross + versine * (cross @ cross)
    return turn


class SensorAugmentation:
    """Draws one channel map per window and applies it.

    Parameters
    ----------
    axes : sequence
        Rigid units, each a sequence of sensors, each a sequence of three channel numbers.
    mean, deviation : sequence of float
        (d_in,); companded value = input * deviation + mean.
    units : sequence of float, optional
        (d_in,), as for ``companding.expand``, 0 where a channel is not companded; None: nowhere.
    rotation : float
        Degrees, standard deviation of a unit's angle.
    channel_dropout : float
        Probability of each channel.

    Examples
    --------
    >>> turn = SensorAugmentation([[[0, 1, 2]]], [0, 0, 0], [1, 1, 1], rotation=30)
    >>> window = torch.ones(1, 5, 3)
    >>> turned = turn(window, torch.Generator().manual_seed(0))
    >>> torch.allclose(turned.norm(dim=2), window.norm(dim=2))
    True
    """

    def __init__(
        self,
        axes: Sequence[Sequence[Sequence[int]]],
        mean: Sequence[float],
        deviation: Sequence[float],
        units: Sequence[float] | None = None,
        rotation: float = 0.0,
        channel_dropout: float = 0.0,
    ) -> None:
        self.rotation = math.radians(rotation)
        self.channel_dropout = channel_dropout
        self.mean = torch.tensor(mean).float()
        self.deviation = torch.tensor(deviation).float()
        self.units = torch.zeros(len(mean)) if units is None else torch.tensor(units).float()
        triples = [(body, sensor) for body, sensors in enumerate(axes) for sensor in sensors]
        self.bodies = torch.tensor([body for body, _ in triples], dtype=torch.long)
        self.channels = torch.tensor([sensor for _, sensor in triples], dtype=torch.long)

    def __call__(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Changed copy of some windows.

        Parameters
        ----------
        inputs : torch.Tensor
            (batch, time, d_in), standardised.
        generator : torch.Generator
            All that the draw depends on; on the device of the inputs.

        Returns
        -------
        torch.Tensor
            As ``inputs``.
        """
        if self.rotation:
            inputs = self._turned(inputs, generator)
        if self.channel_dropout:
            shape = (len(inputs), 1, inputs.shape[2])
            draw = torch.rand(shape, generator=generator, device=inputs.device)
            inputs = inputs * (draw >= self.channel_dropout).to(inputs)
        return inputs

    def _turned(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Copy of ``inputs`` in which every body's sensors turn; other channels keep their bits."""
        channels = self.channels.to(inputs.device)
        mean, deviation, units = (
            values.to(inputs)[channels] for values in (self.mean, self.deviation, self.units)
        )
        sensors = companding.expand(inputs[..., channels] * deviation + mean, units, torch)
        turned = torch.einsum("btsj,bsij->btsi", sensors, self._turns(inputs, generator))
        result = inputs.clone()
        result[..., channels] = (companding.compress(turned, units, torch) - mean) / deviation
        return result

    def _turns(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """A rotation for every window and sensor, (batch, sensors, 3, 3), one for each body."""
        shape, where = (len(inputs), int(self.bodies.max()) + 1), inputs.device
        angles = torch.randn(shape, generator=generator, device=where)
        directions = torch.randn((*shape, 3), generator=generator, device=where)
        turns = rotation_matrices(self.rotation * angles, directions).to(inputs)
        return turns[:, self.bodies.to(where)]


def from_card(settings: TrainSettings, card: Mapping[str, Any]) -> Augmentation | None:
    """The augmentation that a recipe asks for, or None where all are off.

    Parameters
    ----------
    settings : TrainSettings
        Of which word_dropout, distortion, rotation and channel_dropout count.
    card : mapping
        card.json of the prepared data.

    Returns
    -------
    callable or None
        As ``Batches`` takes it.

    Raises
    ------
    HadamrnnError
        The data set does not say what the augmentation needs to know.
    """
    if settings.word_dropout:
        if settings.embedding_size is None:
            raise HadamrnnError(
                "train.word_dropout: must be 0 where embedding_size is null; "
                f"got {settings.word_dropout}"
            )
        return WordDropout(settings.word_dropout)
    if settings.distortion:
        if "image" not in card:
            raise HadamrnnError(
                'train.distortion: must be 0 for a data set whose card.json has no "image"; '
                f"got {settings.distortion:g}"
            )
        return ImageDistortion(card["image"], settings.distortion)
    if not (settings.rotation or settings.channel_dropout):
        return None
    if not {"axes", "raw"} <= set(card):
        raise HadamrnnError(
            "train.rotation, train.channel_dropout: must be 0 for a data set whose card.json has "
            f'no "axes" and "raw"; got {settings.rotation:g}, '
            f"{settings.channel_dropout:g}"
        )
    raw = card["raw"]
    return SensorAugmentation(
        card["axes"],
        mean=raw["zero"],
        deviation=raw["scale"],
        units=raw.get("companding"),
        rotation=settings.rotation,
        channel_dropout=settings.channel_dropout,
    )
