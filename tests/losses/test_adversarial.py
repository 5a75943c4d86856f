import math

import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses.adversarial import (
    AdversarialLoss,
    HingeLoss,
    LeastSquaresLoss,
    VanillaLoss,
    average,
    cross_entropy,
    hinge,
    least_squares,
)

# Each player's loss on one logit, as the papers write it.
PAPERS = {
    LeastSquaresLoss: dict(real=lambda x: (x - 1) ** 2, fake=lambda x: x ** 2, fooling=lambda x: (x - 1) ** 2),
    HingeLoss: dict(real=lambda x: max(0, 1 - x), fake=lambda x: max(0, 1 + x), fooling=lambda x: -x),
    VanillaLoss: dict(real=lambda x: -math.log(1 / (1 + math.exp(-x))),
                      fake=lambda x: -math.log(1 - 1 / (1 + math.exp(-x))),
                      fooling=lambda x: -math.log(1 / (1 + math.exp(-x)))),
}


@pytest.mark.parametrize('loss', PAPERS)
def test_losses_on_logits_are_the_papers(loss):
    logits = 2 * torch.randn(2, 1, 3, 5, dtype=torch.float64)
    for name, plain in PAPERS[loss].items():
        expected = sum(plain(x) for x in logits.flatten().tolist()) / logits.numel()
        assert getattr(loss(), f'on_{name}')(logits).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('function, target', [
    (least_squares, 1.0), (least_squares, 0.0), (hinge, 1.0), (hinge, -1.0), (cross_entropy, 1.0),
    (cross_entropy, -1.0)])
def test_gradcheck(function, target):
    logits = torch.randn(2, 1, 3, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: function(x, target), logits)
    assert gradcheck(average, logits)


def test_cross_entropy_stays_finite_for_huge_logits():
    logits = torch.tensor([1e4, -1e4], requires_grad=True)
    loss = VanillaLoss().on_fake(logits)
    loss.backward()
    assert loss.item() == pytest.approx(5e3) and logits.grad.tolist() == [0.5, 0]


@pytest.fixture
def step(make_step):
    """Two views of one real image, the second with weight 2; two scales; the logits are constants."""
    one = torch.ones(1, 3, 4, 4)

    def discriminator(layout, images):
        # Means of the images are their logits, halved at the coarser scale: nothing but the last entry counts.
        logits = images.mean((1, 2, 3), keepdim=True)
        return [[images * 1e6, logits], [images * 1e6, logits / 2]]

    return make_step(dict(coarse=0.4 * one, image=-0.2 * one), dict(image=0.6 * one),
                     views=dict(coarse=dict(weight=1), image=dict(weight=2)), discriminator=discriminator)


@pytest.mark.parametrize('reduction', ['sum', 'mean'])
@pytest.mark.parametrize('loss', PAPERS)
def test_both_players_losses_cover_every_view_and_scale(step, loss, reduction):
    term = loss(reduction=reduction, discriminator_weight=0.5, weight=7)
    plain, scale = PAPERS[loss], 1 if reduction == 'sum' else 1 / 2

    def over_scales(name, logit):
        return scale * (plain[name](logit) + plain[name](logit / 2))

    # Eq. 9 of ECGAN: the real image counts lambda + 1 times. The term's own weight is the synthesizer's to apply.
    assert term.for_generator(step).item() == pytest.approx(
        over_scales('fooling', 0.4) + 2 * over_scales('fooling', -0.2), abs=1e-6)
    assert term.for_discriminator(step).item() == pytest.approx(
        0.5 * (over_scales('fake', 0.4) + 2 * over_scales('fake', -0.2) + 3 * over_scales('real', 0.6)), abs=1e-6)
    parts = {name: value.item() for name, value in term.discriminator_parts(step).items()}
    assert parts == pytest.approx(dict(real=1.5 * over_scales('real', 0.6), synthesised=0.5 * (
        over_scales('fake', 0.4) + 2 * over_scales('fake', -0.2))), abs=1e-6)


@pytest.mark.parametrize('loss', PAPERS)
def test_weights_make_a_weighted_sum_of_the_mean(loss):
    logits, weights = 2 * torch.randn(2, 1, 3, 5, dtype=torch.float64), torch.rand(30, dtype=torch.float64)
    for name, plain in PAPERS[loss].items():
        expected = sum(weight * plain(x) for weight, x in zip(weights.tolist(), logits.flatten().tolist(), strict=True))
        assert getattr(loss(), f'on_{name}')(logits, weights).item() == pytest.approx(expected, abs=1e-12)


def test_a_loss_s_own_views_come_before_the_model_s(step):
    assert HingeLoss(views=dict(image=3)).for_generator(step).item() == pytest.approx(3 * 0.2 * 0.75)


def test_half_precision_logits_are_read_in_float32():
    for loss in PAPERS:
        for name in PAPERS[loss]:
            value = getattr(loss(), f'on_{name}')(torch.randn(2, 1, 3, 3, dtype=torch.bfloat16))
            assert value.dtype == torch.float32 and value.isfinite()


def test_an_unknown_reduction():
    with pytest.raises(ValueError, match="HingeLoss: reduction='max' is unknown; use one of sum, mean"):
        HingeLoss(reduction='max')


def test_the_base_has_no_losses_of_its_own():
    for name in ('real', 'fake', 'fooling'):
        with pytest.raises(NotImplementedError):
            getattr(AdversarialLoss(), f'on_{name}')(torch.zeros(1))
