"""Random changes of sensor windows in training: as if the sensors were worn a little differently.

Every change is a linear map of the channels of one window, the same at all its steps: in physical
units x -> A x, drawn anew for every window of every epoch. All are off by default and none exists
after training: the exported model and its cost stay the same.

- rotation: each body unit's sensors turn together about an axis drawn uniformly from the sphere,
  by an angle from a normal distribution (Rodrigues' formula).
- channel_dropout: a channel shows its mean over the training rows throughout the window.

Which channels are the x, y and z of one sensor, and which sensors sit on one rigid unit, stands in
the data set's card.json as "axes": a list of units, each a list of sensors [x, y, z].
"""

import math

import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.word_dropout import WordDropout


def rotation_matrices(angles, directions):
    """Rotations by ``angles`` about ``directions``.

    angles : (...) float, radians; directions : (..., 3) float, any length but zero.
    Returns (..., 3, 3), orthogonal with determinant 1.

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
    return identity + sine * cross + versine * (cross @ cross)


class SensorAugmentation:
    """Draws one channel map per window and applies it.

    axes : list of rigid units, each a list of sensors, each a list of three channel numbers.
    mean, deviation : (d_in,) sequences: physical value = input * deviation + mean.
    rotation : degrees, standard deviation of a unit's angle; channel_dropout : probability.

    >>> turn = SensorAugmentation([[[0, 1, 2]]], [0, 0, 0], [1, 1, 1], rotation=30)
    >>> window = torch.ones(1, 5, 3)
    >>> turned = turn(window, torch.Generator().manual_seed(0))
    >>> torch.allclose(turned.norm(dim=2), window.norm(dim=2))
    True
    """

    def __init__(self, axes, mean, deviation, rotation=0.0, channel_dropout=0.0):
        self.rotation, self.channel_dropout = math.radians(rotation), channel_dropout
        self.mean, self.deviation = torch.tensor(mean).float(), torch.tensor(deviation).float()
        triples = [(unit, sensor) for unit, sensors in enumerate(axes) for sensor in sensors]
        self.units = torch.tensor([unit for unit, _ in triples], dtype=torch.long)
        self.channels = torch.tensor([sensor for _, sensor in triples], dtype=torch.long)

    def __call__(self, inputs, generator):
        """Changed copy of ``inputs``, (batch, time, d_in) float, drawn from ``generator`` alone."""
        maps, offsets = self._rotations(inputs, generator)
        if self.channel_dropout:
            shape = (len(inputs), inputs.shape[2])
            draw = torch.rand(shape, generator=generator, device=inputs.device)
            kept = (draw >= self.channel_dropout).to(inputs)
            maps, offsets = maps * kept[:, :, None], offsets * kept
        return torch.baddbmm(offsets[:, None], inputs, maps.transpose(1, 2))

    def _rotations(self, inputs, generator):
        """Maps (batch, d_in, d_in) and offsets (batch, d_in) of standardised channels."""
        batch, features, where = len(inputs), inputs.shape[2], inputs.device
        mean, deviation = self.mean.to(inputs), self.deviation.to(inputs)
        maps = torch.eye(features).to(inputs).repeat(batch, 1, 1)
        if not self.rotation:
            return maps, inputs.new_zeros(batch, features)
        count = int(self.units.max()) + 1
        angles = torch.randn((batch, count), generator=generator, device=where)
        directions = torch.randn((batch, count, 3), generator=generator, device=where)
        turns = rotation_matrices(self.rotation * angles, directions).to(inputs)
        channels = self.channels.to(where)
        rows, columns = channels[:, :, None], channels[:, None, :]
        maps[:, rows, columns] = turns[:, self.units.to(where)]
        offsets = (maps @ mean - mean) / deviation
        return maps * deviation / deviation[:, None], offsets


def from_card(settings, card):
    """The augmentation that ``settings`` ask for, or None where all are off.

    settings : TrainSettings; card : card.json of the prepared data.
    Raises HadamrnnError where the data set does not say what the augmentation needs to know.
    """
    if settings.word_dropout:
        if settings.embedding_size is None:
            raise HadamrnnError(
                "train.word_dropout: must be 0 where embedding_size is null; "
                f"got {settings.word_dropout}"
            )
        return WordDropout(settings.word_dropout)
    if not (settings.rotation or settings.channel_dropout):
        return None
    if not {"axes", "standardisation"} <= set(card):
        raise HadamrnnError(
            "train.rotation, train.channel_dropout: must be 0 for a data set whose card.json has "
            f'no "axes" and "standardisation"; got {settings.rotation}, {settings.channel_dropout}'
        )
    statistics = card["standardisation"]
    return SensorAugmentation(
        card["axes"], statistics["mean"], statistics["standard_deviation"],
        settings.rotation, settings.channel_dropout,
    )  # fmt: skip
