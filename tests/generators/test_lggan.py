import pytest
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from semsynth.generators import LGGANGenerator
from semsynth.layout import Layout

CITYSCAPES = dict(in_channels=36, num_upsamples='more', head=dict(type='LGGANHead', num_classes=35, split=True))


def normalise(x):
    mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def down(layer, x, kernel=3):
    x = (F.pad(x, (3, 3, 3, 3), mode='reflect') if kernel == 7 else F.pad(x, (1, 1, 1, 1)))
    return normalise(F.conv2d(x, layer[0].weight, layer[0].bias, stride=1 if kernel == 7 else 2)).clamp(min=0)


def up(layer, x):
    return normalise(F.conv_transpose2d(x, layer[0].weight, layer[0].bias, 2, 1, 1)).clamp(min=0)


def residual(block, x):
    reflected = lambda layer, x: F.conv2d(F.pad(x, (1, 1, 1, 1), mode='reflect'), layer.weight, layer.bias)
    return x + normalise(reflected(block.body[3], normalise(reflected(block.body[0], x)).clamp(min=0)))


@pytest.mark.parametrize('num_upsamples', ['normal', 'more'])
@torch.no_grad()
def test_features_are_those_of_the_three_branches(num_upsamples):
    kinds = dict(base_channels=2, hidden_channels=3, norm='instance', num_upsamples=num_upsamples, num_blocks=2)
    generator = LGGANGenerator(in_channels=3, init_gain=1.0, **kinds).double().eval()
    layout = Layout(raw=torch.randn(2, 3, 64, 128, dtype=torch.float64))
    near = down(generator.encoder[0], layout.raw, kernel=7)
    for layer in generator.encoder[1:]:
        near = down(layer, near)
    x = near
    for layer in generator.deeper:
        x = down(layer, x)
    assert near.shape == (2, 8, 16, 32) and x.shape == (2, 32, 4, 8)
    sides = (2, 4) if num_upsamples == 'normal' else (1, 2)
    x = F.interpolate(x, sides, mode='nearest')
    for number, block in enumerate(generator.blocks):
        if number and not (number == 2 and num_upsamples == 'normal'):
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        x = block(x, F.interpolate(layout.raw, x.shape[-2:], mode='nearest'))
    local = near
    for block in generator.local_branch[:2]:
        local = residual(block, local)
    local = up(generator.local_branch[3], up(generator.local_branch[2], local))
    weights = up(generator.weight_branch[1], up(generator.weight_branch[0], near))
    expected = torch.cat([x, local, weights], 1)
    features = generator.features(layout)
    assert features.shape == (2, generator.feature_channels, 64, 128) and generator.feature_channels == 6
    torch.testing.assert_close(features, expected)


def test_parameters_and_cost_are_the_official_ones():
    """111.1 M, of which the official code makes SPADE's first convolution, 332,800, and never uses it. 222.96 GFLOP at
    128x256, where every class's convolution runs over the whole image; ours then runs over its mirrored border, too."""
    with torch.device('meta'):
        generator = LGGANGenerator(**CITYSCAPES).eval()
        layout = Layout(torch.zeros(1, 128, 256, dtype=torch.long), 35, instance=torch.zeros(1, 128, 256).long())
    parameters = sum(parameter.numel() for parameter in generator.parameters())
    assert parameters == 110_790_695 and round((parameters + 332_800) / 1e6, 1) == 111.1
    generator.head.fix_shapes()
    with FlopCounterMode(display=False) as counter:
        generator(layout)
    border = 35 * 2 * 64 * 3 * 49 * (134 * 262 - 128 * 256)
    pooling = 2 * 35 * 64 * 128 * 256  # a sum of masked features, as a product of matrices
    assert round((counter.get_total_flops() - border - pooling) / 1e9, 2) == 222.96


@pytest.mark.parametrize('wrong', [dict(norm='layer'), dict(num_upsamples='most')])
def test_unknown_options_are_named(wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError, match=f"LGGANGenerator: {name}='{value}' is unknown; use one of"):
        LGGANGenerator(in_channels=3, **wrong)
