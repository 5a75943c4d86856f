"""A data set's pipeline, composed of its size, flip and jitter, or given."""

import numpy as np
import pytest

from semsynth.data import ADE20KDataset, CityscapesDataset
from semsynth.data.pipeline import whole_pipeline
from semsynth.data.transforms import LoadLabel


def names(**settings):
    return [part['type'].removeprefix('mmseg.') for part in whole_pipeline(**settings)]


def test_size_flip_and_jitter():
    assert whole_pipeline(size=(4, 8)) == [
        dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=(8, 4)), dict(type='PackScene')]
    assert names(size=(4, 8), flip=0.5) == ['LoadPhoto', 'LoadLabel', 'ResizeScene', 'RandomFlip', 'PackScene']
    *_, resize, crop, flip, _ = whole_pipeline(size=(256, 512), flip=0.25, jitter=286 / 256)
    assert resize == dict(type='ResizeScene', scale=(572, 286))
    assert crop == dict(type='mmseg.RandomCrop', crop_size=(256, 512))
    assert flip == dict(type='mmseg.RandomFlip', prob=0.25)
    assert whole_pipeline(size=(None, 8))[2]['scale'] == (8, None)
    assert whole_pipeline() == []
    with pytest.raises(ValueError, match=r'flip=0\.5 and jitter=None of a data set without a size: set size='):
        whole_pipeline(flip=0.5)


def test_what_other_arguments_add():
    assert names(size=(4, 8), instances=True, edges=dict()) == [
        'LoadPhoto', 'LoadLabel', 'LoadInstances', 'ResizeScene', 'CannyEdges', 'PackScene']
    assert names(size=(4, 8), raw_channels=3) == ['LoadPhoto', 'LoadRaw', 'ResizeScene', 'PackScene']
    assert names(size=(4, 8), raw_channels=1, edges_as_raw=True)[-2:] == ['EdgesAsRaw', 'PackScene']
    assert names(size=(4, 8), full_size=True) == [
        'LoadPhoto', 'LoadLabel', 'KeepFullSize', 'ResizeScene', 'PackScene']


def test_objects_are_pasted_after_the_crop_and_before_the_flip():
    paste = dict(classes=['car'], most=1)
    parts = whole_pipeline(size=(4, 8), paste=paste, instances=True, edges=dict(), flip=0.5, jitter=1.1)
    assert [part['type'].removeprefix('mmseg.') for part in parts] == [
        'LoadPhoto', 'LoadLabel', 'LoadInstances', 'ResizeScene', 'RandomCrop', 'PasteObjects', 'RandomFlip',
        'CannyEdges', 'PackScene']
    assert parts[5] == dict(type='PasteObjects', **paste)
    assert names(size=(4, 8), paste=paste, edges=dict(folder='hed'))[-3:] == ['LoadEdges', 'PasteObjects', 'PackScene']
    assert names(size=(4, 8), paste=paste, edges=dict(full_size=True)) == [
        'LoadPhoto', 'CannyEdges', 'LoadLabel', 'ResizeScene', 'PasteObjects', 'PackScene']
    with pytest.raises(ValueError, match=r'class_map=.identity.: objects are pasted by the classes'):
        whole_pipeline(size=(4, 8), paste=paste, class_map='identity')
    with pytest.raises(ValueError, match='paste needs LoadLabel'):
        whole_pipeline(size=(4, 8), paste=paste, raw_channels=3)
    with pytest.raises(ValueError, match='full_size=True, but the pipeline has PasteObjects'):
        whole_pipeline(size=(4, 8), paste=paste, full_size=True)


def test_segmentors_are_tested_on_labels_at_their_own_size():
    assert names(size=(4, 8), class_map='identity', flip=0.5) == [
        'LoadPhoto', 'LoadLabel', 'ToSegmentorClasses', 'ResizeScene', 'RandomFlip', 'PackSegInputs']
    assert names(size=(4, 8), class_map='identity', test_mode=True) == [
        'LoadPhoto', 'ResizeScene', 'LoadLabel', 'ToSegmentorClasses', 'PackSegInputs']


@pytest.mark.parametrize('settings', [
    dict(instances=True, edges=dict(), flip=0.5), dict(edges=dict(folder='edges_hed')), dict(class_map='identity'),
    dict(paste=dict(classes=['car']), flip=0.5),
    dict(raw_channels=1, edges_as_raw=True), dict(instances=True, full_size=True, edges=dict(full_size=True))])
def test_a_whole_pipeline_stays_as_it_is(settings):
    whole = whole_pipeline(size=(4, 8), **settings)
    assert whole_pipeline(pipeline=whole, size=(4, 8), **settings) == whole


def test_a_given_pipeline_replaces_the_composed_one():
    load = LoadLabel()
    parts = whole_pipeline(pipeline=[load, dict(type='PackScene')], size=(4, 8), flip=0.5, instances=True)
    assert parts == [load, dict(type='LoadInstances'), dict(type='PackScene')]


def test_data_sets_compose_theirs(cityscapes):
    dataset = CityscapesDataset(str(cityscapes), 'train', size=(6, 10), edges=dict())
    inputs = dataset[0]['inputs']
    assert {tuple(part.shape[-2:]) for part in inputs.values()} == {(6, 10)}
    assert set(inputs) == {'label', 'instance', 'image', 'edge'}


def test_jitter_crops_a_part_of_the_larger_scene(tmp_path, write):
    rng = np.random.default_rng(0)
    write(tmp_path / 'images/training/a.png', rng.integers(0, 256, (40, 40, 3), dtype=np.uint8))
    write(tmp_path / 'annotations/training/a.png', np.arange(1600, dtype=np.uint8).reshape(40, 40) % 151)
    dataset = ADE20KDataset(str(tmp_path), 'training', size=(32, 32), jitter=1.25)  # 40: as they are
    label = dataset[0]['inputs']['label'].numpy()
    whole = np.arange(1600, dtype=np.uint8).reshape(40, 40) % 151
    assert any((whole[y:y + 32, x:x + 32] == label).all() for y in range(9) for x in range(9))
