"""CamVid."""

from __future__ import annotations

from semsynth.data.paired_folder import PairedFolderDataset
from semsynth.registry import DATASETS

_CLASSES = {
    'Sky': (128, 128, 128), 'Building': (128, 0, 0), 'Pole': (192, 192, 128), 'Road': (128, 64, 128),
    'Pavement': (60, 40, 222), 'Tree': (128, 128, 0), 'SignSymbol': (192, 128, 128), 'Fence': (64, 64, 128),
    'Car': (64, 0, 128), 'Pedestrian': (64, 64, 0), 'Bicyclist': (0, 128, 192), 'Unlabelled': (0, 0, 0),
}


@DATASETS.register_module()
class CamVidDataset(PairedFolderDataset):
    """CamVid in SegNet's 11 classes, and 11 = unlabelled, the unknown one: ``images/SPLIT`` and ``labels/SPLIT``.

    Args:
        data_root: folder of the data set.
        split: ``'train'`` or ``'val'``.
        kwargs: further arguments of ``SceneDataset``, such as size, flip
            and edges.
    """

    root_variable = 'CAMVID_ROOT'

    def __init__(self, data_root: str, split: str, **kwargs):
        super().__init__(data_root=data_root, split=split, classes=list(_CLASSES), palette=list(_CLASSES.values()),
                         unknown=11, **kwargs)
