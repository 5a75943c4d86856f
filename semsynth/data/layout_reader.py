"""LayoutReader: layouts in files or arrays, as a model takes them, without a data set."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from mmengine.registry import DefaultScope
from PIL import Image

from semsynth.arguments import check_arguments
from semsynth.data.pairing import WORDS
from semsynth.data.pictures import MAP_SUFFIXES, PHOTO_SUFFIXES, read_ids, read_rgb
from semsynth.data.pipeline import layout_kind, whole_pipeline
from semsynth.data.raw_files import RAW_SUFFIXES
from semsynth.data.scene_dataset import KEYS
from semsynth.data.transforms import EdgesAsRaw, LoadInstances, LoadLabel, PackScene
from semsynth.data.transforms.loading import sizes_differ
from semsynth.data.unreadable import of_no_data_set
from semsynth.errors import DataError, first_few
from semsynth.label_spaces import LabelSpace, UnknownIdsError
from semsynth.registry import TRANSFORMS
from semsynth.visualise import default_palette

Source = str | Path | Image.Image | np.ndarray
"""A picture: a file, one that Pillow has opened, or an array."""
SUFFIXES = dict(photo=PHOTO_SUFFIXES, label=MAP_SUFFIXES, instance=MAP_SUFFIXES, raw=RAW_SUFFIXES)


@check_arguments
class LayoutReader:
    """Reads layouts as a model takes them: ids become class indices, and files are resized to the model's size.

    Its arguments are plain data, which a checkpoint carries, so that a model needs no data set to synthesise
    (``semsynth.layout_facts``).

    Args:
        classes: names by index; none for image-like inputs.
        palette: ``[r, g, b]`` by index; drawn where there is none.
        unknown: the index that means no class, or None.
        id_map: the index of each id that files may hold; None: ids are indices already.
        unknown_ids: further ids that mean no class.
        things: names of the classes that come in instances.
        suffixes: the endings of each kind of file; by default those that such files usually have.
        data_root: folder of the data set, or None where that is not known.
        folders: the data set's own folder of each kind of file, below ``data_root``.
        size: height and width to which files are resized; None keeps them.
        pipeline: transforms in place of those that ``size`` stands for.
        raw_channels: layouts are image-like inputs of so many channels, or None.
        edges_as_raw: whether these are the Canny edges of photos.

    Attributes:
        label_space: classes, and what the ids in files mean; None for image-like inputs.
        folders: the data set's own folder of each kind of file; none where they are not known.
        kind: of the files that layouts are from: ``'label'``, ``'raw'``, or ``'photo'`` for its edges.
        transforms: the built pipeline, without the packing.

    Raises:
        ValueError: the arguments do not fit together.
    """

    def __init__(self, classes: Sequence[str] = (), palette: Sequence[Sequence[int]] = (), unknown: int | None = None,
                 id_map: dict | None = None, unknown_ids: Sequence[int] = (), things: Sequence[str] = (),
                 suffixes: dict[str, Sequence[str]] | None = None, data_root: str | None = None,
                 folders: dict[str, str] | None = None, size: tuple[int | None, int | None] | None = None,
                 pipeline: Sequence | None = None, raw_channels: int | None = None, edges_as_raw: bool = False):
        self.raw_channels, self.kind = raw_channels, layout_kind(raw_channels, edges_as_raw)
        self.label_space = None if raw_channels else LabelSpace(
            tuple(classes), unknown, id_map and {int(key): index for key, index in id_map.items()}, tuple(unknown_ids))
        self.classes, self.unknown = tuple(classes), unknown
        self.palette = [list(colour) for colour in palette or default_palette(len(classes))]
        self.things = frozenset(index for index, name in enumerate(classes) if name in things)
        self.size = size
        self.suffixes = {kind: tuple(ends) for kind, ends in {**SUFFIXES, **(suffixes or {})}.items()}
        self.folders = {kind: str(Path(data_root, folder)) for kind, folder in (folders or {}).items()
                        if data_root is not None}
        if not (pipeline or size):
            pipeline = [dict(type=name) for name in (
                'LoadPhoto', 'LoadRaw' if raw_channels else 'LoadLabel', 'PackScene')]
        parts = whole_pipeline(pipeline, size, raw_channels=raw_channels, edges_as_raw=edges_as_raw)
        with DefaultScope.overwrite_default_scope('semsynth'):
            built = [TRANSFORMS.build(part) if isinstance(part, dict) else part for part in parts]
        self.transforms = [part for part in built if not isinstance(part, PackScene)]

    def read(self, layout: Source | None = None, instance: Source | None = None,
             photo: Source | None = None) -> dict[str, np.ndarray]:
        """Read a layout, or parts of it.

        Args:
            layout: the label map (or the image-like input, or the photo whose edges are one): a file or a Pillow image
                in the data set's ids, which is resized; or class indices ``(H, W)``, which keep their size.
            instance: its instance map, likewise; an array holds object ids ``(H, W)``.
            photo: its photo, likewise; an array is ``(H, W, 3)`` uint8 RGB.

        Returns:
            What was asked for: ``label`` ``(H, W)`` uint8 (int64 above 256 classes), ``instance`` ``(H, W)`` int64,
            ``photo`` ``(H, W, 3)`` uint8 RGB, or ``raw`` ``(H, W, C)``. Arrays of the caller's are copied.

        Raises:
            DataError: a file cannot be read or does not fit.
            ValueError: arrays do not fit, or files and arrays are mixed.
        """
        given = {self.kind: layout, 'instance': instance, 'photo': layout if self.kind == 'photo' else photo}
        given = {kind: part if isinstance(part, str | Path | Image.Image) else np.asarray(part)
                 for kind, part in given.items() if part is not None}
        arrays = {kind: part for kind, part in given.items() if isinstance(part, np.ndarray)}
        if not arrays:
            try:
                with of_no_data_set():
                    return self._read_files(cast(Mapping[str, str | Path | Image.Image], given))
            except UnknownIdsError as error:  # whose advice is for those who train
                which = 'ids {}, which are no classes' if len(error.ids) > 1 else 'id {}, which is no class'
                raise DataError(f'{error.source} holds the {which.format(first_few(error.ids, 8))} of this model. It '
                                f'reads {self._ids()}: make the label map anew with these.') from None
        if len(arrays) < len(given):
            raise ValueError(f'{" and ".join(WORDS[kind] for kind in given)} are to be files, which are resized, or '
                             'all arrays.'.capitalize())
        return self._check_arrays(arrays)

    def _read_files(self, given: Mapping[str, str | Path | Image.Image]) -> dict[str, np.ndarray]:
        results: dict[str, Any] = dict(name='scene', seg_fields=[], label_map=None, reduce_zero_label=False,
                                       label_space=self.label_space, raw_channels=self.raw_channels)
        for kind, part in given.items():
            if not isinstance(part, Image.Image):
                results[KEYS[kind]] = str(part)
            elif kind == 'photo':
                results['img'] = np.asarray(part.convert('RGB'))[..., ::-1]
                results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
            elif kind == 'raw':
                results['raw'] = self._check_raw(np.asarray(part))
                results['seg_fields'].append('raw')
        for transform in self.transforms:
            if isinstance(transform, LoadLabel):
                self._load_map(results, LoadLabel(), 'label', given.get('label'))
                self._load_map(results, LoadInstances(), 'instance', given.get('instance'))
            elif not isinstance(transform, LoadInstances):
                results = cast(dict, transform(results))
        found = dict(label='gt_seg_map', instance='instance_map', raw='raw', photo='img')
        arrays = {kind: results[key] for kind, key in found.items() if key in results}
        if 'photo' in arrays:
            arrays['photo'] = np.ascontiguousarray(arrays['photo'][..., ::-1])
        return arrays

    def _ids(self) -> str:
        """Each id and the name of its class."""
        space = cast(LabelSpace, self.label_space)
        return first_few([f'{number} {space.classes[index]}' for number, index in space.index_of_ids.items()], 40)

    def _load_map(self, results: dict, transform: LoadLabel | LoadInstances, kind: str,
                  given: str | Path | Image.Image | None) -> None:
        if not isinstance(given, Image.Image):
            if given is not None:
                transform(results)
            return
        what = f'The {WORDS[kind]}'
        ids = _ids_of(given, what)
        others = (results[key].shape[:2] for key in ('img', 'gt_seg_map') if key in results)
        if (other := next(others, ids.shape)) != ids.shape:
            raise DataError(sizes_differ('the picture beside it', other, what.lower(), ids.shape).capitalize())
        key = dict(label='gt_seg_map', instance='instance_map')[kind]
        results[key] = ids.astype(np.int64) if kind == 'instance' else cast(
            LabelSpace, self.label_space).to_indices(ids, what)
        results['seg_fields'].append(key)

    def _check_arrays(self, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays as ``read`` returns them."""
        for kind in ('label', 'instance'):
            array = arrays.get(kind)
            if array is not None and (array.ndim != 2 or not array.size or not np.issubdtype(array.dtype, np.integer)):
                raise ValueError(f'{kind} is an array {array.shape} of {array.dtype}, instead of (H, W) integers.')
        photo = arrays.get('photo')
        if photo is not None and (photo.ndim != 3 or photo.shape[2] != 3 or photo.dtype != np.uint8):
            raise ValueError(f'photo is an array {photo.shape} of {photo.dtype}, instead of (H, W, 3) uint8 RGB.')
        if len({array.shape[:2] for array in arrays.values()}) > 1:
            raise ValueError('The sizes (height, width) differ: '
                             f'{", ".join(f"{kind} {array.shape[:2]}" for kind, array in arrays.items())}.')
        checked = {kind: np.array(array, order='C') for kind, array in arrays.items()}
        if 'label' in checked:
            label, space = checked['label'], cast(LabelSpace, self.label_space)
            if not 0 <= label.min() <= label.max() < space.num_classes:
                raise ValueError(
                    f'label has the indices {label.min()}..{label.max()}, but there are {space.num_classes} classes, '
                    f"0..{space.num_classes - 1}: arrays hold indices, files the data set's ids.")
            checked['label'] = label.astype(np.uint8 if space.num_classes <= 256 else np.int64)
        if 'instance' in checked:
            checked['instance'] = checked['instance'].astype(np.int64)
        if 'raw' in checked:
            checked['raw'] = self._check_raw(checked['raw'])
        if self.kind == 'photo' and photo is not None:
            checked['raw'] = EdgesAsRaw()(dict(img=np.ascontiguousarray(photo[..., ::-1])))['raw']
        return checked

    def _check_raw(self, raw: np.ndarray) -> np.ndarray:
        raw = raw[..., None] if raw.ndim == 2 else raw
        if raw.ndim != 3 or raw.shape[2] != self.raw_channels or raw.dtype not in (np.uint8, np.uint16, np.float32):
            raise ValueError(f'The image-like input is an array {raw.shape} of {raw.dtype}, instead of '
                             f'(H, W, {self.raw_channels}) uint8, uint16 or float32.')
        return raw


def photo_of(source: Source) -> np.ndarray:
    """A photo at its own size, ``(H, W, 3)`` uint8 RGB; an array is one already.

    Raises:
        DataError: the file cannot be read.
    """
    if isinstance(source, str | Path):
        with of_no_data_set():
            return read_rgb(source)
    return np.asarray(source.convert('RGB')) if isinstance(source, Image.Image) else source


def _ids_of(image: Image.Image, what: str) -> np.ndarray:
    """The ids in a Pillow image, as ``read_ids`` has them of its file."""
    if image.format in ('JPEG', 'MPO'):
        raise DataError(f'{what} was a JPEG, whose compression changes ids: make the map again as PNG.')
    file = io.BytesIO()
    image.save(file, 'TIFF')  # keeps ids of 8, 16 and 32 bits, and those of a palette
    file.seek(0)
    return read_ids(what, file)
