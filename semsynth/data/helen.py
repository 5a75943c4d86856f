"""Helen: faces with their parts."""

from __future__ import annotations

from semsynth.data.paired_folder import PairedFolderDataset
from semsynth.registry import DATASETS

# The official names and order (Smith et al., CVPR 2013); the colours are ours.
_CLASSES = {
    'background': (0, 0, 0), 'face skin': (255, 204, 153), 'left eyebrow': (153, 76, 0), 'right eyebrow': (204, 102, 0),
    'left eye': (0, 102, 255), 'right eye': (0, 204, 255), 'nose': (255, 153, 51), 'upper lip': (255, 0, 102),
    'inner mouth': (128, 0, 64), 'lower lip': (255, 102, 178), 'hair': (102, 51, 153),
}


@DATASETS.register_module()
class HelenDataset(PairedFolderDataset):
    """Helen faces in the 11 segment classes of Smith et al. (CVPR 2013), as ``semsynth prepare helen`` writes them.

    Background is a class like the others, so no index is unknown. There are no instance maps; pictures have many sizes.

    Args:
        data_root: folder that holds ``images`` and ``labels``.
        split: ``'train'`` (2000 faces) or ``'test'`` (330).
        kwargs: further arguments of ``SceneDataset``, such as size, flip
            and edges.
    """

    root_variable = 'HELEN_ROOT'
    hint = '; `semsynth prepare helen` makes them from the official archive'

    def __init__(self, data_root: str, split: str, **kwargs):
        super().__init__(data_root=data_root, split=split, classes=list(_CLASSES), palette=list(_CLASSES.values()),
                         **kwargs)
