import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrize
from torch.utils.flop_counter import FlopCounterMode

from semsynth.generators import CCFPSEGenerator
from semsynth.generators.ccfpse import ConditionalBlock, LabelPyramid
from semsynth.layout import Layout


def convolve(layer, x, stride=1):
    return F.conv2d(x, layer.weight, layer.bias, stride=stride, padding=layer.weight.shape[-1] // 2)


def batch_norm(layer, x):
    mean, variance = x.mean((0, 2, 3), keepdim=True), x.var((0, 2, 3), unbiased=False, keepdim=True)
    x = (x - mean) / (variance + 1e-5).sqrt()
    return x * layer.weight[:, None, None] + layer.bias[:, None, None] if layer.affine else x


def leaky(x):
    return torch.where(x > 0, x, 0.2 * x)


def predict(layers, condition):
    return convolve(layers[2], convolve(layers[0], condition).clamp(min=0))


def conditional(part, x, condition):
    """As reference code has it: unfolded neighbourhoods times kernels, channel by channel, then tap by tap."""
    x = batch_norm(part.norm, x)
    batch, channels, height, width = x.shape
    neighbours = F.unfold(x, 3, padding=1).view(batch, channels, 9, height, width)
    x = (neighbours * predict(part.kernels, condition).view(batch, channels, 9, height, width)).sum(2)
    return leaky(convolve(part.pointwise, x) / (1 + (-predict(part.gate, condition)).exp()))


def shuffle_norms(module):
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d) and layer.affine:
            nn.init.normal_(layer.weight, 1.0, 0.5)
            nn.init.normal_(layer.bias)
    return module.double()


@pytest.mark.parametrize('widths', [(4, 4), (4, 2)])
def test_block_equals_the_formula(widths):
    net = shuffle_norms(ConditionalBlock(*widths, condition_channels=3, hidden_channels=5, norm='batch'))
    x, condition = torch.randn(2, 4, 3, 5).double(), torch.randn(2, 3, 3, 5).double()
    shortcut = x
    if widths == (4, 2):
        hidden = convolve(net.norm_s.shared, condition).clamp(min=0)
        shortcut = batch_norm(net.norm_s.norm, x) * (1 + convolve(net.norm_s.gamma, hidden))
        shortcut = convolve(net.conv_s, shortcut + convolve(net.norm_s.beta, hidden))
    expected = shortcut + conditional(net.second, conditional(net.first, x, condition), condition)
    torch.testing.assert_close(net(x, condition), expected)


def test_pyramid_equals_the_formula():
    net = shuffle_norms(LabelPyramid(3, 4, num_levels=3, norm='batch'))
    condition = torch.randn(2, 3, 8, 12).double()

    def layer(part, x, stride=1):
        return leaky(batch_norm(part[1], convolve(part[0], x, stride)))

    full = layer(net.encoder[0], condition)
    half = layer(net.encoder[1], full, 2)
    quarter = layer(net.encoder[2], half, 2)

    def grow(x):
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    upper = layer(net.decoder[1], grow(quarter) + layer(net.lateral[1], half))
    finest = layer(net.decoder[0], grow(upper) + layer(net.lateral[0], full))
    for found, expected in zip(net(condition), (finest, upper, quarter), strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(('num_upsamples', 'sizes'), [
    ('normal', [1, 2, 2, 4, 8, 16, 32]), ('more', [1, 2, 4, 8, 16, 32, 64]), ('most', [1, 2, 4, 8, 16, 32, 64, 128])])
def test_block_sizes_widths_and_conditions(num_upsamples, sizes):
    generator = CCFPSEGenerator(in_channels=3, base_channels=2, hidden_channels=2, pyramid_channels=4,
                                num_upsamples=num_upsamples)
    shapes, conditions, pyramid = [], [], []
    for block in generator.blocks:
        block.register_forward_hook(lambda _, inputs, output: shapes.append((*output.shape[1:], inputs[1].shape[-2:])))
        block.register_forward_hook(lambda _, inputs, output: conditions.append(inputs[1]))
    generator.pyramid.register_forward_hook(lambda _, inputs, output: pyramid.extend(output))
    layout = Layout(raw=torch.randn(2, 3, sizes[-1], 3 * sizes[-1]))
    generator(layout)
    widths = [32, 32, 32, 16, 8, 4, 2, 1][:len(sizes)]
    assert shapes == [(width, side, 3 * side, (side, 3 * side)) for width, side in zip(widths, sizes, strict=True)]
    assert generator.size_divisor == sizes[-1] and generator.feature_channels == widths[-1]
    features = {found.shape[-2]: found for found in pyramid}
    for side, condition in zip(sizes, conditions, strict=True):
        expected = torch.cat([F.interpolate(layout.raw, (side, 3 * side), mode='nearest'), features[side]], 1)
        assert torch.equal(condition, expected)


def test_spectral_norm_is_on_the_pyramid_and_the_shortcuts():
    generator = CCFPSEGenerator(in_channels=3, base_channels=2, hidden_channels=2, pyramid_channels=4)
    spectral = {name.split('.')[0] if name.startswith('pyramid') else name.split('.')[-1]
                for name, layer in generator.named_modules()
                if isinstance(layer, nn.Conv2d) and parametrize.is_parametrized(layer)}
    assert spectral == {'pyramid', 'conv_s'}
    assert all(parametrize.is_parametrized(layer) for layer in generator.pyramid.modules()
               if isinstance(layer, nn.Conv2d))


def test_instance_norm_and_a_latent():
    generator = CCFPSEGenerator(in_channels=3, base_channels=2, hidden_channels=2, pyramid_channels=4,
                                norm='instance', latent_dim=5, image_size=(64, 96)).eval()
    assert not [layer for layer in generator.modules() if isinstance(layer, nn.BatchNorm2d)]
    raw = torch.randn(2, 3, 64, 96)
    images = [generator(Layout(raw=raw, latent=value * torch.ones(2, 5)))['image'] for value in (0.0, 1.0, 1.0)]
    assert images[0].shape == (2, 3, 64, 96)
    assert torch.equal(images[1], images[2]) and not torch.equal(images[0], images[1])


@pytest.mark.parametrize('wrong', [dict(norm='layer'), dict(num_upsamples='few')])
def test_unknown_options_are_named(wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError, match=f"CCFPSEGenerator: {name}='{value}' is unknown; use one of"):
        CCFPSEGenerator(in_channels=3, **wrong)


@pytest.mark.slow
@pytest.mark.parametrize(('channels', 'num_upsamples', 'size', 'gigaflops'), [
    (36, 'more', (256, 512), 1476.5), (151, 'normal', (256, 256), 875.6)])
def test_operations_are_as_many_as_the_official_ones(channels, num_upsamples, size, gigaflops):
    """Of convolutions alone; one by predicted kernels is none of them."""
    with torch.device('meta'), FlopCounterMode(display=False) as counter:
        CCFPSEGenerator(channels, num_upsamples=num_upsamples).eval()(Layout(raw=torch.empty(1, channels, *size)))
    assert round(counter.get_total_flops() / 1e9, 1) == gigaflops
