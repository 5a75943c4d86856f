from collections import Counter

import pytest

from semsynth.config import load_config
from semsynth.data.importing.configs import (
    DataSettings,
    config_name,
    dataset_config,
    ecgan_config,
    segmentor_config,
    training_config,
    training_size,
)
from semsynth.registry import DATASETS

CLASSES = [f"class {number}'s name" for number in range(40)]


def load_segmentor(tmp_path, judge):
    (tmp_path / 'segmentor.py').write_text(segmentor_config('mine.py', 40, judge))
    return load_config(tmp_path / 'segmentor.py')


def load(tmp_path, gpu=False, **changes):
    settings = dict(classes=[*CLASSES, 'unknown'], palette=[(number, 0, 1) for number in range(41)], unknown=40,
                    unknown_id=255, things=CLASSES[3:5], instances=True, splits=Counter(train=7, val=2), size=(48, 64))
    (tmp_path / 'mine.py').write_text(dataset_config('What it is.', DataSettings(**settings | changes)))
    (tmp_path / 'train.py').write_text(training_config('mine.py', 7, gpu))
    assert max(map(len, (tmp_path / 'mine.py').read_text().splitlines())) <= 120
    return load_config(tmp_path / 'train.py')


@pytest.mark.parametrize('gpu', [False, True])
def test_configs_say_what_they_are_told(tmp_path, gpu):
    config = load(tmp_path, gpu)
    dataset = DATASETS.build(dict(config.train_dataloader.dataset, lazy_init=True))
    assert dataset.metainfo['classes'] == (*CLASSES, 'unknown') and dataset.metainfo['palette'][40] == [40, 0, 1]
    assert dataset.metainfo['things'] == (3, 4) or list(dataset.metainfo['things']) == [3, 4]
    assert dataset.label_space.index_of_ids[255] == 40 and dataset.data_root == str(tmp_path)
    assert config.image_size == (48, 64) and config.batch_size == 4 and config.model.data_preprocessor.instances
    assert config.val_dataloader.dataset.split == config.test_dataloader.dataset.split == 'val'
    assert config.model.generator.base_channels == (64 if gpu else 24)
    assert config.train_cfg.max_iters == (20000 if gpu else 1000)


def test_label_generator_and_judge_differ(tmp_path):
    load(tmp_path)
    configs = [load_segmentor(tmp_path, judge) for judge in (False, True)]
    assert configs[0].model.decode_head.type != configs[1].model.decode_head.type
    assert [config.randomness.seed for config in configs] == [0, 1]
    for config in configs:
        assert config.model.decode_head.num_classes == 40 and config.model.data_preprocessor.size == (48, 64)
        for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
            assert loader.dataset.class_map == 'identity' and loader.dataset.data_root == str(tmp_path)


@pytest.mark.parametrize('gpu', [False, True])
def test_ecgan_reads_the_segmentors(tmp_path, gpu):
    load(tmp_path)
    (tmp_path / 'unet_mine.py').write_text(segmentor_config('mine.py', 40, judge=False))
    (tmp_path / 'judge_mine.py').write_text(segmentor_config('mine.py', 40, judge=True))
    (tmp_path / 'ecgan_mine.py').write_text(ecgan_config('mine.py', 7, gpu, 'mine'))
    config = load_config(tmp_path / 'ecgan_mine.py')
    assert config.model.segmentor.config == str(tmp_path / 'unet_mine.py')
    assert config.test_evaluator[0].judge.config == str(tmp_path / 'judge_mine.py')
    assert config.model.generator.base_channels == (64 if gpu else 16)


def test_fewer_splits_and_no_unknown_class(tmp_path):
    config = load(tmp_path, classes=CLASSES, palette=[(0, 0, 0)] * 40, unknown=None, splits=Counter(train=1, test=3))
    assert config.val_dataloader.dataset.split == config.test_dataloader.dataset.split == 'test'
    assert config.model.data_preprocessor.unknown is None and config.batch_size == 1
    config = load(tmp_path, splits=Counter(train=1))
    assert config.val_dataloader is None and config.test_dataloader is None


@pytest.mark.parametrize(('scenes', 'gpu', 'steps'), [
    (1, False, 1000), (400, False, 2000), (10**5, False, 4000), (1000, True, 50000), (10**5, True, 200000)])
def test_steps_follow_from_the_number_of_scenes(scenes, gpu, steps):
    assert f'max_iters={steps}, val_interval={steps}' in training_config('mine.py', scenes, gpu)


@pytest.mark.parametrize(('size', 'pixels', 'expected'), [
    ((1024, 2048), 256 * 512, (256, 512)), ((360, 480), 128 * 128, (112, 144)), ((100, 90), 128 * 128, (96, 96)),
    ((20, 3000), 128 * 128, (64, 1568)), ((5, 5), 128 * 128, (64, 64))])
def test_sizes_keep_the_shape_of_most_photos(size, pixels, expected):
    assert training_size(Counter({size: 3, (7, 7): 2}), pixels) == expected


def test_names_of_configs():
    assert [config_name(name) for name in ('my_scenes', 'my scenes (2)', '---', '2.5D')] == [
        'my_scenes', 'my_scenes_2', 'scenes', '2_5D']
