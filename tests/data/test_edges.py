import cv2
import numpy as np
import pytest

from semsynth.data.transforms import CannyEdges
from semsynth.data.transforms.edges import canny_edges


def plain_blur(grey):
    """5x5 Gaussian of width 1.4, written out."""
    taps = np.exp(-np.arange(-2, 3) ** 2 / (2 * 1.4**2))
    taps /= taps.sum()
    padded = np.pad(grey.astype(np.float64), 2, mode='reflect')
    height, width = grey.shape
    return sum(taps[i] * taps[j] * padded[i:i + height, j:j + width] for i in range(5) for j in range(5))


def plain_canny(blurred):
    """Canny written out: Sobel, non-maximum suppression along the gradient, hysteresis by flooding."""
    height, width = blurred.shape
    padded = np.pad(blurred.astype(np.float64), 1, mode='edge')
    window = {(i, j): padded[1 + i:1 + i + height, 1 + j:1 + j + width] for i in (-1, 0, 1) for j in (-1, 0, 1)}
    across = sum(k * (window[i, 1] - window[i, -1]) for i, k in ((-1, 1), (0, 2), (1, 1)))
    down = sum(k * (window[1, j] - window[-1, j]) for j, k in ((-1, 1), (0, 2), (1, 1)))
    magnitude = np.hypot(across, down)
    low, high = 0.075 * magnitude.max(), 0.175 * magnitude.max()
    around = np.pad(magnitude, 1)
    edges = np.zeros((height, width), bool)
    seeds = []
    for y in range(height):
        for x in range(width):
            here, dx, dy = magnitude[y, x], across[y, x], down[y, x]
            if here <= low:
                continue
            if abs(dy) < np.tan(np.pi / 8) * abs(dx):
                before, after, strict = around[y + 1, x], around[y + 1, x + 2], False
            elif abs(dy) > np.tan(3 * np.pi / 8) * abs(dx):
                before, after, strict = around[y, x + 1], around[y + 2, x + 1], False
            else:
                s = -1 if dx * dy < 0 else 1
                before, after, strict = around[y, x + 1 - s], around[y + 2, x + 1 + s], True
            if here > before and (here > after if strict else here >= after):
                edges[y, x] = True
                if here > high:
                    seeds.append((y, x))
    kept = np.zeros_like(edges)
    while seeds:
        y, x = seeds.pop()
        if 0 <= y < height and 0 <= x < width and edges[y, x] and not kept[y, x]:
            kept[y, x] = True
            seeds += [(y + i, x + j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return kept.astype(np.uint8) * 255


@pytest.fixture
def picture():
    dice = np.random.default_rng(0)
    grey = np.full((47, 61), 90, np.uint8)
    cv2.rectangle(grey, (8, 8), (30, 35), 180, -1)
    cv2.circle(grey, (40, 25), 12, 30, -1)
    return np.clip(grey + dice.normal(0, 6, grey.shape), 0, 255).astype(np.uint8)


def test_against_canny_written_out(picture):
    blurred = cv2.GaussianBlur(picture, (5, 5), 1.4)
    assert np.abs(blurred - plain_blur(picture)).max() < 1  # OpenCV blurs in fixed point
    ours = canny_edges(picture)
    assert set(np.unique(ours)) == {0, 255}
    assert 0.02 < (ours > 0).mean() < 0.3
    np.testing.assert_array_equal(ours, plain_canny(blurred))


def test_against_opencv_in_one_call(picture):
    blurred = cv2.GaussianBlur(picture, (5, 5), 1.4)
    across, down = (cv2.Sobel(blurred, cv2.CV_64F, *order, borderType=cv2.BORDER_REPLICATE)
                    for order in ((1, 0), (0, 1)))
    m = np.sqrt(across**2 + down**2).max()
    np.testing.assert_array_equal(canny_edges(picture), cv2.Canny(blurred, 0.075 * m, 0.175 * m, L2gradient=True))


def test_thresholds_are_relative(picture):
    faint = (picture // 4 * 4) // 4
    assert (canny_edges(faint) > 0).any()
    np.testing.assert_array_equal(canny_edges(faint), canny_edges(faint + np.uint8(50)))


def test_flat_picture_has_no_edges():
    assert not canny_edges(np.full((9, 9), 7, np.uint8)).any()


def test_transform(picture):
    results = CannyEdges()(dict(img=np.repeat(picture[..., None], 3, axis=2), seg_fields=['gt_seg_map']))
    np.testing.assert_array_equal(results['edge_map'], canny_edges(picture))
    assert results['seg_fields'] == ['gt_seg_map', 'edge_map']
    assert CannyEdges()(dict(seg_fields=[])) == dict(seg_fields=[])
