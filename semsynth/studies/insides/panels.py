"""The panels of a sheet: intermediate values as captioned pictures with their scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import matplotlib
import numpy as np
import torch
from torch import Tensor

from semsynth.evaluators import SegmentationEvaluator
from semsynth.label_spaces import NO_CLASS
from semsynth.studies.insides.look import Insides
from semsynth.visualise import colour_labels, default_palette, to_rgb

LOWEST, HIGHEST = torch.tensor([-1.0, 1.0]).sigmoid().tolist()
"""The range of ``sigmoid(I_e')``, and so the share of I_i' that eq. 1 adds: the same scale on every sheet."""


@dataclass
class Panel:
    """A captioned picture.

    Args:
        picture: ``(H, W, 3)`` uint8 RGB.
        caption: what it shows.
        detail: a second line.
        scale: in its place, the colour map and the values of its first and last colour.
    """

    picture: np.ndarray
    caption: str
    detail: str = ''
    scale: tuple[str, float, float] | None = None


@dataclass
class Section:
    """Panels that belong together, under one heading."""

    heading: str
    panels: list[Panel]


def coloured(values: Tensor, caption: str, low: float | None = None, high: float | None = None,
             colours: str = 'viridis') -> Panel:
    """A map ``(H, W)``, or images ``(3, H, W)`` channel by channel in gray, on a scale from low to high.

    Args:
        values: float.
        caption: of the panel.
        low: shown in the first colour, as is what lies below; the lowest value by default.
        high: shown in the last colour; the highest value by default.
        colours: matplotlib's name of the colour map; ``'gray'`` for images.
    """
    low = values.min().item() if low is None else low
    high = values.max().item() if high is None else high
    share = ((values - low) / ((high - low) or 1)).clamp(0, 1).numpy()
    if values.ndim == 3:
        return Panel((255 * share).round().astype(np.uint8).transpose(1, 2, 0), caption, scale=(colours, low, high))
    return Panel(matplotlib.colormaps[colours](share, bytes=True)[..., :3], caption, scale=(colours, low, high))


def result_section(result: dict, names: dict[str, str], palette: Sequence | None) -> Section:
    """The layout, and the outputs that ``names`` gives captions."""
    layout = _layout(result, palette)
    height, width = layout.picture.shape[:2]
    layout.detail = f'{height}x{width}'
    return Section('Layout and results', [layout, *(Panel(to_rgb(result['outputs'][name]), caption)
                                                    for name, caption in names.items())])


def edge_section(result: dict, insides: Insides, palette: Sequence | None) -> Section:
    """The edge map, and the attention that Gt makes of it and of the levels before it (ECGAN, fig. 6)."""
    panels = [_layout(result, palette), Panel(_picture(cast(Tensor, insides.edge)), "edge map I_e'")]
    if insides.attention is not None:
        panels.append(coloured(insides.attention.mean(0), "attention sigmoid(I_e')", LOWEST, HIGHEST))
    panels += [coloured(level.mean(0), f'attention at level {j}') for j, level in enumerate(insides.levels, 1)]
    return Section('Edge and attention maps (ECGAN, fig. 6)', panels)


def change_section(insides: Insides) -> Section:
    """The image before and after eq. 1, and the difference (ECGAN, fig. 9)."""
    before, after = cast(Tensor, insides.before), cast(Tensor, insides.after)
    beyond = (after.abs() > 1).float().mean().item()
    return Section('What edge guidance changed (eq. 1; fig. 9)', [
        Panel(_picture(before), "I_i', before"),
        Panel(_picture(after), "I', after", f'{beyond:.1%} of the values are clipped'),
        coloured(after - before, "difference I' - I_i'", -HIGHEST, HIGHEST, 'gray')])


def weight_section(insides: Insides) -> Section:
    """What weighs or gates the pixels in heads that are not ECGAN's."""
    return Section('Weights of pixels', [coloured(values, caption, 0, 1)
                                         for caption, values in insides.weights.items()])


def class_section(result: dict, insides: Insides, classes: Sequence[int], names: Sequence[str]) -> Section:
    """Channels of the enhanced features F_c' (ECGAN, fig. 3, right), by index of their class."""
    channels = cast(Tensor, insides.classes)
    share = [(result['label'] == index).float().mean().item() for index in classes]
    return Section("Class channels of F_c' (eq. 2; fig. 3)", [
        coloured(channels[index], f'{names[index]} ({part:.0%} of the layout)')
        for index, part in zip(classes, share, strict=True)])


def segmentation_section(result: dict, names: dict[str, str], evaluator: SegmentationEvaluator,
                         palette: Sequence | None) -> Section:
    """The judge's segmentations of the images, and the layout in its classes (ECGAN, fig. 7)."""
    target = evaluator.target(result['label']).cpu()
    counted = target != NO_CLASS
    colours = _judges_palette(evaluator, palette)
    panels = [Panel(colour_labels(target, colours), 'layout',
                    '' if counted.all() else f'black: {1 - counted.float().mean().item():.1%}, not judged')]
    for name, caption in names.items():
        seen = evaluator.predict(result['outputs'][name]).cpu()
        accuracy = (seen == target)[counted].float().mean().item()
        panels.append(Panel(colour_labels(seen, colours), f'segmentation of {caption}',
                            f'pixel accuracy {accuracy:.1%}' if counted.any() else 'nothing to compare with'))
    return Section('Segmentation by the judge (fig. 7)', panels)


def commonest(label: Tensor, number: int, unknown: int | None) -> list[int]:
    """The classes with the most pixels in a label map ``(H, W)``, most first, but for the unknown one."""
    counts = label.flatten().bincount()
    return [index for index in counts.argsort(descending=True, stable=True).tolist()
            if counts[index] and index != unknown][:number]


def _layout(result: dict, palette: Sequence | None) -> Panel:
    if 'label' in result:
        return Panel(to_rgb(result['label'], palette), 'label map')
    return Panel(to_rgb(result['raw'], palette), 'image-like input')


def _picture(image: Tensor) -> np.ndarray:
    return coloured(image, '', -1, 1, 'gray').picture


def _judges_palette(evaluator: SegmentationEvaluator, palette: Sequence | None) -> list[Sequence[int]]:
    """The data set's colours of the judge's classes; those that the data set lacks are black."""
    indices = evaluator.judge.indices()
    palette = palette or default_palette(1 + max(indices.values(), default=0))
    return [palette[indices[kind]] if kind in indices else (0, 0, 0) for kind in range(evaluator.judge.num_classes)]
