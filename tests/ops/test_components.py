"""Connected components and places in them, against SciPy's own labelling and a loop."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from semsynth.ops import components
from semsynth.ops.components import centre_offsets, connected_components


def labelled(regions):
    """Components of a batch of maps, numbered from 0, one value after the other."""
    numbers, count = np.zeros(regions.shape, int), 0
    for image, own in zip(regions, numbers, strict=True):
        for value in np.unique(image):
            parts, found = ndimage.label(image == value)
            own[parts > 0] = parts[parts > 0] + count - 1
            count += found
    return numbers


def snake(height, width):
    """One path through all rows, whose numbers have far to go."""
    regions = np.zeros((height, width), int)
    regions[::2] = 1
    regions[1::4, -1] = regions[3::4, 0] = 1
    return regions


draw = np.random.default_rng(0)
MAPS = {
    'noise': draw.integers(0, 3, (3, 17, 23)),
    'noise at the threshold of percolation': (draw.random((1, 60, 50)) < 0.593).astype(int),
    'a snake': np.stack([snake(33, 41), snake(33, 41)[::-1, ::-1]]),
    'a row': draw.integers(0, 2, (2, 1, 30)), 'a column': draw.integers(0, 2, (2, 30, 1)),
    'a pixel': np.zeros((2, 1, 1)), 'one value': np.full((2, 20, 31), -7),
}


@pytest.mark.parametrize('way', ['_walked', '_spread_about'])
@pytest.mark.parametrize('name', MAPS)
def test_components_are_scipys(name, way):
    regions = MAPS[name].astype(np.int64)
    found, expected = getattr(components, way)(torch.from_numpy(regions.copy())).numpy(), labelled(regions)
    pairs = {(int(one), int(other)) for one, other in zip(found.ravel(), expected.ravel(), strict=True)}
    assert len(pairs) == len(np.unique(found)) == expected.max() + 1
    assert found.min() >= 0 and found.max() < regions.size


def test_components_of_a_cpu_are_walked_through():
    regions = torch.from_numpy(MAPS['noise'])
    assert torch.equal(connected_components(regions), components._walked(regions))


@pytest.mark.parametrize('name', MAPS)
def test_offsets_equal_a_loop(name):
    regions = MAPS[name].astype(np.int64)
    found, numbers = centre_offsets(torch.from_numpy(regions.copy())).numpy(), labelled(regions)
    expected = np.zeros(found.shape)
    for number in range(numbers.max() + 1):
        image, y, x = np.nonzero(numbers == number)
        for channel, place in enumerate((x, y)):
            offset = place - place.mean()
            expected[image, channel, y, x] = offset / max(np.abs(offset).max(), 1e-9)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.abs(found).max() <= 1 + 1e-6
