"""Anyone's own data: photos and label maps, or image-like inputs, in two folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from semsynth.data.class_files import read_classes
from semsynth.data.pictures import MAP_SUFFIXES, PHOTO_SUFFIXES
from semsynth.data.raw_files import RAW_SUFFIXES
from semsynth.data.scene_dataset import SceneDataset
from semsynth.label_spaces import LabelSpace
from semsynth.registry import DATASETS


@DATASETS.register_module()
class PairedFolderDataset(SceneDataset):
    """``images/SPLIT``, ``labels/SPLIT`` and perhaps ``instances/SPLIT``, with subfolders or none, paired by stem.

    Photos may be png, jpg, webp, bmp or tif. Label and instance maps hold ids in one channel: png or tif, never jpg.
    With ``raw_channels``, image-like inputs in ``raw/SPLIT`` take the place of label and instance maps: pictures of 8
    bits, gray pictures of 16 bits, ``.npy`` or ``.npz``.

    Args:
        data_root: folder of the data set.
        split: name of the subfolders, such as ``'train'``; ``''`` where there are none.
        classes: names by index, or a text file with one name a line, after it perhaps its colour as ``r g b``
            (looked for as a path, then in ``data_root``); None with ``raw_channels``.
        palette: one ``[r, g, b]`` a class; the text file's, else a drawn one, where it is None.
        unknown: the index that means no class, or None; it is one of ``classes``.
        id_map: the index of each id that files may hold; None: ids are indices already.
        unknown_ids: further ids that mean no class, such as ``(255,)``.
        kwargs: further arguments of ``SceneDataset``, such as size, flip,
            instances, edges and raw_channels.

    Raises:
        DataError: files are missing or unpaired, or the text file cannot be read.
        ValueError: classes, palette, unknown and id_map do not fit together, or there are neither classes nor
            ``raw_channels``.
    """

    root_variable = 'SCENES_ROOT'

    def __init__(self, data_root: str, split: str, classes: Sequence[str] | str | None = None,
                 palette: Sequence[Sequence[int]] | None = None, unknown: int | None = None,
                 id_map: Mapping[int, int] | None = None, unknown_ids: Sequence[int] = (), **kwargs):
        if classes is None and kwargs.get('raw_channels') is None:
            raise ValueError(f'{type(self).__name__} needs classes, for label maps, or raw_channels, for image-like '
                             'inputs.')
        colours: list[list[int]] = []
        if isinstance(classes, str):
            classes, colours = read_classes(classes if Path(classes).is_file() else Path(data_root, classes))
        palette = colours if palette is None else palette
        if classes is not None and len(palette) not in (0, len(classes)):
            raise ValueError(f'palette has {len(palette)} colours, but there are {len(classes)} classes: '
                             'give one colour a class, or none.')
        super().__init__(
            data_root=data_root,
            label_space=None if classes is None else LabelSpace(tuple(classes), unknown, id_map, tuple(unknown_ids)),
            palette=palette,
            folders={kind: str(Path(folder, split)) for kind, folder in
                     dict(photo='images', label='labels', instance='instances', raw='raw').items()},
            suffixes=dict(photo=PHOTO_SUFFIXES, label=MAP_SUFFIXES, instance=MAP_SUFFIXES, raw=RAW_SUFFIXES),
            **kwargs)
