import random
import shutil

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from helpers.facts import facts
from helpers.narrow import make_scenes
from semsynth.data import (
    ADE20KDataset,
    CityscapesDataset,
    Draw,
    HelenDataset,
    NYUDataset,
    PairedFolderDataset,
    ToyCityDataset,
    seed_all,
)
from semsynth.data.class_files import read_classes
from semsynth.errors import DataError
from semsynth.registry import DATASETS

CLASSES = ['sky', 'road', 'car', 'nothing']


def paired(root, **kwargs):
    return PairedFolderDataset(**{**dict(data_root=str(root), split='train', classes=CLASSES), **kwargs})


def test_paired_folder(scenes, pipeline):
    dataset = paired(scenes, pipeline=pipeline, instances=True, unknown=3, palette=np.eye(4, 3, dtype=int).tolist())
    assert [dataset[i]['sample']['name'] for i in range(len(dataset))] == ['a', 'c', 'sub/b']
    assert {key: tuple(value.shape) for key, value in dataset[1]['inputs'].items()} == dict(
        label=(6, 10), instance=(6, 10), image=(3, 6, 10))
    assert dataset[1]['inputs']['instance'].min() >= 30000
    meta = dataset.metainfo
    assert (meta['classes'], meta['num_classes'], meta['unknown']) == (tuple(CLASSES), 4, 3)
    assert meta['palette'][1] == [0, 1, 0]
    assert len(paired(scenes, indices=2)) == 2


def test_some_scenes_spread_over_the_data_set(scenes):
    def names(**settings):
        dataset = paired(scenes, **settings)
        return [dataset.get_data_info(number)['name'] for number in range(len(dataset))]

    assert names(most_scenes=2) == ['a', 'sub/b'] and names(most_scenes=1) == ['a']
    assert names(most_scenes=3) == names(most_scenes=9) == ['a', 'c', 'sub/b']
    assert names(most_scenes=2, indices=[1]) == ['sub/b']
    with pytest.raises(ValueError, match=r'most_scenes=0, expected 1 or more'):
        names(most_scenes=0)


@pytest.mark.parametrize('resize', [[], [dict(type='ResizeScene', scale=(4, 5))]], ids=['as_is', 'resized'])
def test_label_map_and_photo_as_on_disk(scenes, pipeline, resize):
    steps = [*pipeline[:2], *resize, pipeline[2]]
    on_disk = paired(scenes, pipeline=pipeline)
    for index, sample in enumerate(map(paired(scenes, pipeline=steps, full_size=True).__getitem__, range(3))):
        assert sample['inputs'].keys() == sample['sample']['full'].keys() == {'label', 'image'}
        assert all(torch.equal(value, on_disk[index]['inputs'][key]) for key, value in sample['sample']['full'].items())
        assert sample['inputs']['label'].shape == ((5, 4) if resize else (6, 10))
    assert 'full' not in on_disk[0]['sample']
    shutil.rmtree(scenes / 'images')
    assert paired(scenes, pipeline=steps, full_size=True)[0]['sample']['full'].keys() == {'label'}


def test_what_moves_a_scene_is_refused_at_full_size(scenes, pipeline):
    flip = dict(type='mmseg.RandomFlip', prob=0.5)
    with pytest.raises(ValueError, match=facts('full_size=True', 'RandomFlip')):
        paired(scenes, pipeline=[*pipeline[:2], flip, pipeline[2]], full_size=True)
    with pytest.raises(ValueError, match=facts('full_size', 'LoadLabel', 'LoadPhoto, PackScene')):
        paired(scenes, pipeline=[pipeline[0], pipeline[2]], full_size=True)


def test_things(scenes):
    def names(dataset):
        return [dataset.metainfo['classes'][index] for index in dataset.metainfo['things']]

    assert names(ToyCityDataset('nowhere', 'val', lazy_init=True)) == ['person', 'car']
    assert names(CityscapesDataset('nowhere', 'val', lazy_init=True)) == [
        'person', 'rider', 'car', 'truck', 'bus', 'caravan', 'trailer', 'train', 'motorcycle', 'bicycle']
    assert names(paired(scenes, things=['car'])) == ['car'] and names(paired(scenes)) == []
    with pytest.raises(ValueError, match=r"things=\['car', 'bus'\]: bus is none of the classes sky, road"):
        paired(scenes, things=['car', 'bus'])


def test_built_under_any_scope(scenes, pipeline):
    for scope in ('mmseg', 'mmengine', 'semsynth'):
        with DefaultScope.overwrite_default_scope(scope):
            dataset = paired(scenes, pipeline=[*pipeline[:2], dict(type='mmseg.RandomFlip', prob=0.5), pipeline[2]])
            assert 'image' in dataset[0]['inputs']
    assert isinstance(DATASETS.build(dict(type='PairedFolderDataset', data_root=str(scenes), split='train',
                                          classes=CLASSES)), PairedFolderDataset)


def test_no_split_and_drawn_palette(tmp_path, write):
    write(tmp_path / 'labels/a.tif', np.array([[0, 3]], np.uint8))
    dataset = paired(tmp_path, split='')
    assert len(dataset) == 1
    assert len(dataset.metainfo['palette']) == 4


def test_ids_are_mapped(tmp_path, write, pipeline):
    write(tmp_path / 'labels/train/a.png', np.array([[7, 30, 255]], np.uint8))
    dataset = paired(tmp_path, pipeline=pipeline, id_map={7: 0, 30: 2}, unknown=3, unknown_ids=[255])
    assert dataset[0]['inputs']['label'].tolist() == [[0, 2, 3]]
    with pytest.raises(DataError, match=facts('labels/train/a.png', 'the ids 7, 30, 255', '4 classes')):
        paired(tmp_path, pipeline=pipeline)[0]


def test_missing_photos(scenes):
    (scenes / 'images/train/a.jpg').unlink()
    with pytest.raises(DataError, match=facts(
            '1 of 3 label maps', 'no photo', 'images/train (a)', 'add it, or remove the label map')):
        paired(scenes)
    shutil.rmtree(scenes / 'images')
    assert len(paired(scenes)) == 3


def test_missing_labels(scenes):
    (scenes / 'labels/train/sub/b.png').unlink()
    with pytest.raises(DataError, match=facts(
            '1 of 3 photos', 'no label map', 'labels/train (sub/b)', 'add it, or remove the photo')):
        paired(scenes)
    paired(scenes, lazy_init=True)


def test_missing_instances(scenes):
    for name in ('a', 'c'):
        (scenes / f'instances/train/{name}.png').unlink()
    paired(scenes)
    with pytest.raises(DataError, match=facts(
            '2 of 3 label maps', 'no instance map', 'instances/train (a, c)', 'add', 'remove', 'instances=False')):
        paired(scenes, instances=True)


def test_twins(scenes, write):
    write(scenes / 'images/train/a.png', np.zeros((6, 10, 3), np.uint8))
    with pytest.raises(DataError, match=facts('1 name', 'a.jpg', 'a.png', 'keep one')):
        paired(scenes)


def test_empty_split_and_absent_root(scenes):
    with pytest.raises(DataError, match=facts('no folder', 'labels/val', 'labels holds train', 'set split')):
        paired(scenes, split='val')
    (scenes / 'labels/val').mkdir()
    with pytest.raises(DataError, match=facts(
            'labels/val', 'no label map', '.png, .tif', 'empty', 'split', 'data_root', 'endings')):
        paired(scenes, split='val')
    (scenes / 'labels/val/a.npy').write_bytes(b'')
    with pytest.raises(DataError, match=r'but it holds files that end in \.npy; check split'):
        paired(scenes, split='val')
    with pytest.raises(DataError, match=r'There is no folder nowhere, where PairedFolderDataset looks for '
                                        r'images/train/, labels/train/: put the data there, or name their folder with '
                                        r'--cfg-options data_root=PATH or the environment variable SCENES_ROOT\.$'):
        paired('nowhere')
    with pytest.raises(DataError, match=r'looks for images/train/, labels/train/, instances/train/: put the data'):
        paired('nowhere', instances=True)
    with pytest.raises(DataError, match=r'There is no folder data/none, where CityscapesDataset looks for '
                                        r'leftImg8bit/train/, gtFine/train/: put the data there, or name their folder '
                                        r'with --cfg-options data_root=PATH or the environment variable '
                                        r'CITYSCAPES_ROOT; without Cityscapes, data_root=data/toycity runs .*ToyCity, '
                                        r'which `semsynth demo` or .*make_toycity --out data/toycity` renders\.$'):
        CityscapesDataset('data/none', 'train')
    with pytest.raises(DataError, match='TOYCITY_ROOT; `semsynth demo` renders ToyCity there'):
        ToyCityDataset('data/none', 'train')


def test_classes_from_a_text_file(scenes):
    (scenes / 'classes.txt').write_text('sky 70 130 180\n\nroad lane 2  128 64 128\ncar 0 0 142\nnothing 0 0 0\n')
    assert read_classes(scenes / 'classes.txt') == (
        ['sky', 'road lane 2', 'car', 'nothing'], [[70, 130, 180], [128, 64, 128], [0, 0, 142], [0, 0, 0]])
    meta = paired(scenes, classes='classes.txt').metainfo
    assert meta['classes'][1] == 'road lane 2'
    assert meta['palette'][0] == [70, 130, 180]
    (scenes / 'names.txt').write_text('sky\nroad\ncar\nnothing')
    assert paired(scenes, classes=str(scenes / 'names.txt')).metainfo['classes'] == tuple(CLASSES)


def test_text_files_that_do_not_fit(scenes):
    with pytest.raises(DataError, match=r'There is no file .*none\.txt with the classes: write one name a line'):
        paired(scenes, classes='none.txt')
    (scenes / 'some.txt').write_text('sky 1 2 3\nroad\n')
    with pytest.raises(DataError, match=r'some\.txt has 2 classes but 1 colours: give each class one, or none'):
        paired(scenes, classes='some.txt')
    (scenes / 'bright.txt').write_text('sky 1 2 300\n')
    with pytest.raises(DataError, match=r'bright\.txt has a colour above 255'):
        paired(scenes, classes='bright.txt')
    (scenes / 'empty.txt').write_text('\n')
    with pytest.raises(ValueError, match=r'empty\.txt names no class: write a class a line'):
        paired(scenes, classes='empty.txt')
    with pytest.raises(ValueError, match='palette has 1 colours, but there are 4 classes'):
        paired(scenes, palette=[[0, 0, 0]])


def test_cityscapes(cityscapes, pipeline):
    dataset = CityscapesDataset(str(cityscapes), 'train', pipeline=pipeline)
    assert [dataset[i]['sample']['name'] for i in range(2)] == ['aachen/aachen_000002_000019', 'ulm/ulm_000001_000019']
    assert dataset[0]['inputs']['label'][0, 0] == 34
    assert dataset[0]['inputs']['instance'].dtype == torch.int32  # 33001 needs more than 16 bits
    assert dataset.metainfo['num_classes'] == len(dataset.metainfo['palette']) == 35
    assert dataset.metainfo['unknown'] is None
    without = CityscapesDataset(str(cityscapes), 'train', pipeline=pipeline, instances=False)
    assert 'instance' not in without[0]['inputs']


@pytest.mark.parametrize(('name', 'kind', 'split', 'named', 'num_classes', 'unknown'), [
    ('nyu', NYUDataset, 'test', {0: 'unknown', 1: 'wall', 24: 'refridgerator', 40: 'otherprop'}, 41, 0),
    ('ade20k', ADE20KDataset, 'validation', {0: 'unknown', 1: 'wall', 8: 'bed', 13: 'person', 150: 'flag'}, 151, 0),
    ('helen', HelenDataset, 'test', {0: 'background', 1: 'face skin', 8: 'inner mouth', 10: 'hair'}, 11, None)])
def test_the_papers_data_sets(name, kind, split, named, num_classes, unknown, tmp_path, pipeline):
    dataset = kind(str(make_scenes(name, tmp_path)), split, pipeline=pipeline)
    meta = dataset.metainfo
    assert (meta['num_classes'], len(meta['palette']), meta['unknown']) == (num_classes, num_classes, unknown)
    assert {index: meta['classes'][index] for index in named} == named
    assert len(dataset) == 3
    assert ('instance' in dataset[0]['inputs']) == (name == 'nyu')
    assert int(dataset[0]['inputs']['label'].max()) == num_classes - 1  # ids in files are indices
    with pytest.raises(DataError, match=rf'{kind.root_variable}; `semsynth prepare {name}`'):
        kind('data/none', split)


def test_ade20k_serves_one_size_too(tmp_path, pipeline):
    pipeline[2:2] = [dict(type='ResizeScene', scale=(64, 64)), dict(type='mmseg.RandomCrop', crop_size=(48, 48)),
                     dict(type='mmseg.RandomFlip', prob=0.5)]
    dataset = ADE20KDataset(str(make_scenes('ade20k', tmp_path)), 'training', pipeline=pipeline, edges=dict())
    assert {key: tuple(value.shape) for key, value in dataset[0]['inputs'].items()} == dict(
        label=(48, 48), image=(3, 48, 48), edge=(1, 48, 48))
    segmentor = ADE20KDataset(str(tmp_path), 'training', pipeline=pipeline[:-1], class_map='ade20k_151_to_150')
    assert segmentor.metainfo['num_classes'] == 150 and segmentor.metainfo['classes'][0] == 'wall'
    label, mapped = (dataset[0]['gt_seg_map'] for dataset in (
        ADE20KDataset(str(tmp_path), 'training', pipeline=pipeline[:2]),
        ADE20KDataset(str(tmp_path), 'training', pipeline=pipeline[:2], class_map='ade20k_151_to_150')))
    np.testing.assert_array_equal(mapped, np.where(label == 0, 255, label.astype(int) - 1))


def test_segmentor_classes(cityscapes, scenes, pipeline):
    dataset = CityscapesDataset(str(cityscapes), 'train', pipeline=pipeline, class_map='cityscapes_35_to_19')
    plain = CityscapesDataset(str(cityscapes), 'train', pipeline=pipeline)[0]['inputs']['label']
    mapped = dataset[0]['inputs']['label']
    assert (mapped[plain == 26] == 13).all()
    assert (mapped[(plain < 7) | (plain == 34)] == 255).all()
    meta = dataset.metainfo
    assert (len(meta['classes']), meta['num_classes'], meta['classes'][13], meta['palette'][13]) == (
        19, 19, 'car', [0, 0, 142])
    sparse = paired(scenes, class_map=[2, 0, 255, 0], pipeline=pipeline).metainfo
    assert sparse['classes'] == ('road', 'class 1', 'sky')
    identity = paired(scenes, class_map='identity', unknown=3, pipeline=pipeline).metainfo
    assert identity['classes'] == ('sky', 'road', 'car')


def test_a_draw_decides_all_randomness(scenes, pipeline):
    class Noise:
        def __call__(self, results):
            results['gt_seg_map'] = np.array([[random.randrange(256), np.random.randint(256),
                                               int(torch.randint(256, ()))]], np.uint8)
            return results

    dataset = paired(scenes, pipeline=[*pipeline[:2], Noise(), pipeline[2]])
    first = dataset[Draw(1, 7)]
    seed_all(99)
    again, other = dataset[Draw(1, 7)], dataset[Draw(1, 8)]
    assert first['sample'] == again['sample'] == dataset[1]['sample']
    assert torch.equal(first['inputs']['label'], again['inputs']['label'])
    assert not torch.equal(first['inputs']['label'], other['inputs']['label'])
