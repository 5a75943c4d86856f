"""Samples of a published model: layouts to try it on, and a sheet of what it makes of them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.data.scene_dataset import KEYS, SceneDataset
from semsynth.visualise import picture_grid, to_rgb
from semsynth.writing import write_png, write_whole

SHEET = 'scenes.jpg'
LOOKS = 4
"""Images of one layout, where latents or styles are drawn at random."""
TILE = 320
"""Width of the sheet's pictures in pixels."""
_LARGEST_ID = 65535


def save_layouts(dataset: SceneDataset, folder: Path, count: int) -> list[LayoutFile]:
    """Write label and instance maps of some of a test set's scenes, evenly spread, at the model's size.

    Image-like inputs are not copied, since photos may be such: they stay where they are.

    Args:
        dataset: not read yet.
        folder: gets ``labels/`` and perhaps ``instances/``.
        count: of scenes, at most.

    Raises:
        DataError: files are missing or unsound.
        ValueError: a class has no id that a PNG can hold.
    """
    dataset.full_init()
    layouts = []
    for number, index in enumerate(np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int), 1):
        name = f'scene_{number}'
        if dataset.label_space is None:
            layouts.append(LayoutFile(name, dataset.get_data_info(int(index))[KEYS[dataset.layout_kind]]))
            continue
        inputs = dataset[int(index)]['inputs']
        paths = {kind: folder / f'{kind}s' / f'{name}{dataset.suffixes[kind][0]}' for kind in ('label', 'instance')
                 if kind in inputs}
        ids = np.array([dataset.label_space.to_id(each) for each in range(dataset.label_space.num_classes)])
        write_png(paths['label'], _as_png(ids[inputs['label'].long().numpy()]))
        if 'instance' in paths:
            write_png(paths['instance'], _as_png(inputs['instance'].long().numpy()))
        layouts.append(LayoutFile(name, *(str(path) for path in paths.values())))
    return layouts


def write_sheet(inferencer: Inferencer, layouts: list[LayoutFile], path: Path,
                palette: list[list[int]]) -> tuple[str, list[list[np.ndarray]]]:
    """Write a picture of some layouts and of what a model makes of them.

    Args:
        inferencer: of the model.
        layouts: a row each.
        path: of the picture, a JPEG.
        palette: colours of the classes.

    Returns:
        What the columns show, and the images ``(C, H, W)`` uint8 of each layout.
    """
    looks = LOOKS if inferencer.model.latent_dim or inferencer.model.style_channels else 1
    shown = 'label map' if palette else 'input'
    rows, images = [], []
    for layout in layouts:
        results = list(inferencer.sample(layout, looks))
        images.append([np.asarray(result['outputs']['image']) for result in results])
        first = results[0]['label'] if palette else results[0]['raw']
        rows.append([_tile(first, palette), *(_tile(image) for image in images[-1])])
    captions = [shown, *([f'look {number}' for number in range(1, looks + 1)] if looks > 1 else ['image'])]
    file = io.BytesIO()
    Image.fromarray(picture_grid(rows, captions)).save(file, 'JPEG', quality=90)
    write_whole(path, file.getvalue())
    return f'{shown.capitalize()}, and {"several looks of it" if looks > 1 else "what the model makes of it"}', images


def _as_png(ids: np.ndarray) -> np.ndarray:
    """Ids as a PNG holds them; larger ones are counted anew, since they only tell objects apart."""
    if ids.max() > _LARGEST_ID or ids.min() < 0:
        ids = np.unique(ids, return_inverse=True)[1].reshape(ids.shape)
    return ids.astype(np.uint8 if ids.max() <= 255 else np.uint16)


def _tile(picture: Tensor | np.ndarray, palette: list[list[int]] | None = None) -> np.ndarray:
    """A picture as wide as a tile, ``(3, H, TILE)`` uint8 RGB: pixels of label maps stay sharp."""
    image = Image.fromarray(to_rgb(picture, palette))
    size = TILE, max(1, round(image.height * TILE / image.width))
    resized = image.resize(size, Image.Resampling.NEAREST if palette else Image.Resampling.BICUBIC)
    return np.asarray(resized).transpose(2, 0, 1)
