"""Samples of a published model: layouts to try it on, and a sheet of what it makes of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.data.scene_dataset import KEYS, SceneDataset
from semsynth.visualise import picture_grid
from semsynth.writing import write_png, write_whole

SHEET = 'scenes.jpg'
LOOKS = 4
"""Images of one layout, where latents or styles are drawn at random."""
LARGEST_SHEET = 2400
"""Pixels of the sheet's longer side, at most."""
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


def write_sheet(inferencer: Inferencer, layouts: list[LayoutFile], path: Path, palette: Sequence[Sequence[int]],
                classes: Sequence[str]) -> tuple[str, list[list[np.ndarray]]]:
    """Write a picture of some layouts and of what a model makes of them.

    Args:
        inferencer: of the model.
        layouts: a row each.
        path: of the picture, a JPEG.
        palette: colours of the classes.
        classes: names of the classes; none of a model for image-like inputs.

    Returns:
        What the columns show, and the images ``(C, H, W)`` uint8 of each layout.
    """
    looks = LOOKS if inferencer.model.latent_dim or inferencer.model.style_channels else 1
    shown = 'label map' if classes else 'input'
    rows, images = [], []
    for layout in layouts:
        results = list(inferencer.sample(layout, looks))
        images.append([np.asarray(result['outputs']['image']) for result in results])
        rows.append([np.asarray(results[0]['label' if classes else 'raw']), *images[-1]])
    captions = [shown, *([f'look {number}' for number in range(1, looks + 1)] if looks > 1 else ['image'])]
    sheet = Image.fromarray(picture_grid(rows, captions, palette, classes))
    sheet.thumbnail((LARGEST_SHEET, LARGEST_SHEET))
    file = io.BytesIO()
    sheet.save(file, 'JPEG', quality=90)
    write_whole(path, file.getvalue())
    return f'{shown.capitalize()}, and {"several looks of it" if looks > 1 else "what the model makes of it"}', images


def _as_png(ids: np.ndarray) -> np.ndarray:
    """Ids as a PNG holds them; larger ones are counted anew, since they only tell objects apart."""
    if ids.max() > _LARGEST_ID or ids.min() < 0:
        ids = np.unique(ids, return_inverse=True)[1].reshape(ids.shape)
    return ids.astype(np.uint8 if ids.max() <= 255 else np.uint16)
