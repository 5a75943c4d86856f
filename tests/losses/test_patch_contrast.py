import math

import pytest
import torch
from torch.autograd import gradcheck

from helpers.facts import facts
from semsynth.losses import PatchContrastLoss, patch_contrast
from semsynth.losses.patch_contrast import draw_places


def plain(fake, real, temperature):
    """The mean over images and places of - log softmax of the cosine with the same place."""
    losses = []
    for f, r in zip(fake, real, strict=True):
        for place in range(f.shape[1]):
            cosines = [torch.dot(f[:, place], r[:, other]) / f[:, place].norm() / r[:, other].norm() / temperature
                       for other in range(r.shape[1])]
            losses.append(math.log(sum(math.exp(cosine) for cosine in cosines)) - cosines[place].item())
    return sum(losses) / len(losses)


@pytest.mark.parametrize('shape', [(2, 5, 7), (1, 3, 2), (3, 4, 1)])
def test_equals_a_loop(shape):
    fake, real = (torch.randn(shape, dtype=torch.float64) for _ in range(2))
    assert patch_contrast(fake, real, 0.3).item() == pytest.approx(plain(fake, real, 0.3), abs=1e-12)


def test_gradcheck_and_no_gradient_to_the_real_image():
    fake, real = (torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert gradcheck(lambda x: patch_contrast(x, real.detach(), 0.5), fake)
    patch_contrast(fake, real).backward()
    assert fake.grad.any() and real.grad is None


def test_half_precision_features_are_compared_in_float32():
    assert patch_contrast(torch.randn(1, 4, 3).bfloat16(), torch.randn(1, 4, 3).bfloat16()).dtype == torch.float32


def test_places_are_different_ones_of_each_image():
    places = draw_places(3, 50, 20, torch.device('cpu'))
    assert places.shape == (3, 20) and all(len(set(each)) == 20 for each in places.tolist())
    assert len({tuple(sorted(each)) for each in places.tolist()}) == 3 and places.max() < 50
    assert draw_places(2, 6, 20, torch.device('cpu')).tolist() == [[*range(6)]] * 2


@pytest.mark.parametrize('levels', [None, [1], [0, 2]])
def test_levels_are_averaged_and_views_summed(make_step, levels):
    """Three levels of a discriminator; the same places of the synthesised and of the real image."""
    fakes, real = [torch.randn(2, 3, 4, 6) for _ in range(2)], torch.randn(2, 3, 4, 6)

    def levels_of(images):
        return [images, images[..., ::2, ::2], images.mean(-1, keepdim=True)]

    step = make_step(dict(coarse=fakes[0], image=fakes[1]), dict(image=real),
                     views=dict(coarse={}, image=dict(weight=2)),
                     discriminator=lambda layout, images: [[*levels_of(images), images]])
    chosen = levels or [0, 1, 2]
    places = [draw_places(2, level.flatten(2).shape[2], 5, real.device)
              for level in (levels_of(real)[number] for number in chosen)]
    step.draws['places'] = places

    def at(image, number, where):
        features = levels_of(image)[number].flatten(2)
        return torch.stack([each[:, its] for each, its in zip(features, where, strict=True)])

    expected = sum(weight * plain(at(fake, number, where), at(real, number, where), 0.07) / len(chosen)
                   for weight, fake in zip((1, 2), fakes, strict=True)
                   for number, where in zip(chosen, places, strict=True))
    loss = PatchContrastLoss(levels=levels, places=5)
    assert loss.for_generator(step).item() == pytest.approx(expected, rel=1e-4)
    del step.draws['places']
    assert loss.for_generator(step).isfinite()


@pytest.mark.parametrize('options', [dict(places=1), dict(temperature=0), dict(levels=())])
def test_what_cannot_be_contrasted(options):
    [(name, value)] = options.items()
    with pytest.raises(ValueError, match=facts('PatchContrastLoss', f'{name}={value}')):
        PatchContrastLoss(**options)


def test_a_level_that_the_discriminator_does_not_have(make_step):
    image = torch.randn(1, 3, 4, 6)
    step = make_step(dict(image=image), dict(image=image), discriminator=lambda layout, images: [[images, images]])
    with pytest.raises(ValueError, match=facts('PatchContrastLoss', 'levels=(0, 1)', '1 feature map')):
        PatchContrastLoss(levels=[0, 1]).for_generator(step)
