"""Scores of segmentations, from their areas: pixels of intersection, union, prediction and label of each class.

mmseg's ``IoUMetric.intersect_and_union`` counts these; its own scores are rounded, and of the whole set alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from semsynth.scores import oracle_of


def class_scores(areas: Tensor, evaluator: str) -> tuple[dict[str, float], list[float | None]]:
    """Mean IoU and pixel accuracy over a set, and the IoU of each class, in percent.

    Args:
        areas: summed over the set, ``(4, N)``.
        evaluator: its name, for the message.

    Returns:
        ``mIoU``, the mean over the classes that a label has, and ``aAcc``; and N times an IoU, None where no label has
        the class.

    Raises:
        ValueError: no label has any of the classes.
    """
    intersection, union, _, labelled = areas.double()
    occurs = labelled > 0
    if not occurs.any():
        raise ValueError(f"{evaluator}: no label has any of the segmentor's classes; check its class_map.")
    iou = 100 * intersection / union
    scores = dict(mIoU=iou[occurs].mean().item(), aAcc=(100 * intersection.sum() / labelled.sum()).item())
    return scores, [value if there else None for value, there in zip(iou.tolist(), occurs.tolist(), strict=True)]


def image_scores(results: Sequence[dict], classes: Sequence[str]) -> list[dict[str, Any]]:
    """The scores of each image, in percent, None where there is nothing to count.

    ``aAcc``, the share of its pixels that the judge recognises; ``mIoU`` over the classes of its label map; both of the
    real image, as ``oracle_``, where there are real ones; ``most_wrong``, the class of which most pixels are not
    recognised; and the recognised share of each class, as ``INDEX NAME``.

    Args:
        results: for each image its ``name``, and the areas ``(4, N)`` that are ``generated`` and ``oracle``, the latter
            None where there is no real image.
        classes: names.
    """
    generated = torch.stack([entry['generated'] for entry in results])
    columns: dict[str, list] = {'name': [entry['name'] for entry in results], **_shares(generated)}
    oracles = [entry['oracle'] for entry in results]
    if any(areas is not None for areas in oracles):
        empty = torch.zeros_like(generated[0])
        real = torch.stack([empty if areas is None else areas for areas in oracles])
        columns |= {oracle_of(name): values for name, values in _shares(real).items()}
    intersection, _, _, labelled = generated.unbind(1)
    most, worst = (labelled - intersection).max(1)
    columns['most_wrong'] = [classes[index] if count else None for index, count in
                             zip(worst.tolist(), most.tolist(), strict=True)]
    columns |= {f'{index} {name}': _percent(intersection[:, index], labelled[:, index])
                for index, name in enumerate(classes)}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def accuracy(areas: Tensor) -> float:
    """Share of the labelled pixels that are recognised; of none, all."""
    intersection, _, _, labelled = areas.sum(1).tolist()
    return intersection / labelled if labelled else 1.0


def _shares(areas: Tensor) -> dict[str, list[float | None]]:
    """``aAcc`` and ``mIoU`` of each image, in percent, of areas ``(images, 4, N)``."""
    intersection, union, _, labelled = areas.unbind(1)
    iou = (intersection / union).where(labelled > 0, 0)
    return dict(aAcc=_percent(intersection.sum(1), labelled.sum(1)),
                mIoU=_percent(iou.sum(1), (labelled > 0).sum(1)))


def _percent(part: Tensor, whole: Tensor) -> list[float | None]:
    return [100 * one / all_ if all_ else None for one, all_ in zip(part.tolist(), whole.tolist(), strict=True)]
