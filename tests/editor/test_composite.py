"""A photo with a synthesised image in place of what was edited, against loops over pixels."""

import math

import numpy as np
import pytest

from semsynth.editor.composite import composite
from semsynth.editor.scene import Kept


def pictures(size, other=None):
    rng = np.random.default_rng(0)
    return (rng.integers(256, size=(*size, 3), dtype=np.uint8) for size in (size, other or size))


@pytest.mark.parametrize('feather', [0, 1, 4])
def test_a_rim_that_falls_linearly(feather):
    photo, image = pictures((19, 24))
    edited = np.zeros((19, 24), bool)
    edited[3:8, 20:] = edited[17, 2] = True
    result = composite(Kept(photo, edited, feather), image)
    places = np.argwhere(edited)
    for y in range(19):
        for x in range(24):
            distance = min(math.dist((y, x), place) for place in places)
            share = max(0, 1 - distance / (feather + 1))
            mixed = share * image[y, x] + (1 - share) * photo[y, x]
            assert np.abs(result[y, x] - mixed).max() <= .51
            if distance >= feather + 1:
                assert (result[y, x] == photo[y, x]).all()
            if distance == 0:
                assert (result[y, x] == image[y, x]).all()


def test_a_photo_of_another_size_keeps_its_own():
    photo, image = pictures((40, 96), (20, 24))
    edited = np.zeros((20, 24), bool)
    edited[5:9, 5:9] = True
    result = composite(Kept(photo, edited, 3), image)
    changed = (result != photo).any(-1)
    assert result.shape == photo.shape and changed[10:18, 20:36].mean() > .99
    changed[7:21, 17:39] = False
    assert not changed.any()


def test_nothing_edited():
    photo, image = pictures((9, 9))
    assert np.array_equal(composite(Kept(photo, np.zeros((9, 9), bool), 8), image), photo)
