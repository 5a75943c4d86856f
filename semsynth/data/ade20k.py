"""ADE20K, the scene parsing benchmark."""

from __future__ import annotations

from mmseg.datasets import ADE20KDataset as SegmentorADE20K

from semsynth.data.scene_dataset import SceneDataset
from semsynth.label_spaces import LabelSpace
from semsynth.registry import DATASETS


@DATASETS.register_module()
class ADE20KDataset(SceneDataset):
    """ADE20K as ADEChallengeData2016 holds it: ``images/SPLIT/*.jpg`` and ``annotations/SPLIT/*.png``.

    150 classes as ids 1..150, and 0 = unknown, which is index 0 too: as the official weights of SPADE have it. There
    are no instance maps. Pictures have many sizes.

    Args:
        data_root: folder that holds ``images`` and ``annotations``.
        split: ``'training'`` or ``'validation'``.
        kwargs: further arguments of ``SceneDataset``, such as size, flip
            and edges.
    """

    root_variable = 'ADE20K_ROOT'
    hint = '; `semsynth prepare ade20k` unpacks and checks the official archive'
    classes = ('unknown', *(name.strip() for name in SegmentorADE20K.METAINFO['classes']))

    def __init__(self, data_root: str, split: str, **kwargs):
        super().__init__(
            data_root=data_root,
            label_space=LabelSpace(self.classes, unknown=0),
            palette=[(0, 0, 0), *SegmentorADE20K.METAINFO['palette']],
            folders=dict(photo=f'images/{split}', label=f'annotations/{split}'),
            suffixes=dict(photo=('.jpg', '.png'), label=('.png',)), **kwargs)
