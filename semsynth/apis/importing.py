"""Imports: exports of labelling tools to a folder that can be trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semsynth.arguments import check_arguments
from semsynth.data.importing import SOURCES, ImportOptions, ImportSource, MaskSource
from semsynth.data.importing.archive import unpacked
from semsynth.data.importing.class_tables import Given, class_table
from semsynth.data.importing.configs import (
    CPU_PIXELS,
    GPU_PIXELS,
    DataSettings,
    config_name,
    dataset_config,
    ecgan_config,
    segmentor_config,
    training_config,
    training_size,
)
from semsynth.data.importing.pairs import has_label_maps
from semsynth.data.importing.place import check_free, folder_of_import, write_note
from semsynth.data.importing.splits import choose_splits
from semsynth.data.importing.tree import Contents, no_class, write_tree
from semsynth.errors import counted, did_you_mean, either, first_few
from semsynth.visualise import palette_of
from semsynth.writing import check_out_folder

UNKNOWN = 'unknown'
"""What the class of pixels without one is called."""


@dataclass(frozen=True)
class Imported:
    """What an import has made.

    Args:
        out: the folder.
        format: of the source.
        classes: names by index; that of the unknown class, if there is one, is the last.
        unknown: index of the unknown class, or None.
        contents: what was written, with the number of pixels of each class.
        remarks: sentences on what was not as it should be.
        config: of a first training.
    """

    out: Path
    format: str
    classes: list[str]
    unknown: int | None
    contents: Contents
    remarks: list[str]
    config: Path


@check_arguments
def import_data(source: str | Path, out: str | Path, *, format: str | type[ImportSource] | None = None,
                photos: str | None = None, labels: str | None = None, classes: Given | None = None,
                tolerance: int | None = None, background: str | None = None, val: float | None = None,
                seed: int = 0) -> Imported:
    """Make a folder to train on, with configs, from what a labelling tool has exported.

    The source is left as it is; photos are copied. The folder appears when it is whole.

    Args:
        source: the exported folder or file, or a zip archive.
        out: the folder to make; an earlier import there is replaced, and what somebody has added to it is kept.
        format: of the source, the name of one of ``semsynth.data.importing.SOURCES``, or a class of one's own; by
            default it is found by a look.
        photos: a folder of photos, or a glob; by default they are found.
        labels: the same of label maps.
        classes: a file of classes; their names; or their colours by name.
        tolerance: by how much the colours of masks may differ from those of the classes in each channel; 8 by default.
        background: the class of pixels that no shape covers, ``'background'`` by default; ``'unknown'`` for none.
        val: the share of scenes to validate on, drawn by name; by default the source's own splits, or 0.1.
        seed: of that draw.

    Raises:
        ValueError: the format is not known, an option is not for it, or ``out`` is no place for it.
        DataError: the source cannot be read; one line for each scene.
        OSError: ``out`` cannot be written.
    """
    source = Path(source)
    asked: dict[str, Any] = dict(photos=photos, labels=labels, tolerance=tolerance, background=background,
                                 classes=None if classes is None else class_table(classes))
    given = {name: value for name, value in asked.items() if value is not None}
    if val is not None and not 0 <= val <= 1:
        raise ValueError(f'val={val}: the share of scenes to validate on is from 0 to 1, such as 0.1.')
    if not source.exists():
        raise ValueError(f'There is no file or folder {source}: name what your labelling tool has exported.')
    out = check_out_folder(out, reads=[source], kept=[source] if source.is_dir() else [])
    kept = check_free(out)
    with unpacked(source) as place:
        kind = format if isinstance(format, type) else _kind(place, format, labels)
        if alien := given.keys() - kind.takes:
            raise ValueError(f'The format {kind.format} does not heed {first_few(sorted(alien))}: it heeds '
                             f'{", ".join(sorted(kind.takes))}; leave it out.')
        read = kind(place, ImportOptions(**given))
        splits = choose_splits(read.names, read.splits, val, seed)
        with folder_of_import(out, kept) as folder:
            contents, absent = write_tree(read, splits, folder), no_class(len(read.classes))
            remarks = [*read.remarks, *_without_fill(read, contents), *_remarks(contents)]
            unknown = len(read.classes) if contents.pixels[-1] else None
            names = [*read.classes, *([] if unknown is None else [UNKNOWN])]
            config = _write_configs(folder, out, source, read, names, unknown, absent, contents, remarks)
    return Imported(out, kind.format, names, unknown, contents, remarks, out / config)


def _kind(source: Path, format: str | None, labels: str | None) -> type[ImportSource]:
    known = {kind.format: kind for kind in SOURCES}
    if format is not None:
        if format not in known:
            raise ValueError(f'There is no format {format}: ' + did_you_mean(
                format, known, f'it is one of {", ".join(known)}.'))
        return known[format]
    if source.suffix.lower() in ('.tar', '.gz', '.tgz', '.7z', '.rar'):
        raise ValueError(f'{source} is an archive: unpack it, and name its folder.')
    found = [kind for kind in SOURCES if kind.recognises(source)]
    found = [kind for kind in found if not any(other is not kind and issubclass(other, kind) for other in found)]
    if not found and source.is_dir() and (labels is not None or has_label_maps(source)):
        return MaskSource  # nothing else has label maps; it says what is missing
    if not found:
        contents = _contents_of(source)
        if not contents and source.is_dir():
            raise ValueError(f'{source} is an empty folder: name the one that your labelling tool has exported.')
        raise ValueError(f'{source}{contents} is not recognised as {either(known)}: name the format by '
                         '--format, which then says what is missing.')
    if len(found) > 1:
        looks = ' and '.join(kind.format for kind in found)
        raise ValueError(f'{source} looks like {looks}: say by --format which is meant.')
    return found[0]


def _contents_of(source: Path) -> str:
    """What a folder holds, in brackets: numbers of files by ending, the most frequent first; of none, nothing."""
    if not source.is_dir():
        return ''
    endings = Counter(path.suffix.lower() or path.name for path in source.rglob('*') if path.is_file())
    return f' ({first_few([f"{count} {ending}" for ending, count in endings.most_common()])})' if endings else ''


def _without_fill(read: ImportSource, contents: Contents) -> list[str]:
    """Leave out the class of pixels that nobody has labelled, where there are none, and say so. It is the last one, so
    that the files stay as they are."""
    if not read.has_fill or contents.pixels[-2]:
        return []
    *kept, left_out = read.classes
    read.classes, read.palette = kept, read.palette and list(read.palette)[:-1]
    contents.pixels, contents.scenes = (np.delete(counts, -2) for counts in (contents.pixels, contents.scenes))
    return [f'Left out, because every pixel is in a shape: the class {left_out}.']


def _remarks(contents: Contents) -> list[str]:
    """The remarks on scenes, the most frequent first."""
    order = sorted(contents.remarks.items(), key=lambda item: -item[1].total())
    return [f'{what[0].upper()}{what[1:]}: {by_scene.total()}, in {counted(len(by_scene), "scene")} '
            f'({first_few(list(by_scene))}).'
            for what, by_scene in order]


def _write_configs(folder: Path, out: Path, source: Path, read: ImportSource, names: Sequence[str],
                   unknown: int | None, absent: int, contents: Contents, remarks: Sequence[str]) -> str:
    """Write the configs and the note; the name of the config to train."""
    gpu, name, count = torch.cuda.is_available(), config_name(out.resolve().name), len(read.classes)
    palette = [*(read.palette or palette_of(read.classes)), *([] if unknown is None else [(0, 0, 0)])]
    settings = DataSettings(
        names, palette, unknown, absent, [read.classes[index] for index in sorted(contents.things)],
        read.has_instances, contents.splits, training_size(contents.sizes, GPU_PIXELS if gpu else CPU_PIXELS))
    about = f'{counted(contents.splits.total(), "scene")} imported from {source} ({read.format}).'
    dataset, training, scenes = f'{name}.py', f'pix2pixhd_{name}.py', contents.splits['train']
    files = {dataset: dataset_config(about, settings), training: training_config(dataset, scenes, gpu)}
    if len(contents.splits) > 1:  # segmentors are validated
        files |= {f'unet_{name}.py': segmentor_config(dataset, count, judge=False),
                  f'judge_{name}.py': segmentor_config(dataset, count, judge=True),
                  f'ecgan_{name}.py': ecgan_config(dataset, scenes, gpu, name)}
    pixels = contents.pixels.tolist()
    write_note(folder, dict(
        format=read.format, source=str(source), splits=contents.splits, remarks=list(remarks),
        classes=[dict(name=each, pixels=pixels[index], scenes=int(contents.scenes[index]))
                 for index, each in enumerate(names)]), files)
    return training
