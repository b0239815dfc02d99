"""Distorted images: how far they move, in any order of the pixels, and who may ask for it."""

import pytest
import torch

from hadamrnn.errors import HadamrnnError
from hadamrnn.training.augmentation import from_card
from hadamrnn.training.distortion import ImageDistortion, grid_of
from tests.train_settings import train_settings

ROWS, COLUMNS = 20, 30
ORDER = torch.randperm(ROWS * COLUMNS, generator=torch.Generator().manual_seed(7))
IMAGE = {"shape": [ROWS, COLUMNS], "order": list(range(ROWS * COLUMNS))}
SHUFFLED = {"shape": [ROWS, COLUMNS], "order": ORDER.tolist()}


def seeded(seed=4):
    return torch.Generator().manual_seed(seed)


def blots(count):
    """(count, pixels, 1): a bright square in the middle of each image."""
    images = torch.zeros(count, ROWS, COLUMNS)
    images[:, 8:12, 13:17] = 1
    return images.flatten(1)[..., None]


def centres(sequences):
    """(count, 2): mean row and column of the brightness, from the middle of the image."""
    images = sequences[..., 0].unflatten(1, (ROWS, COLUMNS))
    rows, columns = torch.arange(ROWS) - (ROWS - 1) / 2, torch.arange(COLUMNS) - (COLUMNS - 1) / 2
    total = images.sum((1, 2))
    return torch.stack(
        ((images.sum(2) * rows).sum(1) / total, (images.sum(1) * columns).sum(1) / total), 1
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("rows", "columns"), [(ROWS, COLUMNS), (1, 5), (7, 1)])
def test_the_grid_is_torchs(rows, columns, dtype):
    maps = torch.randn(6, 2, 3, generator=seeded(), dtype=dtype)
    wanted = torch.nn.functional.affine_grid(maps, [6, 1, rows, columns], align_corners=False)
    tolerance = 8 * torch.finfo(dtype).eps
    torch.testing.assert_close(grid_of(maps, rows, columns), wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("pixels", [0.25, 1.0])
def test_the_middle_moves_by_so_many_pixels_along_both_axes(pixels):
    moved = centres(ImageDistortion(IMAGE, pixels)(blots(4000), seeded()))
    assert moved.mean(0).tolist() == pytest.approx([0, 0], abs=0.06 * pixels)
    assert moved.std(0).tolist() == pytest.approx([pixels, pixels], rel=0.05)


def test_images_are_stretched_and_sheared_as_well():
    """A bar along the right edge moves apart from one along the left edge."""
    bars = torch.zeros(2, ROWS, COLUMNS)
    bars[0, 5:15, 4:6] = bars[1, 5:15, -6:-4] = 1
    pairs = bars.repeat(1000, 1, 1).flatten(1)[..., None]
    distort = ImageDistortion(IMAGE, 1.0)
    draw = distort._maps(1000, seeded(), pairs)
    distort._maps = lambda count, generator, like: draw.repeat_interleave(2, 0)
    left, right = centres(distort(pairs, seeded())).unflatten(0, (1000, 2)).unbind(1)
    apart = (right - left).std(0)
    assert float(apart.min()) > 1.0


def test_the_order_of_reading_does_not_matter():
    images = torch.rand(3, ROWS * COLUMNS, 1, generator=seeded(1))
    plain = ImageDistortion(IMAGE, 0.7)(images, seeded())
    shuffled = ImageDistortion(SHUFFLED, 0.7)(images[:, ORDER], seeded())
    assert torch.equal(plain[:, ORDER], shuffled)
    assert not torch.allclose(plain, images, atol=0.1)


def test_draws_repeat_and_nothing_moves_at_zero_pixels():
    images = torch.rand(3, ROWS * COLUMNS, 1, generator=seeded(1)).double()
    again = [ImageDistortion(SHUFFLED, 0.5)(images, seeded()) for _ in range(2)]
    assert torch.equal(*again) and again[0].dtype == torch.float64
    assert torch.allclose(ImageDistortion(SHUFFLED, 0.0)(images, seeded()), images, atol=1e-5)


def test_background_stays_exactly_zero():
    moved = ImageDistortion(IMAGE, 0.5)(blots(50), seeded())
    assert float((moved == 0).double().mean()) > 0.9


def test_a_recipe_asks_for_it_and_the_data_set_must_be_of_images():
    card = {"input": {"kind": "dense", "size": 1}}
    distort = from_card(train_settings(distortion=0.5), {**card, "image": IMAGE})
    assert isinstance(distort, ImageDistortion) and distort.pixels == 0.5
    with pytest.raises(HadamrnnError) as caught:
        from_card(train_settings(distortion=0.5), card)
    assert str(caught.value) == (
        'train.distortion: must be 0 for a data set whose card.json has no "image"; got 0.5'
    )
