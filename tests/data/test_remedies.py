"""What a sentence advises is done, and works: the settings of data sets, pipelines and preprocessors, and raw files.

(The advice on pictures is in test_pictures and test_unreadable, on names in test_pairing, on ids and palettes in
test_checks, on files of classes in test_class_files.)
"""

import re
import shutil

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config, DictAction

from helpers.picture_files import tiff
from semsynth.data import (
    CityscapesDataset,
    LayoutPreprocessor,
    PairedFolderDataset,
    check_dataset,
    quick_check,
)
from semsynth.data.raw_files import read_raw
from semsynth.data.resized import read_note, write_note
from semsynth.engine.launch import check_data
from semsynth.label_spaces import LabelSpace, class_table

CLASSES = ['sky', 'road', 'car', 'nothing']


def paired(root, **arguments):
    return PairedFolderDataset(str(root), 'train', **{'classes': CLASSES, **arguments})


def refused(message, how, *arguments, **settings):
    with pytest.raises(ValueError, match=message) as refusal:
        how(*arguments, **settings)
    return str(refusal.value)


def space(**arguments):
    return LabelSpace(tuple('abcd'), **arguments)


@pytest.mark.parametrize(('wrong', 'message', 'right'), [
    (dict(unknown=4), r'unknown=4 is none of the 4 classes: .* give its index, 0\.\.3, or None\.',
     [dict(unknown=3), dict(unknown=None)]),
    (dict(unknown=4, unknown_ids=(255,)), r'unknown=4 is none of the 4 classes: .*, or None and unknown_ids=\(\) if',
     [dict(unknown=3, unknown_ids=(255,)), dict(unknown=None, unknown_ids=())]),
    (dict(unknown_ids=(255,)), r'needs unknown, .*: set it, or set unknown_ids=\(\)\.',
     [dict(unknown_ids=(255,), unknown=3), dict(unknown_ids=())]),
    (dict(id_map={}), r'id_map is empty, .*: name each id, or set id_map=None',
     [dict(id_map={0: 0, 7: 1}), dict(id_map=None)]),
    (dict(id_map={9: 4}), r'id_map sends id 9 to 4, .*: indices are 0\.\.3', [dict(id_map={9: 3})]),
    (dict(id_map={'7': 1}), r"id_map=\{'7': 1\}, expected a dict from whole numbers to whole numbers",
     [dict(id_map={7: 1})])])
def test_label_spaces(wrong, message, right):
    refused(message, space, **wrong)
    for arguments in right:
        space(**arguments)


def test_class_maps():
    refused(r"class_map='citys' is no named table; there are identity, cityscapes_35_to_19, .* list\.", class_table,
            'citys', 35)
    assert len(class_table('cityscapes_35_to_19', 35)) == len(class_table('identity', 35)) == len(
        class_table([255] * 35, 35)) == 35
    refused(r'class_map has 2 entries, but there are 3 classes: it needs one entry for each index, 255',
            class_table, [0, 1], 3)
    assert class_table([0, 1, 255], 3).tolist() == [0, 1, 255]
    refused(r'class_map=\[0, 300\]: its entries are classes 0\.\.254, or 255 for none', class_table, [0, 300], 2)
    assert class_table([0, 254], 2).tolist() == [0, 254]


def test_an_id_for_each_class():
    refused(r"No id that a PNG can hold means b: give the index 1 an id of 0\.\.65535 in the dataset's id_map",
            space(id_map={0: 0, 70000: 1, 2: 2, 3: 3}).to_id, 1)
    assert space(id_map={0: 0, 70000: 1, 9: 1}).to_id(1) == 9


def test_arguments_of_paired_folders(scenes):
    refused('needs classes, for label maps, or raw_channels, for image-like inputs', paired, scenes, classes=None)
    assert paired(scenes, classes=None, raw_channels=3, lazy_init=True).metainfo['num_classes'] == 0
    refused('palette has 1 colours, but there are 4 classes: give one colour a class, or none', paired, scenes,
            palette=[[0, 0, 0]])
    for palette in ([[0, 0, 0]] * 4, []):
        assert len(paired(scenes, palette=palette)) == 3
    refused(r"things=\['bus'\]: bus is none of the classes sky, road, car, nothing", paired, scenes, things=['bus'])
    assert paired(scenes, things=['car']).metainfo['things'] == (2,)


def test_two_classes_of_one_name(scenes):
    dataset = paired(scenes, classes=['sky', 'car', 'car', 'nothing'], things=['car'], unknown=3)
    assert dataset.metainfo['things'] == (1, 2) and check_dataset(dataset).images.shape == (4,)


LOAD = {name: dict(type=name) for name in ('LoadPhoto', 'LoadLabel', 'LoadRaw', 'PackScene')}


@pytest.mark.parametrize(('arguments', 'missing', 'pipeline'), [
    (dict(raw_channels=3, classes=None), 'LoadRaw', ['LoadPhoto', 'PackScene']),
    (dict(raw_channels=1, edges_as_raw=True, classes=None), 'LoadPhoto', ['PackScene']),
    (dict(class_map='identity'), 'LoadLabel', ['LoadPhoto', 'PackScene']),
    (dict(edges={}), 'LoadPhoto', ['LoadLabel', 'PackScene'])])
def test_pipelines(scenes, arguments, missing, pipeline):
    def build(names):
        return paired(scenes, lazy_init=True, pipeline=[LOAD[name] for name in names], **arguments)

    refused(rf'\w+ needs {missing} in the pipeline, which has ', build, pipeline)
    build([missing, *pipeline])


def test_edges_and_raw_channels(scenes, pipeline, cityscapes):
    refused(r"edges=\{'size': 3\}: size is no option; edges takes folder and full_size", paired, scenes,
            edges=dict(size=3), pipeline=pipeline)
    paired(scenes, edges=dict(full_size=True), pipeline=pipeline)
    refused('edges are one channel, so set raw_channels=1', paired, scenes, edges_as_raw=True, raw_channels=3)
    paired(scenes, edges_as_raw=True, raw_channels=1)
    refused('raw_channels=0, expected a whole number from 1 on or None', paired, scenes, raw_channels=0)
    assert len(paired(scenes, raw_channels=None)) == 3
    refused(r'raw_channels=3 and instances=True: .*; drop one of the two', paired, scenes, raw_channels=3,
            instances=True)
    paired(scenes, instances=True)
    paired(scenes, raw_channels=3, lazy_init=True)
    refused(r'CityscapesDataset has no folder of such files: use PairedFolderDataset, or the edges of the photos with '
            r'edges_as_raw=True', CityscapesDataset, str(cityscapes), 'train', raw_channels=1, instances=False)
    edges = CityscapesDataset(str(cityscapes), 'train', raw_channels=1, instances=False, edges_as_raw=True)
    assert len(edges) == 2


def test_folders_that_are_absent(scenes, monkeypatch):
    message = refused('There is no folder nowhere, .* put the data there, or name their folder with --cfg-options '
                      r'data_root=PATH or the environment variable SCENES_ROOT\.', paired, 'nowhere')
    monkeypatch.setenv(re.search(r'variable (\w+)', message)[1], str(scenes))
    config = scenes / 'config.py'
    config.write_text("data_root = '{{$SCENES_ROOT:nowhere}}'\n")
    assert Config.fromfile(config).data_root == str(scenes)  # as _base_/datasets/paired_folder.py has it
    message = refused(r'labels/val, but .*labels holds train: set split to one of these', PairedFolderDataset,
                      str(scenes), 'val', CLASSES)
    assert len(PairedFolderDataset(str(scenes), re.search(r'holds (\w+)', message)[1], CLASSES)) == 3
    shutil.rmtree(scenes / 'images')
    refused('holds no photos, and training needs them: add them, or train on another split', quick_check,
            paired(scenes))


def test_training_without_a_validation_set(scenes):
    data = dict(type='PairedFolderDataset', data_root=str(scenes), classes=CLASSES)
    config = Config(dict(model=dict(), train_dataloader=dict(dataset=dict(data, split='train')),
                         val_dataloader=dict(dataset=dict(data, split='val', test_mode=True)),
                         test_dataloader=dict(dataset=dict(data, split='val', test_mode=True))))
    message = refused('or, to train without a validation set, set ', check_data, config)
    options = re.search(r'a validation set, set (.*) \(as values of --cfg-options', message)[1].split()
    assert options == ['val_dataloader=None', 'test_dataloader=None']
    config.merge_from_dict({name: DictAction._parse_iterable(value)
                            for name, _, value in (option.partition('=') for option in options)})
    assert config.val_dataloader is None
    check_data(config)


def test_sizes_that_differ_by_a_pixel(scenes, write):
    path = scenes / 'labels/train/a.png'
    ids = np.random.default_rng(0).integers(0, 4, (7, 10), dtype=np.uint8)
    write(path, ids)
    [problem] = check_dataset(paired(scenes)).problems
    assert re.search(r'a\.jpg is 6x10 pixels, but \S*a\.png is 7x10: bring both to one size, with nearest neighbour '
                     r'for ids\.|a\.png is 7x10 pixels, but \S*a\.jpg is 6x10: bring both', problem)
    write(path, cv2.resize(ids, (10, 6), interpolation=cv2.INTER_NEAREST))
    assert check_dataset(paired(scenes)).problems == []


def batch(**inputs):
    return dict(inputs={name: [torch.as_tensor(part) for part in parts] for name, parts in inputs.items()},
                sample=dict(name=[f'scene {number}' for number in range(len(next(iter(inputs.values()))))]))


def test_preprocessors():
    label, raw = np.zeros((4, 4), np.uint8), np.zeros((3, 4, 4), np.uint8)
    for arguments in (dict(num_classes=0), dict(num_classes=4, raw_channels=3)):
        refused(r'either a label map \(num_classes=N\) or an image-like input \(num_classes=0, raw_channels=C\)',
                LayoutPreprocessor, **arguments)
    refused(r'raw_channels=3 and instances=True, .*: set instances=False', LayoutPreprocessor, 0, raw_channels=3,
            instances=True)
    labels, raws, objects = LayoutPreprocessor(4), LayoutPreprocessor(0, raw_channels=3), LayoutPreprocessor(
        4, instances=True)
    refused('num_classes=4, but the samples have no label maps: they have raw; give the dataset and the '
            'data_preprocessor the same raw_channels, and LoadLabel a place', labels, batch(raw=[raw]))
    assert raws(batch(raw=[raw]))['layout'].size == labels(batch(label=[label]))['layout'].size == (4, 4)
    refused('raw_channels=3, but the raw input of scene 0 has 1 channels: give the model the raw_channels of its', raws,
            batch(raw=[raw[:1]]))
    LayoutPreprocessor(0, raw_channels=1)(batch(raw=[raw[:1]]))
    refused('instances=True on the dataset too, or False on both', objects, batch(label=[label]))
    objects(batch(label=[label], instance=[label]))
    refused(r'num_classes=4, but the label map of scene 0 has indices 4\.\.4: give the model the num_classes of its '
            'dataset', labels, batch(label=[label + 4]))
    LayoutPreprocessor(5)(batch(label=[label + 4]))
    refused(r'The sizes in a batch differ: .* a size of height and width \(image_size in a config\), or set '
            'batch_size=1', labels, batch(label=[label, label[:2]]))
    for part in (label, label[:2]):
        labels(batch(label=[part]))


def test_raw_files(tmp_path, write):
    path = tmp_path / 'a.npy'

    def saved(array):
        np.save(path, array)
        return read_raw(str(path), 3)

    good = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    refused(r'has the shape \(1, 5, 7, 3\), expected \(height, width, 3\): save it anew', saved, good[None])
    refused(r'has 7 channels .*: set raw_channels to the number that all files have, or convert the file', saved,
            good.transpose(2, 0, 1))
    assert read_raw(str(path), 7).shape == (3, 5, 7)
    refused(r'holds int64, expected 8 or 16 bit unsigned integers, .* or floats, .*: convert it', saved,
            good.astype(np.int64))
    assert saved(good.astype(np.uint16)).dtype == np.uint16 and saved(good.astype(float)).dtype == np.float32
    holes = np.where(good > 9, good.astype(float), np.inf)
    refused('holds numbers that are not finite: replace them, say by 0', saved, holes)
    saved(np.nan_to_num(holes, posinf=0))
    refused('it holds Python objects, where numbers were expected: save an array of numbers', saved,
            np.array([[good, 'x']], dtype=object))
    np.testing.assert_array_equal(saved(good), good)
    np.savez(tmp_path / 'b.npz', good, good)
    refused('it holds 2 arrays, expected one: save an array', read_raw, str(tmp_path / 'b.npz'), 3)
    np.savez(tmp_path / 'b.npz', good)
    np.testing.assert_array_equal(read_raw(str(tmp_path / 'b.npz'), 3), good)
    wide = good.astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / 'c.png'), wide)
    refused(r'has 16 bits in 3 channels, of which Pillow keeps 8: save it as \.npy', read_raw, str(tmp_path / 'c.png'),
            3)
    np.testing.assert_array_equal(saved(wide), wide)
    bands = np.concatenate([good, good[..., :1]], axis=2)
    (tmp_path / 'd.tif').write_bytes(tiff((bands, 8, {338: 0})))  # the fourth is of no stated kind
    refused(r'has 4 channels, of which Pillow keeps 3: save it as \.npy', read_raw, str(tmp_path / 'd.tif'), 3)
    np.save(path, bands)
    np.testing.assert_array_equal(read_raw(str(path), 4), bands)


def test_copies(scenes, pipeline):
    pipeline.insert(2, dict(type='ResizeScene', scale=(8, 8)))
    write_note(scenes, {'labels/train': dict(scale=(4, 4), keep_ratio=False)})
    refused(r'is a copy resized to 4x4, but the pipeline resizes to 8x8: set data_root to the original data, or to '
            r'a copy that semsynth prepare resize makes with this config', paired, scenes, pipeline=pipeline)
    write_note(scenes, {'labels/train': dict(scale=(8, 8), keep_ratio=False)})
    assert len(paired(scenes, pipeline=pipeline)) == 3
    (scenes / 'resized.json').write_text('{')
    refused(r'resized\.json is not as semsynth prepare resize writes it .*: make the copy again, in an empty folder',
            read_note, scenes)
    (scenes / 'resized.json').unlink()
    assert len(paired(scenes, pipeline=pipeline)) == 3
