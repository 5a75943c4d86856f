"""Operations of augmentation against plain computations, and what one draw does to layouts and images."""

import itertools

import pytest
import torch

from semsynth.discriminators.augmentation import (
    GEOMETRIC,
    OPERATIONS,
    Augmentation,
    Axis,
    cut_out,
    draw,
    move,
    recolour,
    take,
)
from semsynth.layout import Layout

SIZE = (13, 18)


def drawn(*operations, count=5, size=SIZE, probability=1.0, seed=0):
    torch.manual_seed(seed)
    return draw(operations, count, size, probability, torch.device('cpu'))


def values(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def test_colours_against_a_plain_computation():
    images = torch.rand(2, 3, 4, 5, dtype=torch.float64)
    found = recolour(images, values(0.2, -0.4), values(0.5, 2), values(1.5, 0.7))
    for image, own, brightness, saturation, contrast in zip(
            images, found, (0.2, -0.4), (0.5, 2), (1.5, 0.7), strict=True):
        brighter = image + brightness
        gray = (brighter[0] + brighter[1] + brighter[2]) / 3
        saturated = torch.stack([gray + saturation * (band - gray) for band in brighter])
        middle = saturated.sum() / saturated.numel()
        torch.testing.assert_close(own, middle + contrast * (saturated - middle))


def test_a_box_is_cut_out_up_to_the_frame():
    found = cut_out(torch.ones(2, 1, 4, 6), *(torch.tensor(side) for side in ([1, -2], [3, 2], [4, 0], [9, 1])))
    for image, rows, columns in zip(found, ((1, 2), (0, 1)), ((4, 5), (0,)), strict=True):
        for y, x in itertools.product(range(4), range(6)):
            assert image[0, y, x] == (not (y in rows and x in columns))


def plain_move(picture, rows, columns):
    """Bilinear, beyond the frame 0, pixel by pixel."""
    height, width = picture.shape
    moved = torch.zeros_like(picture)
    for y, x in itertools.product(range(height), range(width)):
        row, column = rows[0] * y + rows[1], columns[0] * x + columns[1]
        for j, i in itertools.product(range(height), range(width)):
            moved[y, x] += max(0, 1 - abs(row - j)) * max(0, 1 - abs(column - i)) * picture[j, i]
    return moved


@pytest.mark.parametrize(('rows', 'columns'), [
    ((1, 2), (1, -3)), ((1, 0), (-1, 6)), ((0.8, 0.5), (1.3, -1.2)), ((1, 9), (-1, 3))])
def test_moves_against_a_plain_computation(rows, columns):
    pictures = torch.rand(1, 2, 5, 7, dtype=torch.float64)
    axes = [Axis(values(slope), values(start)) for slope, start in (rows, columns)]
    found = move(pictures, *axes, between=True)[0]
    for own, picture in zip(found, pictures[0], strict=True):
        torch.testing.assert_close(own, plain_move(picture, rows, columns))
    if all(number == int(number) for number in (*rows, *columns)):
        assert torch.equal(move(pictures, *axes)[0], found)


def test_the_nearest_pixel_is_taken_of_ids():
    label = torch.tensor([[[5, 6, 7, 8]]])
    columns = Axis(torch.tensor([0.5]), torch.tensor([-0.6]))
    assert take(label, None, columns).tolist() == [[[0, 5, 5, 6]]]


@pytest.mark.parametrize('operations', [(name,) for name in OPERATIONS] + [OPERATIONS])
@pytest.mark.parametrize('size', [(4, 5), (1, 7)])
def test_gradients(operations, size):
    images = torch.rand(2, 3, *size, dtype=torch.float64, requires_grad=True)
    change = drawn(*operations, count=2, size=size)
    assert torch.autograd.gradcheck(change.images, images)
    assert torch.autograd.gradcheck(change.moved_back, images)


@pytest.mark.parametrize('operations', [(name,) for name in GEOMETRIC] + [GEOMETRIC])
def test_layout_and_images_move_alike(operations):
    label = torch.randint(4, (5, *SIZE))
    layout = Layout(label=label, num_classes=4, unknown=2, instance=label + 7)
    change = drawn(*operations)
    moved = change.layout(layout)
    if 'scale' not in operations:
        assert torch.equal(moved.unstyled, change.images(layout.unstyled))
    inside = moved.unstyled[:, :4].sum(1)
    assert torch.equal(moved.label, torch.where(inside > 0, moved.unstyled[:, :4].argmax(1), 2))
    assert torch.equal(moved.instance, torch.where(inside > 0, moved.label + 7, 0))
    # nearest pixels against interpolated ones: they differ by half a pixel at most
    interpolated = change.images(layout.one_hot)
    assert (interpolated.amax(1)[inside > 0] > 0.2).float().mean() > 0.9
    assert 0.5 < inside.mean() <= 1 and (inside.mean() < 1 or operations == ('flip',))


@pytest.mark.parametrize('operations', [('flip',), ('translation',), ('flip', 'translation')])
def test_moved_back_is_where_it_was(operations):
    change, maps = drawn(*operations), torch.rand(5, 2, *SIZE)
    ones = torch.ones(5, 1, *SIZE)
    left = change.moved_back(change.images(ones))
    assert torch.equal(change.moved_back(change.images(maps)), maps * left)
    assert left.mean() > 0.7 and (left.mean() == 1) == (operations == ('flip',))


def test_scaled_maps_come_back_but_for_a_blur():
    change = drawn('scale')
    ramp = torch.linspace(1, 2, SIZE[1]).expand(5, 1, *SIZE)
    back = change.moved_back(change.images(ramp))[..., 4:-4, 4:-4]
    torch.testing.assert_close(back, ramp[..., 4:-4, 4:-4].expand_as(back), atol=1e-5, rtol=0)


def test_parts_of_a_batch_are_changed_alike():
    images, change = torch.rand(5, 3, *SIZE), drawn(*OPERATIONS)
    assert torch.equal(change.images(images.repeat(3, 1, 1, 1), parts=3), change.images(images).repeat(3, 1, 1, 1))
    assert torch.equal(change.moved_back(images.repeat(2, 1, 1, 1), 2)[5:], change.moved_back(images))


def test_memory_formats():
    images, change = torch.rand(5, 3, *SIZE), drawn(*OPERATIONS)
    torch.testing.assert_close(change.images(images.contiguous(memory_format=torch.channels_last)),
                               change.images(images))


def test_ranges_of_the_draws():
    size = (64, 96)
    change = drawn(*OPERATIONS, count=4000, size=size)
    brightness, saturation, contrast = change.colours
    for found, low, high in (brightness, -0.5, 0.5), (saturation, 0, 2), (contrast, 0.5, 1.5):
        assert low <= found.min() < low + 0.01 and high - 0.01 < found.max() <= high
    top, bottom, left, right = change.cut
    assert (bottom - top == 32).all() and (right - left == 48).all()
    assert ((top + bottom) // 2).aminmax() == (0, 64) and ((left + right) // 2).aminmax() == (0, 96)
    shifts = drawn('translation', count=4000, size=size)
    assert shifts.rows.start.aminmax() == (-8, 8) and shifts.columns.start.aminmax() == (-12, 12)
    flips = drawn('flip', count=4000, size=size)
    assert flips.rows is None and (flips.columns.slope < 0).float().mean() == pytest.approx(0.5, abs=0.03)
    zooms = drawn('scale', count=4000, size=size)
    assert torch.equal(zooms.rows.slope, zooms.columns.slope)
    assert zooms.rows.slope.log2().std() == pytest.approx(0.2, abs=0.01)
    middle = zooms.rows.slope * 31.5 + zooms.rows.start
    torch.testing.assert_close(middle, torch.full_like(middle, 31.5))


@pytest.mark.parametrize('operation', OPERATIONS)
@pytest.mark.parametrize('probability', [0.3, torch.tensor(0.3)])
def test_each_operation_has_its_probability(operation, probability):
    images = torch.rand(3, 8, 8).expand(3000, 3, 8, 8)
    change = drawn(operation, count=3000, size=(8, 8), probability=probability)
    changed = (change.images(images) != images).flatten(1).any(1).float().mean()
    share = dict(flip=1 / 2, translation=8 / 9).get(operation, 1)  # one of 9 translations of a pixel is none
    assert changed == pytest.approx(0.3 * share, abs=0.03)


def test_a_probability_of_0_changes_nothing():
    images, change = torch.rand(5, 3, *SIZE), drawn(*OPERATIONS, probability=0.0)
    torch.testing.assert_close(change.images(images), images)


def test_image_like_inputs_move_and_latents_stay():
    raw, latent = torch.rand(5, 2, *SIZE), torch.rand(5, 3)
    change = drawn('translation', 'flip')
    moved = change.layout(Layout(raw=raw, latent=latent, posterior=(latent, latent)))
    assert torch.equal(moved.raw, change.images(raw)) and torch.equal(moved.unstyled, moved.raw)
    assert torch.equal(moved.latent, latent) and torch.equal(moved.posterior[1], latent)
    assert Augmentation().layout(moved) is moved
