"""The scores of single images: a table of all, and a page of the worst."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semsynth.apis.gallery import legend_of, write_gallery
from semsynth.errors import counted
from semsynth.evaluators import Evaluator
from semsynth.evaluators.base import Judged
from semsynth.label_spaces import NO_CLASS
from semsynth.scores import oracle_of
from semsynth.visualise import classes_in, default_palette, to_rgb
from semsynth.writing import write_whole

RIGHT, WRONG, UNJUDGED = (215, 222, 215), (214, 39, 40), (0, 0, 0)
PERCENT = '\N{NO-BREAK SPACE}%'
TEXT = (
    'The images of which the judge recognises the smallest share of pixels as the classes of their layouts, the worst '
    'first. Such an image may be a failure of the synthesis or of the judge: see whether it recognises the real photo.',
    'In the last picture, red is where the judge is wrong, and gray where it is right. Black pixels have no class of '
    "the judge's, and do not count.")


def folder_of_images(result: Path) -> Path:
    """The folder of what is written about single images, beside a result file."""
    return result.with_name(f'{result.stem}_images')


def write_image_scores(result: Path, evaluators: Sequence[Evaluator], title: str,
                       palette: Sequence[Sequence[int]] | None = None) -> list[Path]:
    """Write ``RESULT_images/images.csv``, a line an image, and ``worst.html``, for evaluators that score images.

    Args:
        result: the file with the scores of the whole set.
        evaluators: that have judged; one with a prefix has columns ``PREFIX/SCORE`` and the page ``worst_PREFIX.html``.
        title: what was judged, for the heading.
        palette: colours of the layout's classes, where there are any.

    Returns:
        The paths of what was written.
    """
    folder, written = folder_of_images(result), []
    scoring = [evaluator for evaluator in evaluators if evaluator.images]
    if scoring:
        written.append(write_whole(folder / 'images.csv', _table(scoring).encode()))
    for evaluator in scoring:
        if evaluator.worst:
            name = f'worst_{evaluator.prefix}' if evaluator.prefix else 'worst'
            written.append(_page(folder, name, title, evaluator.worst, palette))
    return written


def _table(evaluators: Sequence[Evaluator]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    columns = [(evaluator, key) for evaluator in evaluators for key in evaluator.images[0] if key != 'name']
    writer.writerow(['name', *('/'.join(filter(None, [evaluator.prefix, key])) for evaluator, key in columns)])
    for number, row in enumerate(evaluators[0].images):
        values = (evaluator.images[number][key] for evaluator, key in columns)
        writer.writerow([row['name'], *(f'{value:.4g}' if isinstance(value, float) else value for value in values)])
    return text.getvalue()


def _page(folder: Path, name: str, title: str, worst: Sequence[Judged],
          palette: Sequence[Sequence[int]] | None) -> Path:
    classes, colours = worst[0].classes, _colours(worst[0], palette)
    has_real = any(judged.real is not None for judged in worst)
    shown = {judged.scores['name']: _pictures(judged, colours, has_real) for judged in worst}
    notes = {judged.scores['name']: _sentence(judged) for judged in worst}
    seen = classes_in([each for judged in worst for each in (judged.label, judged.predicted)], len(classes))
    legend = legend_of([classes[index] for index in seen], [colours[index] for index in seen])
    return write_gallery(folder, f'{title}: the worst {counted(len(shown), "image")}', shown, paragraphs=TEXT,
                         legend=legend, name=name, notes=notes)


def _colours(judged: Judged, palette: Sequence[Sequence[int]] | None) -> list[Sequence[int]]:
    """A colour of each class: that of the layout's class that it stands for, where it has one."""
    colours: list[Sequence[int]] = list(default_palette(len(judged.classes)))
    for own, index in judged.indices.items():
        if palette and index < len(palette):
            colours[own] = palette[index]
    return colours


def _pictures(judged: Judged, palette: Sequence[Sequence[int]], has_real: bool) -> dict[str, np.ndarray]:
    errors = torch.full((*judged.label.shape, 3), 0, dtype=torch.uint8)
    for colour, where in ((RIGHT, judged.label == judged.predicted), (WRONG, judged.label != judged.predicted),
                          (UNJUDGED, judged.label == NO_CLASS)):
        errors[where] = torch.tensor(colour, dtype=torch.uint8)
    real = {'real photo': _photo(judged.real, judged.image)} if has_real else {}
    return {'layout': to_rgb(judged.label, palette), 'image': to_rgb(judged.image), **real,
            'what the judge sees': to_rgb(judged.predicted, palette), 'errors': errors.numpy()}


def _photo(real: Tensor | None, image: Tensor) -> np.ndarray:
    return to_rgb(torch.full_like(image, 128) if real is None else real)


def _sentence(judged: Judged) -> str:
    """What an image's scores are, and which class has most unrecognised pixels, in words."""
    scores = judged.scores
    real = scores.get(oracle_of('aAcc'))
    said = f'{scores["aAcc"]:.1f}{PERCENT} of the pixels recognised' + (
        '' if real is None else f' ({real:.1f}{PERCENT} in the real photo)') + f', mIoU {scores["mIoU"]:.1f}.'
    wrong = _wrong_counts(judged)
    if not wrong.any():
        return said
    named = [index for index, name in enumerate(judged.classes) if name == scores['most_wrong']]  # as in the table
    index = max(named, key=lambda each: int(wrong[each]))
    of_class = judged.label == index
    total, missed = int(of_class.sum()), judged.predicted[of_class & (judged.predicted != judged.label)]
    taken = judged.classes[int(torch.bincount(missed.long()).argmax())]
    return (f'{said} Most unrecognised pixels: {judged.classes[index]}, {len(missed)} of {total}, most often taken for '
            f'{taken}.')


def _wrong_counts(judged: Judged) -> Tensor:
    """How many pixels of each class are not recognised."""
    wrong = judged.label[(judged.label != judged.predicted) & (judged.label != NO_CLASS)]
    return torch.bincount(wrong.long(), minlength=len(judged.classes))
