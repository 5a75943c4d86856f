"""Images of layouts in files, one of each or several in different styles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path

import cv2
import numpy as np

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile, places_of
from semsynth.apis.progress import tracked
from semsynth.arguments import check_arguments
from semsynth.data.pictures import read_rgb
from semsynth.errors import DataError, first_few
from semsynth.visualise import picture_grid, save_images
from semsynth.writing import check_out_folder, write_png


@check_arguments
def synthesize(inferencer: Inferencer, layouts: Sequence[LayoutFile], out: str | Path, *, samples: int = 1,
               seed: int = 0, clusters: Mapping[str, int] | None = None) -> None:
    """Synthesise layouts and save the images.

    Args:
        inferencer: of the trained model, which from now on makes no outputs that only losses read.
        layouts: by ``Inferencer.find``; where they have photos, their styles or latents are taken.
        out: folder for ``NAME.png``, or for ``NAME_1.png``, ``NAME_2.png``, ... Of several samples, or of a photo's
            style or latent, ``NAME_samples.png`` shows all, images and edge maps, beside the layout and the photo.
        samples: results of each layout.
        seed: another one gives other results.
        clusters: number of the cluster by name of class or id of object.

    Raises:
        ValueError: there are no samples, all would be the same, the clusters do not fit the model, or ``out`` is no
            place for results, such as a folder of label maps.
        DataError: a file is unsound, or two results would have one name.
    """
    inferencer.model.generator.head.drop_extras()
    photos, looks = (any(map(attrgetter(kind), layouts)) for kind in ('photo', 'look'))
    inferencer.check_samples(samples, photos, looks)
    palette = inferencer.reader.palette or None
    names = _names(layouts, samples, photos or looks, 'edge' in inferencer.model.generator.head.outputs)
    check_out_folder(out, places_of(layouts), inferencer.reader.folders.values(), names)
    for layout in tracked(layouts, 'Synthesising'):
        results = list(inferencer.sample(layout, samples, seed, clusters))
        if samples > 1 or photos or looks:
            sheet = _sheet(results, layout.photo or layout.look, palette, inferencer.classes)
            write_png(Path(out, f'{layout.name}_samples.png'), sheet)
        if samples > 1:
            results = [result | dict(name=f'{layout.name}_{number}') for number, result in enumerate(results, 1)]
        for result in results:
            save_images(result, out)


def _names(layouts: Sequence[LayoutFile], samples: int, sheets: bool, edges: bool) -> list[str]:
    """The files that are written; refuses layouts such as ``a`` and ``a_edge``, whose results would have one name."""
    numbers = [f'_{number}' for number in range(1, samples + 1)] if samples > 1 else ['']
    endings = [number + edge for number in numbers for edge in (('', '_edge') if edges else ('',))]
    endings += ['_samples'] if samples > 1 or sheets else []
    names = [f'{layout.name}{ending}.png' for layout in layouts for ending in endings]
    if twins := [name for name, count in Counter(names).items() if count > 1]:
        raise DataError(f'Results of two layouts would have one name ({first_few(twins)}): synthesise these layouts '
                        'into folders of their own.')
    return names


def _sheet(results: Sequence[dict], photo: str | None, palette: Sequence[Sequence[int]] | None,
           classes: Sequence[str]) -> np.ndarray:
    """The layout, the photo where there is one, and every result: images above, edge maps below."""
    outputs = [result['outputs'] for result in results]
    first = results[0]
    given = {'label map': first['label']} if 'label' in first else {'image-like input': first['raw']}
    if photo:
        given['photo'] = _shrunk(photo, outputs[0]['image'].shape[-2:])
    rows = [[*(given.values() if name == 'image' else [None] * len(given)), *(output[name] for output in outputs)]
            for name in ('image', 'edge') if name in outputs[0]]
    return picture_grid(rows, [*given, *map(str, range(1, len(results) + 1))], palette, classes)


def _shrunk(photo: str, size: tuple[int, int]) -> np.ndarray:
    """A photo ``(3, h, w)`` uint8 RGB, as large as fits into a size."""
    image = read_rgb(photo)
    scale = min(side / own for side, own in zip(size, image.shape[:2], strict=True))
    height, width = (max(round(side * scale), 1) for side in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
