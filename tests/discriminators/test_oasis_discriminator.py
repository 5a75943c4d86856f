import copy

import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils import parametrize

from helpers.facts import facts
from helpers.settle import settle
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS


def build(**changes):
    return DISCRIMINATORS.build(dict(type='OASISDiscriminator', num_classes=5, base_channels=2) | changes)


def judge(discriminator, image):
    layout = Layout(label=torch.zeros(len(image), *image.shape[2:], dtype=torch.long), num_classes=5)
    [[logits]] = discriminator(layout, image)
    return logits


@pytest.mark.parametrize(('size', 'options'), [
    ((64, 128), {}), ((192, 64), {}), ((32, 96), dict(num_downsamples=5)), ((6, 2), dict(num_downsamples=1))])
def test_one_logit_a_class_and_pixel_and_one_more(size, options):
    discriminator = build(**options)
    image = torch.rand(2, 3, *size, requires_grad=True)
    logits = judge(discriminator, image)
    assert logits.shape == (2, 6, *size)
    logits.square().mean().backward()
    assert image.grad.abs().sum() > 0
    assert not [name for name, parameter in discriminator.named_parameters() if parameter.grad is None]
    assert not discriminator.returns_features and discriminator.returns_class_logits
    assert size[0] % discriminator.size_divisor == 0
    copy.deepcopy(discriminator)


def test_equals_the_paper():
    """Two halvings written out, with their skips."""
    discriminator = settle(build(num_downsamples=2))
    first, second, low, high = *discriminator.down, *discriminator.up

    def convolve(layer, x):
        return F.conv2d(x, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)

    def halve(x):
        return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4

    def upsample(x):
        return x.repeat_interleave(2, -1).repeat_interleave(2, -2)

    def active(x):
        return torch.where(x > 0, x, 0.2 * x)

    def change(block, x):
        return convolve(block.conv_1, active(convolve(block.conv_0, x)))

    image = torch.rand(1, 3, 8, 12) * 2 - 1
    fine = convolve(first.conv_s, halve(image)) + halve(change(first, image))  # 3 -> 4 channels
    coarse = halve(fine) + halve(change(second, active(fine)))  # 4 -> 4: the shortcut has no convolution
    x = upsample(coarse) + change(low, active(upsample(coarse)))
    x = upsample(torch.cat([fine, x], 1))
    x = convolve(high.conv_s, x) + change(high, active(x))  # 8 -> 2
    assert torch.allclose(judge(discriminator, image), convolve(discriminator.last, x), atol=1e-6)


def test_spectral_norm_on_all_but_the_last_layer():
    layers = {name: parametrize.is_parametrized(module) for name, module in build().named_modules()
              if isinstance(module, torch.nn.Conv2d)}
    assert {name for name, normed in layers.items() if not normed} == {'last'} and len(layers) == 12 * 2 + 8 + 1


def test_it_reads_the_image_alone():
    discriminator, image = build(in_channels=1, num_downsamples=2).eval(), torch.rand(1, 1, 8, 8)
    layout = Layout(label=torch.zeros(1, 8, 8, dtype=torch.long), num_classes=5)
    other = Layout(label=torch.ones(1, 8, 8, dtype=torch.long), num_classes=5)
    assert torch.equal(discriminator(layout, image)[0][0], discriminator(other, image)[0][0])


def test_sizes_that_do_not_halve():
    with pytest.raises(ValueError, match=facts('OASISDiscriminator', '64x96', '64', 'num_downsamples')):
        judge(build(), torch.rand(1, 3, 64, 96))


def test_without_halvings_there_is_nothing_to_segment_with():
    with pytest.raises(ValueError, match='OASISDiscriminator: num_downsamples=0, expected 1 or more'):
        build(num_downsamples=0)
