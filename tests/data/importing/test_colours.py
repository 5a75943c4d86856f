import numpy as np
import pytest

from semsynth.data.importing.colours import ColourMatcher, pack, unpack

COLOURS, INDICES = [(0, 0, 0), (128, 64, 128), (128, 64, 140), (255, 255, 255)], [-1, 0, 1, 2]


def plainly(mask, tolerance):
    """Pixel by pixel: the nearest colour by the largest difference of a channel, and -2 for none."""
    found = np.full(mask.shape[:2], -2)
    for place in np.ndindex(found.shape):
        distances = [max(abs(int(a) - b) for a, b in zip(mask[place], colour, strict=True)) for colour in COLOURS]
        if min(distances) <= tolerance:
            found[place] = INDICES[int(np.argmin(distances))]
    return found


@pytest.mark.parametrize('tolerance', [0, 5, 8, 255])
def test_nearest_colours_within_the_tolerance(tolerance):
    dice = np.random.default_rng(0)
    mask = np.array(COLOURS, np.uint8)[dice.integers(0, 4, (20, 30))].astype(int)
    mask[:10] += dice.integers(-9, 10, (10, 30, 3))
    mask = mask.clip(0, 255).astype(np.uint8)
    label, remarks = ColourMatcher(COLOURS, INDICES, tolerance).classes_of(mask)
    expected = plainly(mask, tolerance)
    # of two that are equally near, either will do
    ties = (label != np.maximum(expected, -1)).sum()
    assert ties <= (20 if tolerance else 0) and label.dtype == np.int32
    exact = np.zeros(label.shape, bool)
    for colour in COLOURS:
        exact |= (mask == colour).all(-1)
    near = sum(count for what, count in remarks.items() if 'differ from a class' in what)
    unknown = sum(count for what, count in remarks.items() if 'count as unknown' in what)
    assert near == ((expected > -2) & ~exact).sum() and unknown == (expected == -2).sum()


def test_strangers_are_named_where_they_are_many():
    mask = np.zeros((100, 100, 3), np.uint8)
    mask[:2, :50] = 9, 99, 199
    mask[5, :3] = [(60, 70, 80), (70, 80, 90), (80, 90, 100)]
    label, remarks = ColourMatcher(COLOURS, INDICES, 8).classes_of(mask)
    assert (label == -1).all()  # black, too, is no class here
    [named] = [what for what in remarks if '9 99 199' in what]
    [rare] = [what for what in remarks if 'rare' in what]
    assert remarks == {named: 100, rare: 3}


def test_packing_colours():
    dice = np.random.default_rng(0)
    colours = dice.integers(0, 256, (7, 3), np.uint8)
    assert (unpack(pack(colours)) == colours).all() and pack(colours).tolist() == [
        int(r) * 65536 + int(g) * 256 + int(b) for r, g, b in colours]
