import math

import pytest
import torch
from torch.autograd import gradcheck

from helpers.contrast import EVERY_PIXEL, with_memory
from helpers.eq_5 import eq_5
from semsynth.losses import ContrastiveLoss, contrastive_loss, sample_pixels
from semsynth.losses.contrastive import _at_scale


def pixels_of_scales(embedding, label, scales):
    """Embedding and class of every pixel of every scale, by loops: means of windows, classes in their middle."""
    rows, classes = [], []
    for scale in scales:
        height, width = (math.ceil(side / scale) for side in label.shape[1:])
        for image, kinds in zip(embedding, label, strict=True):
            for i in range(height):
                for j in range(width):
                    (top, bottom, y), (left, right, x) = (
                        (k * side // of, -(-(k + 1) * side // of), (2 * k + 1) * side // (2 * of))
                        for k, side, of in ((i, label.shape[1], height), (j, label.shape[2], width)))
                    rows.append(image[:, top:bottom, left:right].mean((1, 2)))
                    classes.append(int(kinds[y, x]))
    return torch.stack(rows), torch.tensor(classes)


@pytest.mark.parametrize('settings', [{}, EVERY_PIXEL], ids=['drawn', 'every pixel'])
@pytest.mark.parametrize(('size', 'scales'), [
    ((4, 6), (1, 2)), ((5, 7), (1, 2, 4)), ((3, 3), (2, 3)), ((1, 1), (1, 4))])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_each_pixel_against_all_scales(make_step, settings, size, scales, memory_format):
    """All pixels of all scales, since no bound is reached, with each other: value and gradient."""
    label = torch.randint(0, 3, (2, *size))
    embedding = torch.randn(2, 6, *size).to(memory_format=memory_format).requires_grad_()
    step = make_step(dict(embedding=embedding), dict(image=None), label=label, unknown=2)
    loss = ContrastiveLoss(scales=scales, **{'max_per_class': None, **settings}).for_generator(step)
    plain = embedding.detach().double().requires_grad_()
    rows, classes = pixels_of_scales(plain, label, scales)
    expected = eq_5(rows, classes.where(classes != 2, -1), 0.1)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-7)
    if expected.requires_grad:
        for each in (loss, expected):
            each.backward()
        torch.testing.assert_close(embedding.grad.double(), plain.grad, rtol=1e-4, atol=1e-6)


def test_scales_are_differentiable(make_step):
    label, contrast = torch.randint(0, 2, (1, 3, 5)), ContrastiveLoss(scales=(1, 2))

    def loss(embedding):
        torch.manual_seed(0)
        return contrast.for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))

    assert gradcheck(loss, torch.randn(1, 3, 3, 5, dtype=torch.float64, requires_grad=True))


def test_every_scale_is_as_likely(make_step):
    """Of 1024, 256 and 64 pixels of one class a third each, where all are alike, and the memory takes in of each."""
    embedding = torch.zeros(1, 4, 32, 32)
    embedding[:, 0] = 1
    step = make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 32, 32).long())
    for loss in (ContrastiveLoss(scales=(1, 2, 4)), with_memory(1, 4, settings=dict(scales=(1, 2, 4)))):
        loss.max_per_class = loss.max_pixels = 60
        drawn = torch.cat([loss._draw([_at_scale(embedding, step.layout.label, scale) for scale in (1, 2, 4)],
                                      step.layout)[0] for _ in range(20)])
        shares = torch.stack([drawn < 1024, (drawn >= 1024) & (drawn < 1280), drawn >= 1280]).float().mean(1)
        assert ((shares - 1 / 3).abs() < 0.1).all(), shares  # a bit fewer of the 64, which run out


def test_one_scale_is_the_loss_as_it_was(make_step):
    label, embedding = torch.randint(0, 3, (2, 16, 16)), torch.randn(2, 6, 16, 16)
    step = make_step(dict(embedding=embedding), dict(image=None), label=label)
    torch.manual_seed(3)
    loss = ContrastiveLoss(max_per_class=4).for_generator(step)
    torch.manual_seed(3)
    pixels, classes = sample_pixels(label, 3, None, 4, 1024)
    assert torch.equal(loss, contrastive_loss(embedding.movedim(1, -1).flatten(0, 2)[pixels], classes))


def test_which_scales_are_compared_is_said():
    assert ContrastiveLoss(**EVERY_PIXEL, scales=(1, 2)).protocol == 'every pixel at scales 1, 2, with each other'
