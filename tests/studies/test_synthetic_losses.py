import numpy as np
import pytest
import torch
from torch import nn

from semsynth.segmentors import Segmentor
from semsynth.studies.synthetic_data.losses import Tally, hardness, ignored, images_per_map, pixel_losses, tally


class Judge(Segmentor):
    """Says with which probability each of its classes is at a pixel, by the pixel's colour."""

    def __init__(self, class_map=None):
        super().__init__(nn.Identity(), 3, class_map=class_map)

    def segment(self, images):
        return images.float().softmax(dim=1), []


@pytest.fixture
def scenes():
    draws = np.random.default_rng(0)
    return (draws.integers(0, 256, (2, 3, 5, 7), dtype=np.uint8), draws.integers(0, 4, (2, 5, 7)))


def plain(image, label, kind_of):
    """Loss of each pixel with a class, by a loop."""
    found = {}
    for y, x in np.ndindex(label.shape):
        if (kind := kind_of[label[y, x]]) != 255:
            values = image[:, y, x] / 127.5 - 1
            found[y, x] = kind, -np.log(np.exp(values[kind]) / np.exp(values).sum())
    return found


@pytest.mark.parametrize('class_map', [None, [2, 255, 0, 1]])
def test_losses_and_their_means_by_class_are_those_of_a_loop(class_map, scenes):
    images, labels = scenes
    losses, classes, agrees = pixel_losses(Judge(class_map), torch.tensor(images), torch.tensor(labels))
    sums = Tally(np.zeros(3, int), np.zeros(3))
    for each in range(2):
        found = plain(images[each], labels[each], class_map or [0, 1, 2, 255])
        for y, x in np.ndindex(5, 7):
            kind, loss = found.get((y, x), (255, 0))
            assert agrees[each, y, x] == (images[each, :, y, x].argmax() == kind)
            assert classes[each, y, x] == kind and losses[each, y, x] == pytest.approx(loss, abs=1e-5)
        counted = tally(losses[each], classes[each], 3)
        for kind in range(3):
            own = [loss for its, loss in found.values() if its == kind]
            assert counted.pixels[kind] == len(own) and counted.losses[kind] == pytest.approx(sum(own), abs=1e-4)
        sums = sums + counted
    assert sums.means == pytest.approx(sums.losses / sums.pixels)


def test_a_pixel_is_ignored_above_the_margin_of_its_own_class():
    losses = torch.tensor([[1.24, 1.26, 9.9], [2.49, 2.51, 9.9]])
    classes = torch.tensor([[0, 0, 255], [1, 1, 255]])
    out = ignored(losses, classes, np.array([1.0, 2.0, 0.0]), 1.25)
    assert out.tolist() == [[False, True, False], [False, True, False]]
    assert not ignored(losses, classes, np.array([1.0, 2.0, 0.0]), 100).any()


def test_a_certain_mistake_has_a_finite_loss():
    class Sure(Judge):
        def segment(self, images):
            return torch.zeros_like(images.float()), []

    losses, *_ = pixel_losses(Sure(), torch.zeros(1, 3, 2, 2, dtype=torch.uint8), torch.zeros(1, 2, 2))
    assert losses.isfinite().all() and losses.min() > 80


def test_a_map_is_as_hard_as_its_classes_are():
    means = np.array([0.5, 2.0, 4.0])
    assert hardness(np.array([6, 2, 0]), means) == pytest.approx((6 * 0.5 + 2 * 2) / 8)
    assert hardness(np.array([0, 0, 0]), means) == 0
    assert Tally(np.array([0, 2]), np.array([0.0, 3.0])).means.tolist() == [0, 1.5]


@pytest.mark.parametrize(('count', 'mean'), [(1, 4), (2, 4), (5, 4), (6, 3), (7, 1), (100, 2), (33, 8), (4, 7)])
def test_hard_maps_have_more_images_and_the_average_is_kept(count, mean):
    hard = np.random.default_rng(count).permutation(count).astype(float)
    numbers = images_per_map(hard.tolist(), mean)
    assert sum(numbers) == mean * count
    assert all(numbers[a] <= numbers[b] for a in range(count) for b in range(count) if hard[a] < hard[b])
    if count > 1:
        assert (numbers[hard.argmin()], numbers[hard.argmax()]) == (1, 2 * mean - 1)


def test_of_equally_hard_maps_the_first_has_more():
    assert images_per_map([1.0, 1.0, 1.0], 2) == [3, 2, 1]
