"""The scores of a segmentor on real photos, class by class, as a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.dist import is_main_process
from mmseg.evaluation import IoUMetric
from torch import Tensor

from semsynth.registry import EVALUATORS
from semsynth.writing import write_json


@EVALUATORS.register_module()
class ClassIoU(IoUMetric):
    """mmseg's ``IoUMetric`` of a segmentor in training, which also writes the IoU of each class into a file.

    The file holds ``mIoU`` and ``aAcc`` in percent, ``classes`` and their ``IoU``, None where no label has the class;
    the mean is over the others. The metrics that it returns, and the table that it logs, are mmseg's.

    Args:
        out: the file, JSON; written anew by each validation.
        settings: arguments of ``IoUMetric``.
    """

    def __init__(self, out: str, **settings: Any):
        super().__init__(**settings)
        self.out = out

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The metrics over all photos; writes the file."""
        metrics = super().compute_metrics(results)
        if is_main_process():
            write_json(self.out, class_scores(results, self.dataset_meta['classes']))
        return metrics


def class_scores(areas: Sequence[Sequence[Tensor]], classes: Sequence[str]) -> dict[str, Any]:
    """Scores in percent of areas by class.

    Args:
        areas: of each photo: intersection, union, prediction and label, ``(N,)`` each, in pixels.
        classes: names of the N.

    Raises:
        ValueError: no label has any of the classes.
    """
    intersection, union, _, labelled = (sum(part.double() for part in parts) for parts in zip(*areas, strict=True))
    occurs = labelled > 0
    if not occurs.any():
        raise ValueError('ClassIoU: no label of the validation split has any class; check its class_map.')
    iou = 100 * intersection / union
    return dict(mIoU=iou[occurs].mean().item(), aAcc=(100 * intersection.sum() / labelled.sum()).item(),
                classes=list(classes),
                IoU=[value if there else None for value, there in zip(iou.tolist(), occurs.tolist(), strict=True)])
