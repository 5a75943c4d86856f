import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope
from PIL import Image

from helpers.facts import facts
from semsynth.data import CityscapesDataset, PairedFolderDataset
from semsynth.data.transforms import (
    CannyEdges,
    LoadInstances,
    LoadLabel,
    LoadPhoto,
    PackScene,
    ResizeScene,
    ToSegmentorClasses,
)
from semsynth.data.transforms.resizing import resize_ids
from semsynth.errors import DataError
from semsynth.label_spaces import LabelSpace
from semsynth.registry import TRANSFORMS

SPACE = LabelSpace(('a', 'b', 'c', 'nothing'), unknown=3)


def scene(**paths):
    return dict(paths, name='x', seg_fields=[], label_space=SPACE)


def loaded(height=6, width=10, seed=0):
    dice = np.random.default_rng(seed)
    return dict(img=dice.integers(0, 256, (height, width, 3), np.uint8),
                gt_seg_map=dice.integers(0, 4, (height, width), np.uint8),
                instance_map=dice.integers(0, 2**40, (height, width)),
                edge_map=dice.integers(0, 256, (height, width), np.uint8),
                seg_fields=['gt_seg_map', 'instance_map', 'edge_map'], name='x', label_space=SPACE)


def test_loading(tmp_path, write):
    rgb = np.random.default_rng(0).integers(0, 256, (3, 5, 3), np.uint8)
    ids, instances = np.full((3, 5), 2, np.uint8), np.full((3, 5), 40000, np.uint16)
    results = scene(img_path=str(write(tmp_path / 'i.png', rgb)), seg_map_path=str(write(tmp_path / 'l.png', ids)),
                    instance_path=str(write(tmp_path / 'n.png', instances)))
    for load in (LoadPhoto(), LoadLabel(), LoadInstances()):
        results = load(results)
    np.testing.assert_array_equal(results['img'], rgb[..., ::-1])
    assert results['img_shape'] == results['ori_shape'] == (3, 5)
    assert results['gt_seg_map'].dtype == np.uint8
    assert (results['instance_map'] == 40000).all()
    assert results['instance_map'].dtype == np.int64
    assert results['seg_fields'] == ['gt_seg_map', 'instance_map']


def test_sizes_that_differ(tmp_path, write):
    photo = str(write(tmp_path / 'i.png', np.zeros((3, 5, 3), np.uint8)))
    label = str(write(tmp_path / 'l.png', np.zeros((5, 3), np.uint8)))
    instance = str(write(tmp_path / 'n.png', np.zeros((5, 4), np.uint16)))
    results = LoadPhoto()(scene(img_path=photo, seg_map_path=label, instance_path=instance))
    with pytest.raises(DataError, match=r'i\.png is 3x5 pixels, but .*l\.png is 5x3: bring both to one size'):
        LoadLabel()(results)
    results = LoadLabel()(scene(seg_map_path=label, instance_path=instance))
    with pytest.raises(DataError, match=r'l\.png is 5x3 pixels, but .*n\.png is 5x4'):
        LoadInstances()(results)


def test_a_scene_without_photo_passes(tmp_path, write):
    results = scene(seg_map_path=str(write(tmp_path / 'l.png', np.array([[0, 1], [2, 3]], np.uint8))))
    for part in (LoadPhoto(), LoadLabel(), ResizeScene((4, 4)), CannyEdges(), PackScene()):
        results = part(results)
    assert list(results['inputs']) == ['label']
    assert results['inputs']['label'].tolist() == [[0, 0, 1, 1]] * 2 + [[2, 2, 3, 3]] * 2
    assert results['sample'] == dict(name='x', size=(4, 4))


@pytest.mark.parametrize(('scale', 'size'), [((5, None), (3, 5)), ((None, 3), (3, 5)), ((7, None), (4, 7)),
                                             ((1, None), (1, 1)), ((20, 7), (7, 20))])
def test_one_side_may_follow_the_other(scale, size):
    results = ResizeScene(scale)(loaded())
    assert {key: results[key].shape[:2] for key in ('img', *results['seg_fields'])} == dict.fromkeys(
        ('img', *results['seg_fields']), size)


@pytest.mark.parametrize('scale', [(5, 3), (10, 6), (20, 12), (7, 11), (1, 1)])
def test_resize(scale):
    before, results = loaded(), ResizeScene(scale)(loaded())
    rgb = Image.fromarray(before['img'][..., ::-1]).resize(scale, Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(results['img'][..., ::-1], np.asarray(rgb))
    edge = Image.fromarray(before['edge_map']).resize(scale, Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(results['edge_map'], np.asarray(edge))
    for key in ('gt_seg_map', 'instance_map'):
        plain = [[before[key][int((y + 0.5) * 6 / scale[1]), int((x + 0.5) * 10 / scale[0])] for x in range(scale[0])]
                 for y in range(scale[1])]
        np.testing.assert_array_equal(results[key], plain)
        assert results[key].dtype == before[key].dtype
    if scale != (7, 11):  # where a pixel's centre falls on a border, Pillow's sums may end up on either side
        nearest = Image.fromarray(before['gt_seg_map']).resize(scale, Image.Resampling.NEAREST)
        np.testing.assert_array_equal(results['gt_seg_map'], np.asarray(nearest))
    assert results['img_shape'] == results['img'].shape[:2] == scale[::-1]
    assert results['scale_factor'] == (scale[0] / 10, scale[1] / 6)


def test_nearest_is_unbiased():
    assert resize_ids(np.arange(8)[None], (4, 1)).tolist() == [[1, 3, 5, 7]]
    assert resize_ids(np.arange(6)[None], (2, 1)).tolist() == [[1, 4]]
    assert resize_ids(np.arange(3)[None], (9, 1)).tolist() == [[0, 0, 0, 1, 1, 1, 2, 2, 2]]


def test_keep_ratio():
    results = ResizeScene((100, 12), keep_ratio=True)(loaded())
    assert results['img'].shape == (12, 20, 3)
    assert results['gt_seg_map'].shape == (12, 20)


def test_odd_size_620x460():
    results = ResizeScene((155, 115))(loaded(460, 620))
    assert results['gt_seg_map'].shape == results['edge_map'].shape == (115, 155)


def probe(height=8, width=12):
    """Every map holds the same numbers, so that whatever moves one must move all."""
    numbers = np.arange(height * width, dtype=np.uint8).reshape(height, width)
    return dict(img=np.repeat(numbers[..., None], 3, axis=2), gt_seg_map=numbers, instance_map=numbers.astype(np.int64),
                edge_map=numbers.copy(), seg_fields=['gt_seg_map', 'instance_map', 'edge_map'], name='x')


@pytest.mark.parametrize('settings', [
    dict(type='mmseg.RandomFlip', prob=1.0), dict(type='mmseg.RandomFlip', prob=1.0, direction='vertical'),
    dict(type='mmseg.RandomCrop', crop_size=(5, 7))])
def test_flip_and_crop_treat_all_alike(settings):
    results = TRANSFORMS.build(settings)(probe())
    assert not np.array_equal(results['gt_seg_map'], probe()['gt_seg_map'])
    for key in ('instance_map', 'edge_map'):
        np.testing.assert_array_equal(results[key], results['gt_seg_map'])
    np.testing.assert_array_equal(results['img'][..., 0], results['gt_seg_map'])
    packed = PackScene()(results)['inputs']
    np.testing.assert_array_equal(packed['image'][1], packed['label'])
    np.testing.assert_array_equal(packed['edge'][0], packed['label'])
    np.testing.assert_array_equal(packed['instance'], packed['label'])


def test_random_resize_takes_a_whole_scene():
    with DefaultScope.overwrite_default_scope('semsynth'):
        resize = TRANSFORMS.build(dict(type='RandomResize', scale=(20, 12), ratio_range=(0.5, 2.0),
                                       resize_type='ResizeScene', keep_ratio=True))
        np.random.seed(0)
        results = resize(loaded())
    sizes = {results[key].shape[:2] for key in ('img', 'gt_seg_map', 'instance_map', 'edge_map')}
    assert len(sizes) == 1
    assert sizes != {(6, 10)}


def test_pack():
    results = loaded()
    packed = PackScene()(dict(results))
    shapes = {key: tuple(value.shape) for key, value in packed['inputs'].items()}
    assert shapes == dict(label=(6, 10), instance=(6, 10), image=(3, 6, 10), edge=(1, 6, 10))
    np.testing.assert_array_equal(packed['inputs']['image'][0], results['img'][..., 2])
    np.testing.assert_array_equal(packed['inputs']['edge'][0], results['edge_map'])
    np.testing.assert_array_equal(packed['inputs']['instance'], results['instance_map'])
    assert packed['sample'] == dict(name='x', size=(6, 10))


@pytest.mark.parametrize('ids, dtype', [
    ((0, 255), torch.uint8), ((-1, 5), torch.int16), ((0, 256), torch.int16), ((7, 33_001), torch.int32),
    ((0, 2**31), torch.int64), ((-2**31 - 1, 0), torch.int64)])
def test_ids_are_packed_into_few_bytes(ids, dtype):
    inputs = PackScene()(dict(instance_map=np.array([ids]), gt_seg_map=np.array([ids]), name='x'))['inputs']
    for packed in inputs.values():
        assert packed.dtype == dtype and packed.tolist() == [list(ids)]


def test_to_segmentor_classes():
    results = ToSegmentorClasses('identity')(loaded())
    np.testing.assert_array_equal(results['gt_seg_map'], np.where((before := loaded()['gt_seg_map']) == 3, 255, before))
    results = ToSegmentorClasses([1, 0, 255, 255])(loaded())
    np.testing.assert_array_equal(results['gt_seg_map'], np.array([1, 0, 255, 255])[before])


def test_edges_are_put_in_place(scenes, cityscapes, pipeline):
    def names(dataset):
        return [type(part).__name__ for part in dataset.pipeline.transforms]

    pipeline.insert(2, dict(type='ResizeScene', scale=(8, 4)))
    arguments = dict(data_root=str(scenes), split='train', classes=['a', 'b', 'c', 'd'], pipeline=pipeline)
    assert names(PairedFolderDataset(**arguments)) == ['LoadPhoto', 'LoadLabel', 'ResizeScene', 'PackScene']
    crisp = PairedFolderDataset(**arguments, edges=dict())
    assert names(crisp) == ['LoadPhoto', 'LoadLabel', 'ResizeScene', 'CannyEdges', 'PackScene']
    assert set(crisp[0]['inputs']['edge'].unique().tolist()) <= {0, 255}
    soft = PairedFolderDataset(**arguments, edges=dict(full_size=True), instances=True)
    assert names(soft) == ['LoadPhoto', 'CannyEdges', 'LoadLabel', 'LoadInstances', 'ResizeScene', 'PackScene']
    assert soft[0]['inputs']['edge'].shape == (1, 4, 8)
    assert names(CityscapesDataset(str(cityscapes), 'train', pipeline=pipeline))[2] == 'LoadInstances'
    with pytest.raises(ValueError, match=facts("edges={'size': 1}", 'size', 'folder and full_size')):
        PairedFolderDataset(**arguments, edges=dict(size=1))
    with pytest.raises(ValueError, match='edges needs LoadPhoto in the pipeline, which has LoadLabel, ResizeScene'):
        PairedFolderDataset(**{**arguments, 'pipeline': pipeline[1:]}, edges=dict())
    with pytest.raises(ValueError, match='class_map needs LoadLabel in the pipeline, which has no transform'):
        PairedFolderDataset(**{**arguments, 'pipeline': []}, class_map='identity')
