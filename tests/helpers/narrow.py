"""Any config of the tree, narrowed until a step of training takes a fraction of a second."""

import itertools
import tempfile
from pathlib import Path

import cv2
import numpy as np

from helpers import tiny_segmentor
from semsynth.config import read_config, stage_configs
from semsynth.config_files import find_config
from semsynth.label_spaces import CLASS_MAPS

ROOT = Path(__file__).parents[2]
SIZE = 64  # the smallest that six halvings leave something of
SMALL = dict(base_channels=8, hidden_channels=8, embedding_channels=8, num_blocks=1, num_global_blocks=1,
             num_global_downsamples=2, num_downsamples=3, widths=(8, 8, 8, 8), pyramid_channels=8, feature_channels=8,
             encoder_channels=8, detail_channels=8,
             refresh=1, batch_size=2, num_workers=0, persistent_workers=False)
RUNS = itertools.count()
STATISTICS = tempfile.TemporaryDirectory()  # gone when Python ends


def narrow(path, data_root, *, stage=0, **options):
    """A config of the tree, its last stage or another one, but for widths, depths and sizes, and weights from files."""
    config = stage_configs(read_config(ROOT / find_config(path), {'data_root': str(data_root)}))[stage - 1]
    _walk(config._cfg_dict, config.model.data_preprocessor.num_classes)
    config.merge_from_dict({'train_cfg.max_epochs': None, 'train_cfg.max_iters': 1, 'log_level': 'ERROR',
                            'precision': 'float32',  # whatever the processor
                            'visualizer.vis_backends': [dict(type='LocalVisBackend')],
                            'experiment_name': f'narrow{next(RUNS)}',  # mmengine tells runs apart by name and second
                            **options})
    return config


def _walk(node, num_classes):
    if isinstance(node, dict):
        for key in set(node) & set(SMALL):
            node[key] = node[key] and SMALL[key]
        if node.get('latent_dim') and 'image_size' in node:
            node['image_size'] = (SIZE, SIZE)
        if node.get('type') in ('RareClassSampler', 'PasteObjects'):
            node['statistics'] = STATISTICS.name
        if node.get('paste'):
            node['paste']['statistics'] = STATISTICS.name
        if node.get('type') == 'ResizeScene':
            node['scale'] = (SIZE, SIZE)
        if 'split' in node and 'size' in node:  # a data set that composes its pipeline
            node['size'], node['jitter'] = (SIZE, SIZE), node.get('jitter') and 1
        if node.get('type') in ('PerceptualLoss', 'CRNLoss', 'BackboneDiscriminator'):
            node['weights'] = 'random'
        if node.get('type') == 'Segmentor':
            indices = range(num_classes or 3)  # layouts without classes are judged by some segmentor too
            classes = 1 + max(set(CLASS_MAPS.get(node.get('class_map'), indices)) - {255})
            node['config'], node['checkpoint'] = tiny_segmentor.config(classes), None
    for part in node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ():
        _walk(part, num_classes)


# Splits, folder of the label maps, number of classes, size (height, width), folder of the instance maps.
TREES = dict(
    camvid=(('train', 'val'), 'labels', 12, (60, 80), None),
    celebahq=(('train', 'val'), 'labels', 2, (60, 70), None),  # its label maps are not read
    nyu=(('train', 'test'), 'labels', 41, (61, 80), 'instances'),
    ade20k=(('training', 'validation'), 'annotations', 151, (60, 75), None),
    helen=(('train', 'test'), 'labels', 11, (70, 60), None),
    coco_stuff=(('train', 'val'), 'labels', 182, (60, 75), 'instances'))


def make_scenes(name, root):
    """Three random scenes a split, as that data set lies on disk; its root."""
    splits, labels, num_classes, size, instances = TREES[name]
    dice = np.random.default_rng(0)
    for split, scene in itertools.product(splits, 'abc'):
        _save(root / 'images' / split / f'{scene}.jpg', dice.integers(0, 256, (*size, 3), dtype=np.uint8))
        _save(root / labels / split / f'{scene}.png', dice.integers(0, num_classes, size, dtype=np.uint8))
        if instances:
            _save(root / instances / split / f'{scene}.png', dice.integers(0, 999, size, dtype=np.uint16))
    return root


def make_camvid(root):
    """Three random scenes a split, as CamVid lies on disk."""
    return make_scenes('camvid', root)


def make_edge_maps(root, folder='edges_hed'):
    """A random edge map for each training photo of a tree like Cityscapes', at the size of narrow configs; its root."""
    dice = np.random.default_rng(0)
    for photo in (root / 'leftImg8bit/train').rglob('*.png'):
        _save(root / folder / photo.relative_to(root), dice.integers(0, 256, (SIZE, SIZE), dtype=np.uint8))
    return root


def _save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), picture)
