"""Shapes as pixels, against loops over all pixels."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from semsynth.data.importing.drawing import bitmap, box, ellipse, picture_in_text, polygon, runs, turned
from semsynth.errors import DataError

SIZE = (40, 50)


def distance_and_side(points, x, y):
    """How far a point is from a polygon's outline, and whether it is within: by rays to the right."""
    nearest, within = np.inf, False
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, 0), strict=True):
        along = np.clip(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0)**2 + (y1 - y0)**2), 0, 1)
        nearest = min(nearest, np.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0)))
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) / (y1 - y0) * (x1 - x0):
            within = not within
    return nearest, within


@pytest.mark.parametrize('points', [
    [(3.2, 4.1), (44.6, 9.9), (20.5, 36.2)],
    [(5, 5), (45, 5), (45, 35), (30, 12), (5, 35)],  # concave
    [(-20, 10), (20, -30), (70, 20), (25, 60)],  # beyond all borders
], ids=['triangle', 'concave', 'beyond'])
def test_polygon_has_the_pixels_within(points):
    points = np.array(points, float)
    mask = polygon(SIZE, points)
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            distance, within = distance_and_side(points, x, y)
            if distance > 1:  # nearer, the outline has a width
                assert mask[y, x] == within, (x, y)


def test_polygon_includes_its_outline():
    expected = np.zeros(SIZE, bool)
    expected[3:8, 2:6] = True
    np.testing.assert_array_equal(polygon(SIZE, box((2, 3), (5, 7))), expected)


def test_ellipse_and_a_turn():
    mask = polygon(SIZE, turned(ellipse(np.array([25., 20.]), np.array([15., 5.])), np.array([25., 20.]), 30))
    angle = np.pi / 6  # clockwise on a screen, whose y points down
    for y in range(SIZE[0]):
        for x in range(SIZE[1]):
            along = (x - 25) * np.cos(angle) + (y - 20) * np.sin(angle)
            across = -(x - 25) * np.sin(angle) + (y - 20) * np.cos(angle)
            radius = np.hypot(along / 15, across / 5)
            if abs(radius - 1) > 0.25:
                assert mask[y, x] == (radius < 1), (x, y)


@pytest.mark.parametrize(('left', 'top'), [(1, 2), (-2, -1), (7, 4), (20, 20), (-20, 0)])
def test_bitmap_is_cut_off_at_the_borders(left, top):
    small = np.random.default_rng(0).random((3, 4)) > 0.4
    found = bitmap((6, 9), small, left, top)
    for y in range(6):
        for x in range(9):
            within = 0 <= y - top < 3 and 0 <= x - left < 4
            assert found[y, x] == (within and small[y - top, x - left])


def test_runs_begin_outside():
    np.testing.assert_array_equal(runs((2, 4), np.array([1, 3, 2, 2])), [[0, 1, 1, 1], [0, 0, 1, 1]])


def test_picture_in_text():
    file = io.BytesIO()
    Image.fromarray(np.array([[0, 255], [1, 0]], np.uint8)).save(file, 'PNG')
    text = base64.b64encode(file.getvalue()).decode()
    np.testing.assert_array_equal(picture_in_text('a.json, mask', text, 'remedy'), [[0, 1], [1, 0]])
    for wrong in ('?', base64.b64encode(b'nothing').decode()):
        with pytest.raises(DataError, match=r'a\.json, mask'):
            picture_in_text('a.json, mask', wrong, 'remedy')
