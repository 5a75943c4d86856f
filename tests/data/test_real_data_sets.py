"""Data sets as their owners publish them, where there is a copy (SEMSYNTH_DATA)."""

import torch

from semsynth.data import CamVidDataset, CityscapesDataset, PairedFolderDataset


def test_real_cityscapes_sample(real_data, pipeline):
    root = str(real_data / 'cityscapes_sample')
    pipeline.insert(2, dict(type='ResizeScene', scale=(128, 64)))
    train = CityscapesDataset(root, 'train', pipeline=pipeline, edges=dict())
    assert len(train) == 8
    sample = train[0]
    assert sample['sample'] == dict(name='aachen/aachen_000000_000019', size=(64, 128))
    assert {key: tuple(value.shape) for key, value in sample['inputs'].items()} == dict(
        label=(64, 128), instance=(64, 128), image=(3, 64, 128), edge=(1, 64, 128))
    instance, label = sample['inputs']['instance'], sample['inputs']['label'].long()
    countable = instance >= 1000
    assert countable.any()
    assert torch.equal(instance[countable] // 1000, label[countable])  # holds only where no bit is lost
    val = CityscapesDataset(root, 'val', pipeline=pipeline)
    assert len(val) == 15
    assert set(val[0]['inputs']) == {'label', 'instance'}


def test_real_camvid(real_data, pipeline):
    dataset = CamVidDataset(str(real_data / 'camvid'), 'val', pipeline=pipeline)
    assert len(dataset) == 101
    assert dataset[0]['inputs']['image'].shape == (3, 360, 480)
    assert dataset[0]['inputs']['label'].max() <= 11
    assert dataset.metainfo['unknown'] == 11


def test_real_coco_stuff_as_a_paired_folder(real_data, pipeline):
    ids = {number: number for number in range(182)}
    dataset = PairedFolderDataset(str(real_data / 'coco_stuff_sample'), 'train', classes=[str(i) for i in range(183)],
                                  unknown=182, id_map=ids, unknown_ids=[255], instances=True, pipeline=pipeline)
    sizes = {tuple(sample['inputs']['image'].shape[1:]) for sample in dataset}
    assert len(sizes) > 3
    assert max(int(sample['inputs']['label'].max()) for sample in dataset) == 182
