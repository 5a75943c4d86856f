"""Cityscapes, and what is written in its directory layout."""

from __future__ import annotations

from semsynth.data.scene_dataset import SceneDataset
from semsynth.label_spaces import LabelSpace
from semsynth.registry import DATASETS

TOYCITY_IDS = (7, 8, 11, 13, 17, 19, 20, 21, 22, 23, 24, 26)

# The official table: name and colour of the ids 0..33 and, last, -1.
_CLASSES = {
    'unlabeled': (0, 0, 0), 'ego vehicle': (0, 0, 0), 'rectification border': (0, 0, 0), 'out of roi': (0, 0, 0),
    'static': (0, 0, 0), 'dynamic': (111, 74, 0), 'ground': (81, 0, 81), 'road': (128, 64, 128),
    'sidewalk': (244, 35, 232), 'parking': (250, 170, 160), 'rail track': (230, 150, 140), 'building': (70, 70, 70),
    'wall': (102, 102, 156), 'fence': (190, 153, 153), 'guard rail': (180, 165, 180), 'bridge': (150, 100, 100),
    'tunnel': (150, 120, 90), 'pole': (153, 153, 153), 'polegroup': (153, 153, 153), 'traffic light': (250, 170, 30),
    'traffic sign': (220, 220, 0), 'vegetation': (107, 142, 35), 'terrain': (152, 251, 152), 'sky': (70, 130, 180),
    'person': (220, 20, 60), 'rider': (255, 0, 0), 'car': (0, 0, 142), 'truck': (0, 0, 70), 'bus': (0, 60, 100),
    'caravan': (0, 0, 90), 'trailer': (0, 0, 110), 'train': (0, 80, 100), 'motorcycle': (0, 0, 230),
    'bicycle': (119, 11, 32), 'license plate': (0, 0, 142),
}

_THINGS = ('person', 'rider', 'car', 'truck', 'bus', 'caravan', 'trailer', 'train', 'motorcycle', 'bicycle')


@DATASETS.register_module()
class CityscapesDataset(SceneDataset):
    """Cityscapes: ``leftImg8bit/SPLIT/CITY/*_leftImg8bit.png``, ``gtFine/SPLIT/CITY/*_gtFine_labelIds.png``.

    35 classes, no unknown one: ids 0..33, and license plate, -1 or 255 in files, as index 34.

    Args:
        data_root: folder that holds ``leftImg8bit`` and ``gtFine``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        instances: whether to load ``*_gtFine_instanceIds.png``.
        kwargs: further arguments of ``SceneDataset``, such as size, flip
            and edges.
    """

    root_variable = 'CITYSCAPES_ROOT'
    hint = ('; without Cityscapes, data_root=data/toycity runs this config on ToyCity, which `semsynth demo` or '
            '`semsynth make_toycity --out data/toycity` renders')
    id_map = {number: number for number in range(34)} | {-1: 34, 255: 34}
    classes = tuple(_CLASSES)

    def __init__(self, data_root: str, split: str, instances: bool = True, **kwargs):
        super().__init__(
            data_root=data_root,
            label_space=LabelSpace(self.classes, id_map=self.id_map),
            palette=[_CLASSES[name] for name in self.classes],
            folders=dict(photo=f'leftImg8bit/{split}', label=f'gtFine/{split}', instance=f'gtFine/{split}'),
            suffixes=dict(photo=('_leftImg8bit.png',), label=('_gtFine_labelIds.png',),
                          instance=('_gtFine_instanceIds.png',)),
            instances=instances, things=[name for name in _THINGS if name in self.classes], **kwargs)


@DATASETS.register_module()
class ToyCityDataset(CityscapesDataset):
    """ToyCity: rendered street scenes in the Cityscapes layout, with the 12 Cityscapes ids that occur in them.

    (``CityscapesDataset`` reads the same folder with all 35.)
    """

    root_variable = 'TOYCITY_ROOT'
    hint = '; `semsynth demo` renders ToyCity there, and so does `semsynth make_toycity --out PATH`'
    id_map = {number: index for index, number in enumerate(TOYCITY_IDS)}
    classes = tuple(tuple(_CLASSES)[number] for number in TOYCITY_IDS)
