"""COCO-Stuff: the photos of COCO with a label for nearly every pixel."""

from __future__ import annotations

from mmseg.datasets import COCOStuffDataset as SegmentorCOCOStuff

from semsynth.data.paired_folder import PairedFolderDataset
from semsynth.label_spaces import COCO_STUFF_ABSENT
from semsynth.registry import DATASETS

_NUM_THINGS = 91  # ids 0..90


def _names() -> tuple[str, ...]:
    names = list(SegmentorCOCOStuff.METAINFO['classes'])
    for index, name in COCO_STUFF_ABSENT.items():
        names.insert(index, name)
    return (*names, 'unknown')


def _colour(number: int) -> list[int]:
    """Pascal VOC's colour of a number: its bits in turn to red, green and blue, each from the highest bit down."""
    return [sum((number >> (3 * place + channel) & 1) << (7 - place) for place in range(3)) for channel in range(3)]


@DATASETS.register_module()
class COCOStuffDataset(PairedFolderDataset):
    """COCO-Stuff (Caesar et al., CVPR 2018), as ``semsynth prepare coco_stuff`` writes it.

    182 classes as ids 0..181, of which 11 never occur, and 255 = unknown, which is index 182. An instance map holds an
    object's number, and elsewhere the id of the class. Pictures have many sizes.

    Args:
        data_root: folder that holds ``images``, ``labels`` and ``instances``.
        split: ``'train'`` or ``'val'``.
        instances: whether to load instance maps.
        kwargs: further arguments of ``SceneDataset``, such as size, flip
            and edges.
    """

    root_variable = 'COCO_STUFF_ROOT'
    hint = '; `semsynth prepare coco_stuff` makes them from the official archives'
    classes = _names()

    def __init__(self, data_root: str, split: str, instances: bool = True, **kwargs):
        unknown = len(self.classes) - 1
        super().__init__(
            data_root=data_root, split=split, classes=list(self.classes),
            # mmseg's own palette gives several classes one colour.
            palette=[*(_colour(index + 1) for index in range(unknown)), [0, 0, 0]],
            unknown=unknown, id_map={index: index for index in range(unknown)}, unknown_ids=(255,),
            instances=instances,
            things=[name for index, name in enumerate(self.classes[:_NUM_THINGS])
                    if index not in COCO_STUFF_ABSENT],
            **kwargs)
