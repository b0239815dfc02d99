"""Random distortion of images in training: as if the digits were written a little differently.

Each image of each epoch is seen through an affine map of its own, p -> (I + A) p + d, whose six
numbers are drawn from normal distributions, so that it is moved, turned, stretched and sheared;
grey levels between pixels are interpolated and what comes from outside is background, zero. The
exported model and its cost stay the same.

The data set's card.json tells as "image" its ``shape``, [rows, columns], and the ``order`` in which
a sequence reads the pixels: positions in the image, row by row.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch.nn import functional


def grid_of(maps: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """torch's affine_grid without aligned corners, in half of its time.

    Parameters
    ----------
    maps : torch.Tensor
        (batch, 2, 3) affine maps.
    rows, columns : int
        Of an image.

    Returns
    -------
    torch.Tensor
        (batch, rows, columns, 2): the map of (x, y, 1) for every pixel.
    """
    x, y = ((torch.arange(n, device=maps.device) * 2 + 1).to(maps) / n - 1 for n in (columns, rows))
    across, down, shift = (part[:, None] for part in maps.unbind(2))
    return (across * x[:, None])[:, None] + (down * y[:, None] + shift)[:, :, None]


class ImageDistortion:
    """Draws an affine map for each image and applies it.

    Parameters
    ----------
    image : mapping
        "image" of a card.json: ``shape`` and ``order``.
    pixels : float
        Standard deviation, in pixels, of the shift along each axis, and of how far stretching and
        shearing move the middle of each edge.

    Examples
    --------
    >>> distort = ImageDistortion({"shape": [8, 8], "order": list(range(64))}, pixels=0.5)
    >>> images = torch.rand(2, 64, 1)
    >>> distort(images, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 64, 1])
    """

    def __init__(self, image: Mapping[str, Any], pixels: float) -> None:
        self.shape = tuple(image["shape"])
        self.order = torch.tensor(image["order"])
        self.places = torch.argsort(self.order)
        self.pixels = pixels

    def __call__(self, inputs: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Changed copy of some images.

        Parameters
        ----------
        inputs : torch.Tensor
            (batch, pixels, 1), 0 where nothing is drawn.
        generator : torch.Generator
            All that the draw depends on; on the device of the inputs.

        Returns
        -------
        torch.Tensor
            As ``inputs``.
        """
        pixels = inputs.squeeze(2).index_select(1, self.places.to(inputs.device))
        images = pixels.unflatten(1, (1, *self.shape))
        maps = self._maps(len(inputs), generator, inputs)
        grid = grid_of(maps, *self.shape)
        distorted = functional.grid_sample(images, grid, align_corners=False)
        return distorted.flatten(1).index_select(1, self.order.to(inputs.device))[:, :, None]

    def _maps(self, count: int, generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
        """(count, 2, 3): [I + A, d] in torch's coordinates, which go from -1 to 1 across."""
        draw = torch.randn((count, 2, 3), generator=generator, device=like.device)
        rows, columns = self.shape
        across = torch.tensor([[2 / columns], [2 / rows]], device=like.device)  # of one pixel
        identity = torch.eye(2, 3, device=like.device)
        return (identity + self.pixels * across * draw).to(like)
