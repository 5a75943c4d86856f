"""SceneDataset: what every data set of layouts and photos is."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from mmengine.registry import DefaultScope
from mmseg.datasets import BaseSegDataset

from semsynth.data.draws import SeededDraws
from semsynth.data.files import find_by_stem, list_files, spread
from semsynth.data.pairing import WORDS, Pairing
from semsynth.data.pictures import MAKE_EDGES
from semsynth.data.pipeline import layout_kind, whole_pipeline
from semsynth.data.resized import copy_misread
from semsynth.data.transforms.pasting import DataSetTransform
from semsynth.errors import DataError, first_few
from semsynth.label_spaces import NO_CLASS, LabelSpace, class_table
from semsynth.registry import TRANSFORMS

KEYS = dict(label='seg_map_path', raw='raw_path', photo='img_path', instance='instance_path', edge='edge_path')
"""Where transforms find the path of each kind of file."""
REMEDIES = dict(
    instance='add it, or remove the {layout}, or set instances=False (in a config: of data_preprocessor)',
    edge=f'make them with `{MAKE_EDGES}`, or set edges=dict() for Canny edges, which need no files')
USED = dict(label=('label', 'photo', 'instance', 'edge'), raw=('raw', 'photo', 'edge'), photo=('photo', 'edge'))
"""The kinds of files that make a scene, by the kind that its layout is from."""
ONLY_TRAINING = ('; or, to train without a validation set, set val_dataloader=None test_dataloader=None (as values of '
                 '--cfg-options, or in the config)')
OF_MMSEG = dict(
    img_suffix="endings=dict(photo='.jpg')", seg_map_suffix="endings=dict(label='_mask.png')",
    reduce_zero_label='unknown=0, and class_map=[255, 0, 1, ...] for segmentors', data_prefix='data_root and split',
    ann_file='data_root and split', img_dir='data_root and split', ann_dir='data_root and split',
    ignore_index='unknown, and unknown_ids for ids that files have for it')
"""Arguments of mmseg's data sets that would do nothing here, and what does the same."""


class SceneDataset(SeededDraws, BaseSegDataset):
    """Scenes: a label map each, perhaps an instance map, and in most splits a photo; paired by stem, not by order.

    A split without any photo holds layouts only. One that lacks some of its photos is refused. Any image-like input may
    take the place of label and instance maps.

    Args:
        data_root: folder of the data set.
        label_space: classes, and what the ids in files mean.
        palette: one ``[r, g, b]`` a class; mmseg draws one where it is empty.
        folders: the folder of each kind of file, below ``data_root``: ``photo``, ``label``, ``instance`` and ``raw``.
        suffixes: the endings of each kind of file; what precedes them is the stem.
        size: height and width to which scenes are resized; None of the two follows from the other and the picture. None
            leaves scenes unread, unless there is a ``pipeline``.
        flip: the probability with which a scene is flipped from left to right.
        paste: arguments of ``PasteObjects``: objects of rare classes come in from other scenes,
            ``dict(classes=['person'])``; None for none.
        jitter: scenes are resized to so many times ``size``, and a random part of ``size`` is cropped from them, as
            pix2pix and SPADE do with 286 / 256; None for neither.
        pipeline: transforms, in place of those that ``size``, ``flip`` and ``jitter`` stand for; the last one packs.
        instances: whether to load instance maps, right after the label map.
        edges: ``dict()`` for Canny edges of the photo as it is packed, ``dict(full_size=True)`` for those of the
            photo as loaded, resized with it (the released script's order: gray, thinner maps); None for none.
            ``dict(folder='edges_hed')`` loads edge maps that any detector made of the photos as they are before
            anything random happens to them, ``dict(folder=..., full_size=True)`` those of the photos as they are on
            disk. In that folder, below ``data_root``, paths and names are the photos', as PNG.
        raw_channels: layouts are image-like inputs of so many channels, loaded by ``LoadRaw``; ``label_space`` and
            ``palette`` are then not used, and ``num_classes`` is 0.
        edges_as_raw: whether these inputs are the Canny edges of the photos (one channel), instead of files.
        things: names of the classes that come in instances, such as cars: what editing takes for single objects.
        class_map: turns label maps into a segmentor's classes, to train that segmentor: a name in ``CLASS_MAPS``,
            ``'identity'`` or a table; ``metainfo`` then holds the segmentor's classes.
        endings: of names, by kind of file, in place of ``suffixes``: ``dict(label='_mask.png')`` where the label map of
            ``NAME.jpg`` is ``NAME_mask.png``; several as a tuple. The same with ``.png`` counts too (for image-like
            inputs ``.npy``), as copies by ``semsynth prepare resize`` end so.
        full_size: whether samples also carry label map and photo as they are on disk, for evaluators that judge there.
        most_scenes: so many scenes at most, evenly spread over the data set as it is sorted, so that parts of videos
            have some each; None for all.
        kwargs: further arguments of mmseg's BaseSegDataset, such as ``indices=100`` for the first 100 scenes.

    Raises:
        DataError: files are missing or unpaired; says which.
        ValueError: an argument does not fit ``raw_channels``, a thing is none of the classes, ``endings`` names no kind
            of file, ``most_scenes`` is less than 1, or an argument is one of mmseg's that has another name here.
    """

    root_variable: str | None = None
    """Environment variable from which configs take ``data_root``."""
    hint = ''
    """What else to do where the data are absent."""

    def __init__(self, data_root: str, label_space: LabelSpace | None, palette: Sequence[Sequence[int]],
                 folders: dict[str, str], suffixes: dict[str, tuple[str, ...]],
                 size: tuple[int | None, int | None] | None = None, flip: float = 0.0, jitter: float | None = None,
                 pipeline: Sequence | None = None, instances: bool = False, edges: dict | None = None,
                 raw_channels: int | None = None, edges_as_raw: bool = False, things: Sequence[str] = (),
                 class_map: str | Sequence[int] | None = None, endings: dict[str, str | Sequence[str]] | None = None,
                 full_size: bool = False, paste: dict | None = None, most_scenes: int | None = None, **kwargs):
        for name in set(kwargs) & set(OF_MMSEG):
            raise ValueError(f'{name} is an argument of mmseg that {type(self).__name__} does not take: set '
                             f'{OF_MMSEG[name]}.')
        suffixes = {**suffixes, **_suffixes(endings or {}, suffixes)}
        self.layout_kind = layout_kind(raw_channels, edges_as_raw)
        self.folders = {kind: str(Path(data_root, folder)) for kind, folder in folders.items()
                        if kind in USED[self.layout_kind]}
        self.suffixes = suffixes
        if edges and 'folder' in edges:
            self.folders['edge'] = str(Path(data_root, edges['folder'], folders['photo']))
            self.suffixes = {**suffixes, 'edge': _as_png(suffixes['photo'])}
        self.instances, self.raw_channels, self.most_scenes = instances, raw_channels, most_scenes
        if most_scenes is not None and most_scenes < 1:
            raise ValueError(f'most_scenes={most_scenes}, expected 1 or more, or None for all.')
        _check_raw(self, edges_as_raw, class_map)
        self.label_space = label_space if raw_channels is None else None
        space = cast(LabelSpace, label_space)  # which all have whose layouts are label maps
        metainfo: dict[str, Any] = dict(classes=(), palette=[], num_classes=0, unknown=None) if raw_channels else dict(
            classes=space.classes, palette=[list(colour) for colour in palette], num_classes=space.num_classes,
            unknown=space.unknown, things=_indices_of(things, space.classes))
        if class_map is not None:
            table = class_table(class_map, space.num_classes, space.unknown)
            metainfo = _segmentor_metainfo(metainfo, table.tolist())
        if strangers := [part for part in pipeline or () if not isinstance(part, dict) and not callable(part)]:
            raise ValueError(f'pipeline: {strangers[0]!r} is no transform, such as dict(type=\'LoadPhoto\').')
        with DefaultScope.overwrite_default_scope('semsynth'):  # whoever builds us: types are found in our registry
            parts = whole_pipeline(pipeline, size, flip, jitter, instances, edges, raw_channels, edges_as_raw,
                                   class_map, full_size, kwargs.get('test_mode', False), paste)
            transforms = [TRANSFORMS.build(part) if isinstance(part, dict) else part for part in parts]
        super().__init__(data_root=data_root, metainfo=metainfo, pipeline=transforms, **kwargs)
        for transform in self.pipeline.transforms:
            if isinstance(transform, DataSetTransform):
                transform.use(self)

    @property
    def layout_folder(self) -> str:
        """The folder of what layouts are made from, below ``data_root``, such as ``gtFine/train``."""
        return self._below_root(self.folders[self.layout_kind])

    def _below_root(self, folder: str) -> str:
        return Path(os.path.relpath(folder, self.data_root)).as_posix()

    @property
    def layout_facts(self) -> dict[str, Any]:
        """What its files of layouts mean, as plain data: arguments of ``LayoutReader``, without size and pipeline."""
        space = self.label_space
        facts = dict(
            data_root=self.data_root, suffixes={kind: list(ends) for kind, ends in self.suffixes.items()},
            folders={kind: self._below_root(folder) for kind, folder in self.folders.items()},
            classes=[], palette=[], things=[], unknown=None, id_map=None, unknown_ids=[],
            raw_channels=self.raw_channels, edges_as_raw=self.layout_kind == 'photo')
        return facts if space is None else facts | dict(
            classes=list(space.classes), palette=[list(map(int, colour)) for colour in self.metainfo['palette']],
            things=[space.classes[index] for index in sorted(self.metainfo.get('things', ()))], unknown=space.unknown,
            id_map=None if space.id_map is None else {str(number): index for number, index in space.id_map.items()},
            unknown_ids=list(space.unknown_ids))

    def load_data_list(self) -> list[dict]:
        """The scenes, sorted by name.

        Raises:
            DataError: files are missing or unpaired.
        """
        scenes, problems = self.scan()
        if problems:
            raise DataError(' '.join(problems))
        return scenes if self.most_scenes is None else spread(scenes, self.most_scenes)

    def get_data_info(self, idx: int) -> dict:
        """A scene's name and files, and what the whole data set knows of them."""
        return self._complete(super().get_data_info(idx))

    def scene(self, name: str, paths: dict[str, str]) -> dict:
        """A scene of any files, by kind, as the pipeline takes it."""
        return self._complete(_scene(name, paths))

    def _complete(self, scene: dict) -> dict:
        return scene | dict(label_space=self.label_space, raw_channels=self.raw_channels)

    def scan(self) -> tuple[list[dict], list[str]]:
        """Pair the files.

        Returns:
            The whole scenes, and one sentence for each kind of missing or unpaired file.
        """
        if not Path(self.data_root).is_dir():
            return [], [self._absent()]
        layout = self.layout_kind
        optional = dict(instance=self.instances, edge='edge' in self.folders)
        kinds = [kind for kind in USED[layout] if optional.get(kind, True)]
        try:
            found = {kind: find_by_stem(self.folders[kind], self.suffixes[kind]) for kind in kinds}
            if not found[layout]:
                return [], [self._nothing(layout)]
            pairing = Pairing(layout, self.folders, found, REMEDIES)
            # a split without any photo is fine, but not one whose photos are of a kind that is not read
            required = [kind for kind in kinds if found[kind] or kind != 'photo'
                        or pairing.other_ending(kind, list(found[layout]))]
            problems = [problem for kind in required for problem in pairing.problems(kind)]
        except DataError as error:
            return [], [str(error)]
        if misread := copy_misread(self.data_root, self.layout_folder, self.pipeline.transforms):
            problems.insert(0, misread)
        whole = [name for name in found[layout] if all(name in found[kind] for kind in required)]
        return [_scene(name, {kind: found[kind][name][0] for kind in required}) for name in whole], problems

    def _nothing(self, kind: str) -> str:
        """The sentence on a split that holds none of its layouts."""
        folder = Path(self.folders[kind])
        if not folder.is_dir():
            beside = sorted(path.name for path in folder.parent.iterdir() if path.is_dir() and path.name[0] != '.') \
                if folder.parent.is_dir() else []
            what = f'There is no folder {folder}' + (
                f', but {folder.parent} holds {first_few(beside, 9)}: set split to one of these' if beside else
                ': check split and data_root')
        else:
            endings = dict.fromkeys(Path(name).suffix for name in list_files(folder))
            held = f'it holds files that end in {first_few(list(endings), 9)}' if endings else 'it is empty'
            what = (f'{folder} holds no {WORDS[kind]}: it should hold files that end in '
                    f'{first_few(self.suffixes[kind], 9)}, but {held}; check split, data_root and endings')
        # only validation and test sets are built in test mode
        return f'{what}{ONLY_TRAINING if self.test_mode else ""}.'

    def _absent(self) -> str:
        variable = f' or the environment variable {self.root_variable}' if self.root_variable else ''
        inside = ', '.join(dict.fromkeys(str(Path(folder).relative_to(self.data_root)) + '/'
                                         for kind, folder in self.folders.items()
                                         if dict(edge=False, instance=self.instances).get(kind, True)))
        return (f'There is no folder {self.data_root}, where {type(self).__name__} looks for {inside}: put the data '
                f'there, or name their folder with --cfg-options data_root=PATH{variable}{self.hint}.')


def _scene(name: str, paths: dict[str, str]) -> dict:
    return dict({KEYS[kind]: path for kind, path in paths.items()}, name=name, seg_fields=[], label_map=None,
                reduce_zero_label=False)


def _suffixes(endings: Mapping[str, str | Sequence[str]],
              known: Mapping[str, Sequence[str]]) -> dict[str, tuple[str, ...]]:
    if strangers := [kind for kind in endings if kind not in known]:
        raise ValueError(f'endings={dict(endings)}: {first_few(strangers)} is no kind of file of this data set, which '
                         f'has {", ".join(known)}.')
    given = {kind: (ends,) if isinstance(ends, str) else tuple(ends) for kind, ends in endings.items()}
    if bare := [end for ends in given.values() for end in ends if '.' not in end]:
        raise ValueError(f'endings={dict(endings)}: {bare[0]!r} has no file type; write it whole, such as '
                         f"'{bare[0]}.png'.")
    return {kind: tuple(dict.fromkeys((*ends, *_as_png(ends, '.npy' if kind == 'raw' else '.png'))))
            for kind, ends in given.items()}


def _as_png(suffixes: Sequence[str], file_type: str = '.png') -> tuple[str, ...]:
    return tuple(dict.fromkeys(suffix[:suffix.rindex('.')] + file_type for suffix in suffixes))


def _check_raw(dataset: SceneDataset, edges_as_raw: bool, class_map: str | Sequence[int] | None) -> None:
    channels = dataset.raw_channels
    if edges_as_raw and channels != 1:
        raise ValueError(f'edges_as_raw=True, but raw_channels={channels}: edges are one channel, so set '
                         'raw_channels=1.')
    if channels is None:
        return
    if dataset.instances or class_map is not None:
        argument = 'instances=True' if dataset.instances else f'class_map={class_map!r}'
        raise ValueError(f'raw_channels={channels} and {argument}: an image-like input takes the place of label and '
                         'instance maps; drop one of the two (a boundary map can be one of the raw channels).')
    if dataset.layout_kind not in dataset.folders:
        raise ValueError(f'raw_channels={channels}, but {type(dataset).__name__} has no folder of such files: use '
                         'PairedFolderDataset, or the edges of the photos with edges_as_raw=True.')


def _indices_of(things: Sequence[str], classes: Sequence[str]) -> tuple[int, ...]:
    if strangers := [name for name in things if name not in classes]:
        raise ValueError(f'things={list(things)}: {first_few(strangers)} is none of the classes '
                         f'{first_few(classes, 9)}.')
    return tuple(index for index, name in enumerate(classes) if name in things)


def _segmentor_metainfo(metainfo: dict, table: list[int]) -> dict:
    """Names and colours of a segmentor's classes: those of the first index that each stands for."""
    count = max((entry for entry in table if entry != NO_CLASS), default=-1) + 1
    first = [table.index(entry) if entry in table else None for entry in range(count)]
    named = [f'class {entry}' if index is None else metainfo['classes'][index] for entry, index in enumerate(first)]
    palette = [[0, 0, 0] if index is None else metainfo['palette'][index] for index in first] \
        if metainfo['palette'] else []
    return dict(classes=tuple(named), palette=palette, num_classes=count, unknown=None)
