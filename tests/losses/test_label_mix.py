import itertools

import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses import LabelMixLoss
from semsynth.losses.label_mix import label_mix_loss, label_mix_mask


def test_every_class_of_every_image_is_drawn_for_itself():
    """Each is real in half of the draws, and each two of them are alike in half of the draws."""
    label = torch.arange(4).view(1, 2, 2).repeat(2, 1, 1)
    draws = torch.stack([label_mix_mask(label, 4).flatten() for _ in range(4000)]).float()
    assert ((draws.mean(0) - 0.5).abs() < 0.04).all()
    for first, second in itertools.combinations(draws.T, 2):
        assert abs((first == second).float().mean() - 0.5) < 0.04


def test_a_class_of_an_image_is_real_as_a_whole_or_not_at_all():
    label = torch.randint(5, (3, 6, 7))
    mask = label_mix_mask(label, 9)
    assert mask.shape == (3, 1, 6, 7) and mask.dtype == torch.bool
    for image, known in zip(label, mask[:, 0], strict=True):
        assert all(len(known[image == index].unique()) == 1 for index in image.unique())


def test_the_draw_is_that_of_the_random_state():
    label = torch.randint(5, (3, 6, 7))
    torch.manual_seed(3)
    first = label_mix_mask(label, 5)
    torch.manual_seed(3)
    assert torch.equal(label_mix_mask(label, 5), first)


def test_equals_the_sum_over_pixels_and_gradcheck():
    mixed, real, fake = torch.randn(3, 2, 3, 2, 4, dtype=torch.float64)
    mask = torch.rand(2, 1, 2, 4) < 0.5
    expected = sum((mixed[b, c, i, j] - (real if mask[b, 0, i, j] else fake)[b, c, i, j]) ** 2
                   for b, c, i, j in itertools.product(*map(range, mixed.shape))) / mixed.numel()
    assert label_mix_loss(mixed, real, fake, mask).item() == pytest.approx(expected.item(), abs=1e-12)
    inputs = [logits.requires_grad_() for logits in (mixed, real, fake)]
    assert gradcheck(lambda *logits: label_mix_loss(*logits, mask), inputs)
    label_mix_loss(*inputs, mask).backward()
    assert all(logits.grad.any() for logits in inputs)
    assert label_mix_loss(mixed.bfloat16(), real.bfloat16(), fake.bfloat16(), mask).dtype == torch.float32


def test_the_discriminator_s_loss_is_summed_over_the_views(make_step):
    real, fakes, label = torch.randn(2, 3, 4, 5), torch.randn(2, 2, 3, 4, 5), torch.randint(2, (2, 4, 5))
    judged = []

    def discriminator(layout, images):
        judged.append(images)
        return [[images * images.mean((1, 2, 3), keepdim=True)]]

    views = dict(coarse={}, image=dict(weight=2))
    step = make_step(dict(coarse=fakes[0], image=fakes[1]), dict(image=real), label, num_classes=2, views=views,
                     discriminator=discriminator)
    torch.manual_seed(0)
    mask = label_mix_mask(label, 2)
    torch.manual_seed(0)
    value = LabelMixLoss(weight=7).for_discriminator(step)
    mixed = [mask * real + ~mask * fake for fake in fakes]
    assert torch.equal(judged[0], torch.cat(mixed)) and len(judged) == 3

    def logits(images):
        return discriminator(None, images)[0][0]

    expected = [(logits(mix) - mask * logits(real) - ~mask * logits(fake)).square().mean()
                for mix, fake in zip(mixed, fakes, strict=True)]
    torch.testing.assert_close(value, expected[0] + 2 * expected[1])
    assert LabelMixLoss.trains == {'discriminator'}


def test_the_mask_can_be_handed_in(make_step):
    """A mask that no draw gives: a single pixel is synthesised."""
    mask, judged = torch.ones(1, 1, 4, 5, dtype=torch.bool), []
    mask[..., 2, 3] = False
    real, fake = torch.zeros(1, 3, 4, 5), torch.ones(1, 3, 4, 5)

    def discriminator(layout, images):
        judged.append(images)
        return [[images]]

    step = make_step(dict(image=fake), dict(image=real), discriminator=discriminator, draws=dict(label_mix=mask))
    LabelMixLoss().for_discriminator(step)
    assert torch.equal(judged[0], 1 - mask.float().expand_as(real))


def test_a_discriminator_that_sees_pixel_by_pixel_is_consistent(make_step):
    real, fake, label = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5), torch.randint(2, (2, 4, 5))
    step = make_step(dict(image=fake), dict(image=real), label, num_classes=2,
                     discriminator=lambda layout, images: [[images.square()]])
    assert LabelMixLoss().for_discriminator(step).item() == 0
