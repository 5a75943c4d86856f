"""The base configs of the data sets build, on the data that they name."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.dataset import pseudo_collate

from helpers.narrow import make_scenes
from semsynth.config import load_config
from semsynth.registry import DATASETS, MODELS

FOLDER = Path(__file__).parents[2] / 'configs' / '_base_' / 'datasets'
# What segmentors are trained on is trained on in apis/test_train_segmentor.py.
CONFIGS = sorted(path for path in FOLDER.glob('*.py') if not path.stem.endswith('_segmentor'))

NUM_CLASSES = dict(camvid=11, paired=3, toycity=12, cityscapes=19, nyu=40, ade20k=150, helen=11,
                   coco=171)  # a segmentor's


@pytest.fixture
def roots(cityscapes, toycity, write, tmp_path_factory):
    """Every split of every data set; the root of each by config."""
    for folder in ('leftImg8bit', 'gtFine'):
        (cityscapes / folder / 'val').symlink_to('train')
    own = tmp_path_factory.mktemp('own')
    for split in ('train', 'val'):
        write(own / f'images/{split}/a.png', np.full((23, 31, 3), 9, np.uint8))
        write(own / f'labels/{split}/a.png', np.full((23, 31), 3, np.uint8))
        write(own / f'raw/{split}/a.png', np.full((23, 31, 3), 7, np.uint8))
    places = dict(camvid=own, paired=own, toycity=toycity, cityscapes=cityscapes, celebahq=own)
    places |= {name: make_scenes(name, tmp_path_factory.mktemp(name)) for name in ('nyu', 'ade20k', 'helen')}
    places['coco'] = make_scenes('coco_stuff', tmp_path_factory.mktemp('coco_stuff'))
    return lambda config: str(places[config.stem.split('_')[0]])


@pytest.mark.parametrize('config', CONFIGS, ids=lambda config: config.stem)
def test_base_configs(config, roots):
    cfg = load_config(config, {'data_root': roots(config)})
    assert 'model' not in cfg
    preprocessor = MODELS.build(cfg.data_preprocessor)
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        assert loader.persistent_workers == (loader.num_workers > 0)
        assert loader.dataset.get('test_mode', False) == (split != 'train')
        dataset = pickle.loads(pickle.dumps(DATASETS.build(loader.dataset)))  # spawned workers pickle it
        assert dataset.metainfo['num_classes'] == preprocessor.num_classes
        assert dataset.metainfo['unknown'] == preprocessor.unknown
        batch = preprocessor(pseudo_collate([dataset[0]]))
        assert batch['layout'].size == batch['real']['image'].shape[-2:] == tuple(cfg.image_size)
    if preprocessor.num_classes == 0:  # image-like inputs train no segmentor
        return
    segmentor = DATASETS.build(dict(cfg.val_dataloader.dataset, class_map=cfg.class_map))
    assert segmentor.metainfo['num_classes'] == NUM_CLASSES[config.stem.split('_')[0]]


def test_edges_are_one_line(roots, tmp_path):
    child = tmp_path / 'child.py'
    child.write_text("_base_ = 'semsynth::_base_/datasets/cityscapes.py'\n"
                     'train_dataloader = dict(dataset=dict(edges=dict()))\n')
    cfg = load_config(child, {'data_root': roots(FOLDER / 'cityscapes.py')})
    assert 'edge' in DATASETS.build(cfg.train_dataloader.dataset)[0]['inputs']
    assert 'edge' not in DATASETS.build(cfg.val_dataloader.dataset)[0]['inputs']


def test_root_from_the_environment(monkeypatch):
    config = FOLDER / 'cityscapes.py'
    assert load_config(config).train_dataloader.dataset.data_root == 'data/cityscapes'
    monkeypatch.setenv('CITYSCAPES_ROOT', '/somewhere')
    cfg = load_config(config)
    assert {cfg[f'{split}_dataloader'].dataset.data_root for split in ('train', 'val', 'test')} == {'/somewhere'}
