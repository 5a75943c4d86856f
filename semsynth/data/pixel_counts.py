"""How many pixels of each class each scene of a data set has: read once, then kept in a file."""

from __future__ import annotations

import io
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console
from rich.progress import track

from semsynth.data.transforms.loading import LoadLabel
from semsynth.safe_reading.arrays import read_npy
from semsynth.writing import hash_settings, write_whole

if TYPE_CHECKING:
    from semsynth.data.scene_dataset import SceneDataset

FOLDER = 'work_dirs/class_pixels'
"""Where counts are kept by default: beside the work folders, for folders of data may be read-only."""


def class_pixels(dataset: SceneDataset, folder: str | Path = FOLDER, quiet: bool = False) -> np.ndarray:
    """Pixels of each class in each label map as it is on disk, ``(scenes, classes)`` int64.

    They are read anew where a file has changed, by its size and time.

    Args:
        dataset: with label maps.
        folder: keeps the counts, in a file for each data set.
        quiet: whether to show no progress.

    Raises:
        ValueError: the data set has no label maps.
        DataError: a label map cannot be read.
    """
    space = dataset.label_space
    if space is None:
        raise ValueError(f'{type(dataset).__name__} has image-like inputs, raw_channels={dataset.raw_channels}, and so '
                         'no classes to count: use a data set of label maps.')
    scenes = [dataset.get_data_info(number) for number in range(len(dataset))]
    facts = hash_settings(root=str(Path(dataset.data_root).resolve()), ids=space.id_map, unknown=space.unknown_ids,
                          classes=space.classes, files=[_facts(scene['seg_map_path']) for scene in scenes])
    path, shape = Path(folder, f'{facts}.npy'), (len(scenes), space.num_classes)
    if (kept := _kept(path)) is not None and kept.shape == shape and kept.dtype == np.int64:
        return kept

    def count(scene: dict) -> np.ndarray:
        label = LoadLabel().transform(dict(scene, seg_fields=[]))['gt_seg_map']
        return np.bincount(label.ravel(), minlength=space.num_classes)

    with ThreadPoolExecutor(os.cpu_count()) as pool:  # decoders release the interpreter's lock
        counts = np.stack(list(track(pool.map(count, scenes), 'Counting pixels of classes', len(scenes),
                                     console=Console(stderr=True), disable=quiet))).astype(np.int64)
    buffer = io.BytesIO()
    np.save(buffer, counts)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, buffer.getvalue())
    return counts


def _facts(path: str) -> tuple[str, int, int]:
    stat = Path(path).stat()
    return Path(path).name, stat.st_size, stat.st_mtime_ns


def _kept(path: Path) -> np.ndarray | None:
    try:
        with path.open('rb') as file:
            return read_npy(file, path.stat().st_size)
    except (OSError, ValueError):  # it is not there, or torn: it is made anew
        return None
