"""The scores of a segmentor on real photos, class by class, as a file."""

from __future__ import annotations

from typing import Any

import torch
from mmengine.dist import is_main_process
from mmseg.evaluation import IoUMetric

from semsynth.evaluators.areas import class_scores
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

    Raises:
        ValueError: after a validation, no label has any of the classes.
    """

    def __init__(self, out: str, **settings: Any):
        super().__init__(**settings)
        self.out = out

    def compute_metrics(self, results: list) -> dict[str, float]:
        """The metrics over all photos; writes the file."""
        metrics = super().compute_metrics(results)
        if is_main_process():
            areas = torch.stack([torch.stack(tuple(each)) for each in results]).double().sum(0)
            scores, iou = class_scores(areas, type(self).__name__)
            write_json(self.out, dict(scores, classes=list(self.dataset_meta['classes']), IoU=iou))
        return metrics
