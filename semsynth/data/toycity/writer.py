"""Writing ToyCity to disk in the Cityscapes directory layout."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from semsynth.arguments import check_arguments
from semsynth.data.toycity.scene import render_scene
from semsynth.errors import first_few
from semsynth.writing import check_out_folder, write_json

CITY = 'toycity'
KINDS = ('leftImg8bit', 'gtFine')
SPLITS = ('train', 'val')
SETTINGS_FILE = 'toycity.json'
# Part of the settings: raised whenever the same seed would give other pictures.
RENDERER_VERSION = 1


@check_arguments
def make_toycity(
    out: str | Path, train: int, val: int, size: tuple[int, int], seed: int = 0, workers: int = 1
) -> Path:
    """Renders a ToyCity data set, unless the folder already holds the whole of it.

    A scene depends on (seed, split, index, size) alone, not on the number of scenes or workers.

    Args:
        out: The data set's folder, the `data_root` of a config.
        train: Number of training scenes.
        val: Number of validation scenes.
        size: Height and width in pixels.
        seed: A whole number from 0 up.
        workers: Processes that render.

    Returns:
        The folder.

    Raises:
        ValueError: The folder holds ToyCity with other settings, or anything else; or an argument is out of range.
    """
    out = check_out_folder(out)
    settings = dict(train=train, val=val, size=list(size), seed=seed, renderer_version=RENDERER_VERSION)
    if min(size) < 16:
        raise ValueError(f'size={tuple(size)} given to make_toycity: expected (height, width), both at least 16.')
    if _is_complete(out, settings):
        return out
    _check_free(out)
    _clear(out)
    jobs = [(split, index) for split, count in zip(SPLITS, (train, val), strict=True) for index in range(count)]
    write = partial(_write_scene, out, (size[0], size[1]), seed)
    progress = partial(track, description='ToyCity', total=len(jobs), disable=len(jobs) < 100)
    if workers == 1:
        for _ in progress(map(write, jobs)):
            pass
    else:
        # A child made by fork would wait for OpenCV's threads, which only its parent has; spawned ones start afresh.
        with multiprocessing.get_context('spawn').Pool(min(workers, len(jobs) or 1)) as pool:
            for _ in progress(pool.imap_unordered(write, jobs, chunksize=16)):
                pass
    write_json(out / SETTINGS_FILE, settings)
    return out


def _is_complete(out: Path, settings: dict) -> bool:
    path = out / SETTINGS_FILE
    if not path.exists():
        return False
    found = json.loads(path.read_text())
    differing = [name for name in settings if found.get(name) != settings[name]]
    if differing:
        what = '; '.join(f'{name} is {found.get(name)}, not {settings[name]}' for name in differing)
        raise ValueError(f'{out} holds ToyCity with other settings ({what}): delete that folder or name another one.')
    return True


def _check_free(out: Path) -> None:
    """Refuses a folder that holds more than an unfinished run leaves, such as the photos of Cityscapes."""
    known = {out: KINDS, **{out / kind: SPLITS for kind in KINDS},
             **{out / kind / split: (CITY,) for kind in KINDS for split in SPLITS}}
    strangers = sorted(path.relative_to(out) for folder, names in known.items() for path in folder.glob('*')
                       if path.name not in names)
    if strangers:
        raise ValueError(f'{out} holds what is not of ToyCity ({first_few(strangers)}): name another folder.')


def _clear(out: Path) -> None:
    """Makes empty folders: an unfinished run may have left scenes of other settings."""
    for kind in KINDS:
        for split in SPLITS:
            folder = out / kind / split / CITY
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)


def _write_scene(out: Path, size: tuple[int, int], seed: int, job: tuple[str, int]) -> None:
    split, index = job
    scene = render_scene(*size, seed=(seed, SPLITS.index(split), index))
    name = f'{CITY}_{index:06d}_000000'
    _replace(out / 'leftImg8bit' / split / CITY / f'{name}_leftImg8bit.png', _png(scene.image[..., ::-1]))
    _replace(out / 'gtFine' / split / CITY / f'{name}_gtFine_labelIds.png', _png(scene.label))
    _replace(out / 'gtFine' / split / CITY / f'{name}_gtFine_instanceIds.png', _png(scene.instance))


def _png(pixels: np.ndarray) -> bytes:
    return cv2.imencode('.png', pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def _replace(path: Path, content: bytes) -> None:
    """Writes a file whole or not at all; thousands of them, so without `write_whole`'s wait for the disk."""
    temporary = path.with_name(f'{path.name}.{os.getpid()}.tmp')
    temporary.write_bytes(content)
    temporary.replace(path)
