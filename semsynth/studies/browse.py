"""A page of labelled samples of a data set, to be looked at before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semsynth.apis.gallery import legend_of, write_gallery
from semsynth.data.draws import Draw
from semsynth.data.scene_dataset import SceneDataset
from semsynth.layout import boundary_map
from semsynth.visualise import classes_in, colour_labels, to_rgb
from semsynth.writing import check_out_folder

TEXT = ('As the model reads them: resized, cropped and flipped as the config says. Where the labels lie over the '
        'photo, borders between objects are white; where there is no photo, the picture is gray.')


def browse(dataset: SceneDataset, title: str, out: str | Path, count: int = 24, inputs: Collection[str | Path] = (),
           watch: Callable[[Iterable], Iterable] = iter) -> Path:
    """Write ``out/index.html`` with samples spread evenly over a data set: photo, label map, and one over the other.

    Args:
        dataset: of label maps or image-like inputs.
        title: heading of the page.
        out: folder of the page.
        count: samples at most.
        inputs: files and folders, beside the data set's own, that the page must not be written into.
        watch: wraps the samples as they are read, to show progress.

    Returns:
        Path of the page.

    Raises:
        DataError: a file is unsound.
        ValueError: ``out`` holds the data themselves.
    """
    folder = check_out_folder(out, inputs, (dataset.data_root, *dataset.folders.values()))
    dataset.full_init()
    chosen = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round().astype(int).tolist()
    samples, labels, palette = {}, [], dataset.metainfo.get('palette') or None
    for index in watch(chosen):
        sample = dataset[Draw(index, seed=0)]
        samples[sample['sample']['name']] = _pictures(sample['inputs'], palette)
        labels += [sample['inputs']['label']] if 'label' in sample['inputs'] else []
    classes = dataset.metainfo.get('classes', ())
    colours = legend_of(classes, palette)
    legend = {classes[index]: colours[classes[index]] for index in classes_in(labels, len(classes))}
    return write_gallery(folder, title, samples, paragraphs=(TEXT,), legend=legend)


def _pictures(inputs: dict[str, Tensor], palette: list | None) -> dict[str, np.ndarray]:
    photo = inputs.get('image')
    if 'label' not in inputs:
        shown = {'image-like input': to_rgb(_as_picture(inputs['raw']))}
        return shown if photo is None else {'photo': to_rgb(photo)} | shown
    label = inputs['label']
    ground = np.full((*label.shape, 3), 128, np.uint8) if photo is None else to_rgb(photo)
    objects = inputs.get('instance', label)
    coloured = colour_labels(label, palette)
    over = ((ground.astype(np.uint16) + coloured) // 2).astype(np.uint8)
    over[boundary_map(objects[None])[0, 0].bool().numpy()] = 255
    return {'photo': ground, 'label map': coloured, 'labels over the photo': over}


def _as_picture(raw: Tensor) -> Tensor:
    """The first three channels of an image-like input, or its first, as uint8: from least to largest number."""
    shown = raw[:3 if len(raw) >= 3 else 1].double()
    least, largest = shown.aminmax()
    return ((shown - least) / (largest - least).clamp(min=1e-9) * 255).round().to(torch.uint8)
