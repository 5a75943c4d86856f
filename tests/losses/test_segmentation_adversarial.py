import math

import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses import SegmentationAdversarialLoss
from semsynth.losses.segmentation_adversarial import class_cross_entropy, fake_cross_entropy


def minus_log(logits, channel):
    """Cross entropy of one pixel."""
    return math.log(sum(map(math.exp, logits))) - logits[channel]


def pixels(label):
    return [(b, i, j, label[b, i, j].item()) for b in range(label.shape[0])
            for i in range(label.shape[1]) for j in range(label.shape[2])]


def plain_class_cross_entropy(logits, label, unknown=None):
    """OASIS, eq. 1, with the weights of its code: B H W / (classes present * pixels of the class), mean over pixels."""
    known = [c for *_, c in pixels(label) if c != unknown]
    weight = {c: label.numel() / (len(set(known)) * known.count(c)) for c in set(known)}
    return sum(weight.get(c, 0) * minus_log(logits[b, :, i, j].tolist(), c + 1)
               for b, i, j, c in pixels(label)) / label.numel()


@pytest.fixture
def logits():
    return 2 * torch.randn(2, 5, 3, 7, dtype=torch.float64)


@pytest.mark.parametrize('unknown', [None, 0, 3, 1])
def test_equals_the_sum_over_pixels(logits, unknown):
    label = torch.tensor([0, 0, 0, 2, 3, 3])[torch.randint(6, (2, 3, 7))]  # class 1 is absent
    loss = class_cross_entropy(logits, label, unknown)
    assert loss.item() == pytest.approx(plain_class_cross_entropy(logits, label, unknown), abs=1e-12)
    assert fake_cross_entropy(logits).item() == pytest.approx(
        sum(minus_log(logits[b, :, i, j].tolist(), 0) for b, i, j, _ in pixels(label)) / label.numel(), abs=1e-12)


def test_a_class_of_one_pixel_weighs_as_the_rest_of_the_batch():
    logits, label = torch.zeros(1, 3, 10, 10), torch.zeros(1, 10, 10, dtype=torch.long)
    label[0, 4, 7] = 1
    logits.requires_grad_()
    class_cross_entropy(logits, label).backward()
    gradient = logits.grad[0].abs().sum(0)
    assert gradient[4, 7].item() == pytest.approx((gradient.sum() - gradient[4, 7]).item(), rel=1e-5)


def test_one_class_is_the_plain_cross_entropy(logits):
    label = torch.full((2, 3, 7), 2)
    assert torch.allclose(class_cross_entropy(logits, label), torch.nn.functional.cross_entropy(logits, label + 1))


def test_nothing_known_is_0(logits):
    logits.requires_grad_()
    loss = class_cross_entropy(logits, torch.full((2, 3, 7), 3), unknown=3)
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()


def test_gradcheck():
    logits, label = torch.randn(1, 4, 2, 3, dtype=torch.float64, requires_grad=True), torch.randint(3, (1, 2, 3))
    assert gradcheck(lambda x: class_cross_entropy(x, label, 0), logits)
    assert gradcheck(fake_cross_entropy, logits)


def test_half_precision_logits_are_read_in_float32():
    logits = torch.randn(1, 4, 2, 3).bfloat16()
    for value in (class_cross_entropy(logits, torch.randint(3, (1, 2, 3))), fake_cross_entropy(logits * 1000)):
        assert value.dtype == torch.float32 and value.isfinite()


@pytest.mark.parametrize('unknown', [None, 2])
@pytest.mark.parametrize('focus', [1, 2, 2.5])
def test_the_focal_loss_weighs_each_pixel_by_what_its_probability_lacks(logits, focus, unknown):
    label = torch.tensor([0, 0, 0, 2, 3, 3])[torch.randint(6, (2, 3, 7))]
    known = [c for *_, c in pixels(label) if c != unknown]

    def focal(b, i, j, channel):
        loss = minus_log(logits[b, :, i, j].tolist(), channel)
        return loss * (1 - math.exp(-loss)) ** focus

    of_classes = sum(focal(b, i, j, c + 1) / (len(set(known)) * known.count(c))
                     for b, i, j, c in pixels(label) if c != unknown)
    found = [focal(b, i, j, 0) for b, i, j, _ in pixels(label)]
    assert class_cross_entropy(logits, label, unknown, focus).item() == pytest.approx(of_classes, abs=1e-12)
    assert fake_cross_entropy(logits, focus).item() == pytest.approx(sum(found) / len(found), abs=1e-12)
    assert gradcheck(lambda x: class_cross_entropy(x, label, unknown, focus), logits.requires_grad_())
    assert gradcheck(lambda x: fake_cross_entropy(x, focus), logits)


def test_the_focal_loss_of_what_is_sure_is_0_and_so_is_its_gradient():
    logits = torch.zeros(1, 3, 1, 1).index_fill_(1, torch.tensor([1]), 1e4).requires_grad_()
    loss = class_cross_entropy(logits, torch.zeros(1, 1, 1, dtype=torch.long), focus=2)
    loss.backward()
    assert loss.item() == 0 and not logits.grad.any()


def test_a_focus_without_a_bounded_gradient_is_refused():
    with pytest.raises(ValueError, match=r'focus=0\.5, expected 0 or at least 1'):
        SegmentationAdversarialLoss(focus=0.5)


def test_both_players_losses_are_summed_over_the_views(make_step):
    """The generator wants its pixels taken for their classes, the discriminator to find them out."""
    real, fakes, label = torch.randn(2, 3, 4, 5), torch.randn(2, 2, 3, 4, 5), torch.randint(2, (2, 4, 5))
    step = make_step(dict(coarse=fakes[0], image=fakes[1]), dict(image=real), label, num_classes=2, unknown=1,
                     views=dict(coarse={}, image=dict(weight=2)), discriminator=lambda layout, images: [[images]])
    loss, focal = SegmentationAdversarialLoss(weight=7), SegmentationAdversarialLoss(focus=2)
    of_classes = [plain_class_cross_entropy(images, label, 1) for images in (*fakes, real)]
    found = [fake_cross_entropy(images).item() for images in fakes]
    assert loss.for_generator(step).item() == pytest.approx(of_classes[0] + 2 * of_classes[1], rel=1e-5)
    assert loss.for_discriminator(step).item() == pytest.approx(found[0] + 2 * found[1] + 3 * of_classes[2], rel=1e-5)
    parts = {name: value.item() for name, value in loss.discriminator_parts(step).items()}
    assert parts == pytest.approx(dict(real=3 * of_classes[2], synthesised=found[0] + 2 * found[1]), rel=1e-5)
    focal_found = [fake_cross_entropy(images, 2).item() for images in fakes]
    assert focal.for_generator(step).item() == pytest.approx(
        sum(weight * class_cross_entropy(images, label, 1, 2).item() for weight, images in zip((1, 2), fakes,
                                                                                             strict=True)), rel=1e-5)
    assert focal.discriminator_parts(step)['synthesised'].item() == pytest.approx(
        focal_found[0] + 2 * focal_found[1], rel=1e-5)
