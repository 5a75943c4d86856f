import cv2
import mmcv
import numpy as np
import pytest

from helpers.facts import facts
from semsynth.data import CityscapesDataset, Draw, PairedFolderDataset, check_dataset, quick_check
from semsynth.data.transforms import CannyEdges, LoadEdges
from semsynth.data.transforms.edges import canny_edges
from semsynth.errors import DataError


def plain_blur(gray):
    """5x5 Gaussian of width 1.4, written out."""
    taps = np.exp(-np.arange(-2, 3) ** 2 / (2 * 1.4**2))
    taps /= taps.sum()
    padded = np.pad(gray.astype(np.float64), 2, mode='reflect')
    height, width = gray.shape
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
    gray = np.full((47, 61), 90, np.uint8)
    cv2.rectangle(gray, (8, 8), (30, 35), 180, -1)
    cv2.circle(gray, (40, 25), 12, 30, -1)
    return np.clip(gray + dice.normal(0, 6, gray.shape), 0, 255).astype(np.uint8)


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


@pytest.mark.parametrize('dtype', [np.uint8, bool])
def test_edges_from_a_file(dtype, tmp_path, write):
    edges = np.random.default_rng(0).integers(0, 2 if dtype is bool else 256, (6, 10)).astype(dtype)
    path = str(write(tmp_path / 'e.png', edges))
    results = LoadEdges()(dict(img=np.zeros((6, 10, 3), np.uint8), edge_path=path, seg_fields=['gt_seg_map']))
    np.testing.assert_array_equal(results['edge_map'], edges * np.uint8(255) if dtype is bool else edges)
    assert results['edge_map'].dtype == np.uint8
    assert results['seg_fields'] == ['gt_seg_map', 'edge_map']
    assert LoadEdges()(dict(seg_fields=[], edge_path=path)) == dict(seg_fields=[], edge_path=path)


@pytest.mark.parametrize(('content', 'sentence'), [
    (np.zeros((6, 10, 3), np.uint8), r'e\.png has the mode RGB, but an edge map is gray with 8 bits, white edges on'),
    (np.zeros((6, 10), np.uint16), r'e\.png has the mode I;16, but an edge map is gray with 8 bits'),
    (np.zeros((3, 5), np.uint8), r'e\.png is 3x5 pixels, but its photo, where edge maps are loaded, is 6x10: '
                                 r'edges=dict\(full_size=True\) .*or remove .* run `semsynth prepare edges'),
    (b'no picture', r'e\.png cannot be read')])
def test_files_that_are_no_edges(content, sentence, tmp_path, write):
    path = str(write(tmp_path / 'e.png', content))
    with pytest.raises(DataError, match=sentence):
        LoadEdges()(dict(img=np.zeros((6, 10, 3), np.uint8), edge_path=path, seg_fields=[]))


def with_edges(root, transforms=(), edges=None, **kwargs):
    pipeline = [dict(type='LoadPhoto'), dict(type='LoadLabel'), *transforms, dict(type='PackScene')]
    return PairedFolderDataset(str(root), 'train', ['a', 'b', 'c', 'd'], pipeline=pipeline,
                               edges=edges or dict(folder='edges'), **kwargs)


@pytest.fixture
def same(tmp_path, write):
    """Photos whose edge maps of the same name are the photos themselves, at full size and at half of it."""
    dice = np.random.default_rng(0)
    for name in ('a', 'sub/b'):
        photo = np.repeat(dice.integers(0, 256, (12, 20, 1), np.uint8), 3, axis=2)
        write(tmp_path / f'images/train/{name}.png', photo)
        write(tmp_path / f'labels/train/{name}.png', dice.integers(0, 4, (12, 20), np.uint8))
        write(tmp_path / f'edges/images/train/{name}.png', photo[..., 0])
        write(tmp_path / f'half/images/train/{name}.png',
              mmcv.imresize(photo, (10, 6), interpolation='bicubic', backend='pillow')[..., 0])
    return tmp_path


FLIP = dict(type='mmseg.RandomFlip', prob=0.5)
HALVE = dict(type='ResizeScene', scale=(10, 6))
CROP = dict(type='mmseg.RandomCrop', crop_size=(4, 5))
ZOOM = dict(type='RandomResize', scale=(20, 12), ratio_range=(1, 2), resize_type='ResizeScene', keep_ratio=True)


@pytest.mark.parametrize(('transforms', 'edges'), [
    ([FLIP, CROP], dict(folder='edges')),
    ([HALVE, FLIP], dict(folder='half')),
    ([HALVE, CROP, FLIP], dict(folder='half')),
    ([HALVE, CROP, FLIP], dict(folder='edges', full_size=True)),
    ([FLIP, HALVE], dict(folder='edges')),  # the photo may be flipped before it is resized, so its edges are, too
    ([ZOOM, CROP, FLIP], dict(folder='edges'))])
def test_edge_maps_go_where_their_photos_go(same, transforms, edges):
    edges['folder'] = str(same / edges['folder'])  # a folder elsewhere will do
    dataset = with_edges(same, transforms, edges)
    seen = set()
    for draw in range(12):
        inputs = dataset[Draw(draw % 2, draw)]['inputs']
        np.testing.assert_array_equal(inputs['edge'].expand(3, -1, -1), inputs['image'])
        seen.add(inputs['edge'].numpy().tobytes())
    assert len(seen) > 2


def test_missing_edge_maps(same, write):
    (same / 'edges/images/train/sub/b.png').unlink()
    with pytest.raises(DataError, match=facts(
            '1 of 2 label maps', 'no edge map', '/edges/images/train (sub/b)',
            '`semsynth prepare edges CONFIG`', 'edges=dict()')):
        with_edges(same)
    write(same / 'half/images/train/c.png', np.zeros((6, 10), np.uint8))
    with pytest.raises(DataError, match=facts(
            '1 of 3 edge maps', 'no label map', '(c)', 'add it, or remove the edge map')):
        with_edges(same, [HALVE], dict(folder='half'))
    with pytest.raises(DataError, match=r'looks for images/train/, labels/train/: put the data'):
        with_edges('nowhere')


def test_edge_maps_are_checked(same, write):
    quick_check(with_edges(same))
    assert check_dataset(with_edges(same, [HALVE], dict(folder='half'))).problems == []
    for dataset in (with_edges(same, [HALVE]), with_edges(same, [], dict(folder='half')),
                    with_edges(same, [HALVE], dict(folder='half', full_size=True))):
        with pytest.raises(DataError, match='its photo, where edge maps are loaded, is '):
            quick_check(dataset)
    write(same / 'edges/images/train/a.png', b'torn')
    [problem] = check_dataset(with_edges(same)).problems
    assert 'edges/images/train/a.png cannot be read' in problem


def test_names_are_the_photos_as_png(cityscapes, write, pipeline):
    name = 'aachen/aachen_000002_000019'
    dataset = CityscapesDataset(str(cityscapes), 'train', pipeline=pipeline, edges=dict(folder='hed'), lazy_init=True)
    assert dataset.folders['edge'] == str(cityscapes / 'hed/leftImg8bit/train')
    for scene in (name, 'ulm/ulm_000001_000019'):
        write(cityscapes / f'hed/leftImg8bit/train/{scene}_leftImg8bit.png', np.full((8, 16), 9, np.uint8))
    dataset.full_init()
    assert dataset[0]['sample']['name'] == name and (dataset[0]['inputs']['edge'] == 9).all()
