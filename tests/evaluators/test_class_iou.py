import json

import numpy as np
import pytest
import torch

from semsynth.evaluators.areas import class_scores
from semsynth.evaluators.class_iou import ClassIoU


def sample(predicted, label):
    return dict(pred_sem_seg=dict(data=torch.tensor(predicted)[None]), gt_sem_seg=dict(data=torch.tensor(label)[None]))


def test_the_file_holds_what_a_loop_over_pixels_finds(tmp_path):
    draws = np.random.default_rng(0)
    pairs = [(draws.integers(0, 4, (5, 7)), draws.choice([0, 1, 3, 255], (5, 7))) for _ in range(3)]
    metric = ClassIoU(out=str(tmp_path / 'deep/scores.json'))
    metric.dataset_meta = dict(classes=('a', 'b', 'c', 'd'))
    metric.process({}, [sample(*pair) for pair in pairs])
    scores = metric.evaluate(3)
    inter, union = np.zeros(4), np.zeros(4)
    for predicted, label in pairs:
        for own, right in zip(predicted.ravel(), label.ravel(), strict=True):
            if right != 255:
                inter[right] += own == right
                for kind in {own, right}:
                    union[kind] += 1
    written = json.loads((tmp_path / 'deep/scores.json').read_text())
    assert written['classes'] == ['a', 'b', 'c', 'd'] and written['IoU'][2] is None  # no label has it
    assert [written['IoU'][kind] for kind in (0, 1, 3)] == pytest.approx(100 * inter[[0, 1, 3]] / union[[0, 1, 3]])
    assert written['mIoU'] == pytest.approx(100 * (inter / union)[[0, 1, 3]].mean())
    labelled = sum((label != 255).sum() for _, label in pairs)
    assert written['aAcc'] == pytest.approx(100 * inter.sum() / labelled) == pytest.approx(scores['aAcc'], abs=0.01)


def test_labels_without_any_class():
    with pytest.raises(ValueError, match=r'no label .* class_map'):
        class_scores(torch.zeros(4, 2), 'ClassIoU')
