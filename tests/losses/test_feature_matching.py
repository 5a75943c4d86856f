import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses.feature_matching import FeatureMatchingLoss, feature_matching_loss


def verdict(scales=2, layers=4, dtype=torch.float64):
    return [[torch.randn(2, 3, 5 - scale, 4, dtype=dtype, requires_grad=True) for _ in range(layers)]
            + [torch.randn(2, 1, 3, 3, dtype=dtype)] for scale in range(scales)]


def transcription(fake, real):
    """Eq. 4 of pix2pixHD, summed over the scales as in its eq. 5, without the predictions."""
    return sum((a - b).abs().sum().item() / a.numel()
               for ours, theirs in zip(fake, real, strict=True) for a, b in list(zip(ours, theirs, strict=True))[:-1])


@pytest.mark.parametrize('normalise, scales, layers, factor', [
    ('paper', 2, 4, 1), ('paper', 3, 2, 1), ('spade', 3, 4, 1 / 3),
    # 1/scales * 4/(n_layers_D + 1), where n_layers_D + 1 maps are compared.
    ('pix2pixhd', 2, 4, 1 / 2), ('pix2pixhd', 3, 5, 4 / 15),
    # The mean over all maps.
    ('ccfpse', 3, 2, 1 / 6)])
def test_is_eq_4_under_each_normalisation(normalise, scales, layers, factor):
    fake, real = verdict(scales, layers), verdict(scales, layers)
    assert feature_matching_loss(fake, real, normalise).item() == pytest.approx(factor * transcription(fake, real))


def test_only_the_synthesised_image_gets_a_gradient():
    fake, real = verdict(), verdict()
    feature_matching_loss(fake, real).backward()
    assert all(feature.grad is not None for scale in fake for feature in scale[:-1])
    assert all(feature.grad is None for scale in real for feature in scale)


def test_gradcheck():
    (fake,), (real,) = verdict(1, 1), verdict(1, 1)
    assert gradcheck(lambda feature: feature_matching_loss([[feature, fake[1]]], [real]), fake[0])


def test_half_precision_features_are_compared_in_float32():
    fake, real = verdict(dtype=torch.bfloat16), verdict(dtype=torch.bfloat16)
    loss = feature_matching_loss(fake, real)
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(
        transcription(*([[f.double() for f in scale] for scale in side] for side in (fake, real))), rel=1e-5)


def test_sums_over_the_views(make_step):
    one = torch.ones(1, 3, 4, 4)
    step = make_step(dict(image=0.2 * one, edge=0.5 * one), dict(image=0.6 * one, edge=-0.5 * one),
                     views=dict(image=dict(weight=2), edge=dict(real='edge')),
                     discriminator=lambda layout, images: [[images, 10 * images]])
    # 2 * |.2 - .6| + |.5 + .5|
    assert FeatureMatchingLoss().for_generator(step).item() == pytest.approx(1.8)
    # One compared map: 4 / (1 scale * 1 map).
    assert FeatureMatchingLoss(normalise='pix2pixhd').for_generator(step).item() == pytest.approx(4 * 1.8)
    assert FeatureMatchingLoss.trains == {'generator'}


def test_an_unknown_normalisation():
    with pytest.raises(ValueError, match="normalise='none' is unknown; use one of paper, spade, pix2pixhd, ccfpse"):
        FeatureMatchingLoss(normalise='none')


@pytest.mark.parametrize('normalise', ['paper', 'ccfpse'])
def test_layers_before_the_first_are_left_out(normalise):
    fake, real = verdict(2, 4), verdict(2, 4)
    shorter = [[scale[2:] for scale in side] for side in (fake, real)]
    assert feature_matching_loss(fake, real, normalise, first=3).item() == pytest.approx(
        feature_matching_loss(*shorter, normalise).item())


def test_a_first_layer_that_is_not_there_is_named(make_step):
    with pytest.raises(ValueError, match='first=0, but layers are counted from 1'):
        FeatureMatchingLoss(first=0)
    image = torch.ones(1, 3, 4, 4)
    step = make_step(dict(image=image), dict(image=image), views=dict(image=dict(weight=1)),
                     discriminator=lambda layout, images: [[images, images]])
    with pytest.raises(ValueError, match='first=2, but the discriminator has 1 layers'):
        FeatureMatchingLoss(first=2).for_generator(step)
