"""NYU Depth v2: indoor scenes."""

from __future__ import annotations

from semsynth.data.paired_folder import PairedFolderDataset
from semsynth.registry import DATASETS

# The 40 classes of Gupta et al. (CVPR 2013) by their official names, in the colours that ScanNet gave them.
_CLASSES = {
    'unknown': (0, 0, 0), 'wall': (174, 199, 232), 'floor': (152, 223, 138), 'cabinet': (31, 119, 180),
    'bed': (255, 187, 120), 'chair': (188, 189, 34), 'sofa': (140, 86, 75), 'table': (255, 152, 150),
    'door': (214, 39, 40), 'window': (197, 176, 213), 'bookshelf': (148, 103, 189), 'picture': (196, 156, 148),
    'counter': (23, 190, 207), 'blinds': (178, 76, 76), 'desk': (247, 182, 210), 'shelves': (66, 188, 102),
    'curtain': (219, 219, 141), 'dresser': (140, 57, 197), 'pillow': (202, 185, 52), 'mirror': (51, 176, 203),
    'floor mat': (200, 54, 131), 'clothes': (92, 193, 61), 'ceiling': (78, 71, 183), 'books': (172, 114, 82),
    'refridgerator': (255, 127, 14), 'television': (91, 163, 138), 'paper': (153, 98, 156), 'towel': (140, 153, 101),
    'shower curtain': (158, 218, 229), 'box': (100, 125, 154), 'whiteboard': (178, 127, 135), 'person': (120, 185, 128),
    'night stand': (146, 111, 194), 'toilet': (44, 160, 44), 'sink': (112, 128, 144), 'lamp': (96, 207, 209),
    'bathtub': (227, 119, 194), 'bag': (213, 92, 176), 'otherstructure': (94, 106, 211),
    'otherfurniture': (82, 84, 163), 'otherprop': (100, 85, 144),
}

_THINGS = [name for name in _CLASSES if name not in ('unknown', 'wall', 'floor', 'ceiling')]


@DATASETS.register_module()
class NYUDataset(PairedFolderDataset):
    """NYU Depth v2, its 1449 labelled pictures, as ``semsynth prepare nyu`` writes them: 561x427 pixels.

    40 classes as ids 1..40, and 0 = unknown, which is index 0 too; an instance is an object of a single label.

    Args:
        data_root: folder that holds ``images``, ``labels`` and ``instances``.
        split: ``'train'`` (795 pictures) or ``'test'`` (654), the standard split.
        instances: whether to load instance maps.
        kwargs: further arguments of ``SceneDataset``, such as size, flip
            and edges.
    """

    root_variable = 'NYU_ROOT'
    hint = '; `semsynth prepare nyu` makes them from the official files'

    def __init__(self, data_root: str, split: str, instances: bool = True, **kwargs):
        super().__init__(data_root=data_root, split=split, classes=list(_CLASSES), palette=list(_CLASSES.values()),
                         unknown=0, instances=instances, things=_THINGS, **kwargs)
