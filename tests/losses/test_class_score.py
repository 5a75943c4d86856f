import math

import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses import ClassScoreLoss, class_score_loss


def transcription(scores, label, unknown=None):
    """Image by image and class by class."""
    losses = []
    for rows, classes in zip(scores.tolist(), label, strict=True):
        for number in sorted(set(classes.flatten().tolist()) - {unknown}):
            losses.append(math.log(sum(map(math.exp, rows[number]))) - rows[number][number])
    return sum(losses) / len(losses)


@pytest.mark.parametrize('unknown', [None, 2])
@pytest.mark.parametrize('images', [1, 3])
def test_is_the_mean_over_the_classes_present(images, unknown):
    scores, label = torch.randn(images, 6, 6, dtype=torch.float64) * 3, torch.randint(5, (images, 3, 2))
    found = class_score_loss(scores, label, unknown)
    assert found.item() == pytest.approx(transcription(scores, label, unknown), rel=1e-12)


def test_gradcheck_and_none_for_absent_classes():
    scores = torch.randn(2, 4, 4, dtype=torch.float64, requires_grad=True)
    label = torch.tensor([[[0, 1]], [[3, 3]]])
    assert gradcheck(lambda scores: class_score_loss(scores, label, unknown=1), scores)
    class_score_loss(scores, label, unknown=1).backward()
    assert scores.grad.any(2).tolist() == [[True, False, False, False], [False, False, False, True]]


def test_without_a_known_class_it_is_0_and_attached():
    scores = torch.randn(1, 3, 3, requires_grad=True)
    loss = class_score_loss(scores, torch.ones(1, 2, 2, dtype=torch.long), unknown=1)
    loss.backward()
    assert loss == 0 and not scores.grad.any()


def test_reads_the_scores_and_the_label_map(make_step):
    scores, label = torch.randn(2, 4, 4).bfloat16(), torch.randint(0, 4, (2, 5, 7))
    step = make_step(dict(class_scores=scores, image=None), {}, label=label, num_classes=4, unknown=3)
    loss = ClassScoreLoss().for_generator(step)
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(transcription(scores.float(), label, 3), rel=1e-5)


def test_an_image_counts_by_its_classes():
    """So the mean over parts of a batch is another one."""
    scores, label = torch.randn(2, 4, 4), torch.tensor([[[0, 1]], [[3, 3]]])
    first, second = (class_score_loss(scores[i:i + 1], label[i:i + 1]) for i in range(2))
    torch.testing.assert_close(class_score_loss(scores, label), (2 * first + second) / 3)
    assert ClassScoreLoss.relates_images
