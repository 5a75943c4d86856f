"""The base configs of the data sets build, on the data that they name."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.dataset import pseudo_collate

from helpers.narrow import make_scenes
from semsynth.data import LayoutPreprocessor, merge_options
from semsynth.registry import DATASETS

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
    cfg = merge_options(Config.fromfile(config), {'data_root': roots(config)})
    assert 'model' not in cfg
    preprocessor = LayoutPreprocessor(cfg.num_classes, cfg.unknown, cfg.instances, cfg.get('raw_channels'))
    for split in ('train', 'val', 'test'):
        loader = cfg[f'{split}_dataloader']
        assert loader.persistent_workers == (loader.num_workers > 0)
        assert loader.dataset.get('test_mode', False) == (split != 'train')
        dataset = pickle.loads(pickle.dumps(DATASETS.build(loader.dataset)))  # spawned workers pickle it
        assert dataset.metainfo['num_classes'] == cfg.num_classes
        assert dataset.metainfo['unknown'] == cfg.unknown
        batch = preprocessor(pseudo_collate([dataset[0]]))
        size = batch['layout'].size
        assert size == batch['real']['image'].shape[-2:]
        assert size == tuple(side or round(512 * 60 / 75) for side in cfg.image_size)
    if cfg.num_classes == 0:  # image-like inputs train no segmentor
        return
    segmentor = DATASETS.build(dict(cfg.val_dataloader.dataset, class_map=cfg.class_map))
    assert segmentor.metainfo['num_classes'] == NUM_CLASSES[config.stem.split('_')[0]]


def test_edges_are_one_line(roots, tmp_path):
    child = tmp_path / 'child.py'
    child.write_text(f"_base_ = '{FOLDER / 'cityscapes_256x512.py'}'\n"
                     'train_dataloader = dict(dataset=dict(edges=dict()))\n')
    cfg = merge_options(Config.fromfile(child), {'data_root': roots(FOLDER / 'cityscapes_256x512.py')})
    assert 'edge' in DATASETS.build(cfg.train_dataloader.dataset)[0]['inputs']
    assert 'edge' not in DATASETS.build(cfg.val_dataloader.dataset)[0]['inputs']


def test_root_from_the_environment(monkeypatch):
    config = FOLDER / 'cityscapes_512x1024.py'
    assert Config.fromfile(config).train_dataloader.dataset.data_root == 'data/cityscapes'
    monkeypatch.setenv('CITYSCAPES_ROOT', '/somewhere')
    cfg = Config.fromfile(config)
    assert {cfg[f'{split}_dataloader'].dataset.data_root for split in ('train', 'val', 'test')} == {'/somewhere'}


def test_merge_options_moves_only_what_lies_in_the_root():
    cfg = Config(dict(data_root='old', a=dict(data_root='old'), b=[dict(data_root='other'), dict(data_root='old')]))
    merge_options(cfg, {'data_root': 'new', 'a.x': 1})
    assert cfg.to_dict() == dict(data_root='new', a=dict(data_root='new', x=1),
                                 b=[dict(data_root='other'), dict(data_root='new')])
    assert merge_options(Config(dict(a=1)), None).a == 1
