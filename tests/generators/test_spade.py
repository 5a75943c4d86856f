from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from semsynth.generators import SPADEGenerator
from semsynth.layers.spade import SPADEBlock, SpatiallyAdaptiveNorm
from semsynth.layout import Layout


def convolve(layer, x):
    return F.conv2d(x, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)


def spade(norm, x, condition, instance):
    axes = (2, 3) if instance else (0, 2, 3)
    mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    hidden = convolve(norm.shared, condition).clamp(min=0)
    return (x - mean) / (variance + 1e-5).sqrt() * (1 + convolve(norm.gamma, hidden)) + convolve(norm.beta, hidden)


@pytest.mark.parametrize('norm', ['batch', 'instance'])
def test_norm_equals_the_formula(norm):
    net = SpatiallyAdaptiveNorm(4, condition_channels=3, hidden_channels=5, norm=norm)
    x, condition = torch.randn(2, 4, 3, 5) * 2 + 1, torch.randn(2, 3, 3, 5)
    assert torch.allclose(net(x, condition), spade(net, x, condition, norm == 'instance'), atol=1e-5)


@pytest.mark.parametrize('widths', [(4, 4), (4, 2)])
def test_block_equals_the_formula(widths):
    net = SPADEBlock(*widths, condition_channels=3, hidden_channels=5, norm='instance')
    x, condition = torch.randn(2, 4, 3, 5), torch.randn(2, 3, 3, 5)

    def norm(module, features):
        return spade(module, features, condition, instance=True)

    hidden = convolve(net.conv_0, F.leaky_relu(norm(net.norm_0, x), 0.2))
    expected = convolve(net.conv_1, F.leaky_relu(norm(net.norm_1, hidden), 0.2))
    expected = expected + (x if widths == (4, 4) else convolve(net.conv_s, norm(net.norm_s, x)))
    assert torch.allclose(net(x, condition), expected, atol=1e-5)


@pytest.mark.parametrize(('num_upsamples', 'sizes'), [
    ('normal', [1, 2, 2, 4, 8, 16, 32]), ('more', [1, 2, 4, 8, 16, 32, 64]), ('most', [1, 2, 4, 8, 16, 32, 64, 128])])
def test_block_sizes_and_widths(num_upsamples, sizes):
    generator = SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2, num_upsamples=num_upsamples)
    shapes = []
    for block in generator.blocks:
        block.register_forward_hook(lambda _, inputs, output: shapes.append((*output.shape[1:], inputs[1].shape[-2:])))
    generator(Layout(raw=torch.randn(2, 3, sizes[-1], 3 * sizes[-1])))
    widths = [32, 32, 32, 16, 8, 4, 2, 1][:len(sizes)]
    assert shapes == [(width, side, 3 * side, (side, 3 * side)) for width, side in zip(widths, sizes, strict=True)]
    assert generator.size_divisor == sizes[-1] and generator.feature_channels == widths[-1]


def test_the_width_can_be_limited():
    generator = SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2, max_channels=9)
    assert generator.widths == [9, 9, 9, 9, 9, 8, 4, 2] and generator.feature_channels == 2
    assert generator(Layout(raw=torch.randn(2, 3, 32, 32)))['image'].shape == (2, 3, 32, 32)


@pytest.mark.parametrize('upsampling', ['nearest', 'bilinear'])
@torch.no_grad()
def test_blocks_read_what_was_upsampled(upsampling):
    generator = SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2, upsampling=upsampling)
    inputs, outputs = [], []
    for block in generator.blocks:
        block.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
        block.register_forward_hook(lambda _, given, output: outputs.append(output))
    generator(Layout(raw=torch.randn(2, 3, 64, 96)))
    for before, after, grows in zip(outputs, inputs[1:], generator.grows[1:], strict=False):
        expected = F.interpolate(before, scale_factor=2, mode=upsampling) if grows else before
        assert torch.equal(after, expected)


@torch.no_grad()
def test_in_a_region_of_one_class_padding_is_all_that_tells_places_apart():
    """Where lines on facades come from (docs/results.md)."""
    generator = SPADEGenerator(in_channels=3, base_channels=8, hidden_channels=8, init_gain=1.0).eval()
    facade = Layout(raw=torch.tensor([0.0, 1.0, 0.0]).view(1, 3, 1, 1).expand(-1, -1, 64, 64))
    assert generator(facade)['image'].std(dim=(2, 3)).max() > 0.01
    for layer in generator.modules():
        if isinstance(layer, nn.Conv2d) and layer.kernel_size != (1, 1):
            layer.padding, layer.forward = 0, partial(on_repeated_edges, layer)
    assert generator(facade)['image'].std(dim=(2, 3)).max() < 1e-5


def on_repeated_edges(layer, x):
    return nn.Conv2d.forward(layer, F.pad(x, (1, 1, 1, 1), mode='replicate'))


def test_the_default_head_is_spades_own():
    generator = SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2, norm='instance')
    layout = Layout(raw=torch.randn(1, 3, 64, 64))
    generator.eval()
    features = F.leaky_relu(generator.features(layout), 0.2)
    assert torch.allclose(generator(layout)['image'], torch.tanh(convolve(generator.head.convolution, features)))


def test_batch_norms_can_be_synchronised():
    generator = SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2)
    converted = torch.nn.SyncBatchNorm.convert_sync_batchnorm(generator)
    assert isinstance(converted.blocks[0].norm_0.norm, torch.nn.SyncBatchNorm)


@pytest.fixture
def with_latent():
    return SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2, latent_dim=4, image_size=(64, 96)).eval()


def test_latent_is_drawn_where_the_layout_has_none(with_latent):
    raw = torch.randn(2, 3, 64, 96)
    given = [with_latent(Layout(raw=raw, latent=torch.ones(2, 4)))['image'] for _ in range(2)]
    drawn = [with_latent(Layout(raw=raw))['image'] for _ in range(2)]
    assert torch.equal(*given) and not torch.equal(*drawn)
    torch.manual_seed(1)
    first = with_latent(Layout(raw=raw))['image']
    torch.manual_seed(1)
    assert torch.equal(first, with_latent(Layout(raw=raw, latent=torch.randn(2, 4)))['image'])


@pytest.mark.parametrize('norm', ['instance', 'batch'])
def test_norms_leave_the_latent_a_say(norm):
    """Even of a map of 1x2 pixels, of which instance norm leaves no more than which one is larger."""
    torch.manual_seed(0)
    generator = SPADEGenerator(in_channels=3, base_channels=4, hidden_channels=4, norm=norm, init_gain=1.0,
                               latent_dim=8, image_size=(32, 64))
    raw = torch.randn(1, 3, 32, 64).expand(6, -1, -1, -1)
    images = generator(Layout(raw=raw, latent=torch.randn(6, 8)))['image']
    assert images.std(0).mean() > images.std((2, 3)).mean() / 4
    with pytest.raises(ValueError, match='has shrunk to 1x1, and one pixel has no variance'):
        SPADEGenerator(in_channels=3, base_channels=2, norm='instance', latent_dim=4, image_size=(32, 32))(
            Layout(raw=torch.randn(1, 3, 32, 32)))


def test_a_latent_needs_the_size(with_latent):
    with pytest.raises(ValueError, match=r'layout is 64x64.*image_size='):
        with_latent(Layout(raw=torch.randn(1, 3, 64, 64)))
    for image_size in (None, (64, 100)):
        with pytest.raises(ValueError, match='multiples of 32'):
            SPADEGenerator(in_channels=3, base_channels=2, latent_dim=4, image_size=image_size)


@pytest.mark.parametrize('wrong', [dict(norm='layer'), dict(spectral='none'), dict(num_upsamples='few'),
                                   dict(upsampling='cubic')])
def test_unknown_options_are_named(wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError, match=f"{name}='{value}' is unknown; use one of"):
        SPADEGenerator(in_channels=3, **wrong)


def test_a_modulation_given_as_the_norm():
    with pytest.raises(ValueError, match="norm='clade' is a modulation: write modulation='clade'"):
        SPADEGenerator(in_channels=4, image_size=(32, 64), base_channels=2, norm='clade')


def test_instance_norm_on_a_seed_of_one_pixel():
    generator = SPADEGenerator(in_channels=3, base_channels=2, norm='instance')
    with pytest.raises(ValueError, match='shrunk to 1x1'):
        generator(Layout(raw=torch.randn(1, 3, 32, 32)))


@pytest.mark.parametrize('given', ['code', 'map', 'drawn'])
def test_every_layer_may_read_the_latent_beside_the_layout(given):
    """As a generator whose layout has the latent's channels already, at any size."""
    kinds = dict(base_channels=2, hidden_channels=2, norm='instance')
    generator = SPADEGenerator(in_channels=3, latent_dim=2, latent_as='channels', **kinds)
    plain = SPADEGenerator(in_channels=5, **kinds)
    plain.load_state_dict(generator.state_dict())
    raw, code = torch.randn(2, 3, 32, 96), torch.randn(2, 2)
    latent = {'code': code, 'map': torch.randn(2, 2, 32, 96), 'drawn': None}[given]
    torch.manual_seed(0)
    drawn = torch.randn(2, 2)
    code = drawn if given == 'drawn' else code
    channels = latent if given == 'map' else code[:, :, None, None].expand(2, 2, 32, 96)
    torch.manual_seed(0)
    ours = generator(Layout(raw=raw, latent=latent))['image']
    torch.testing.assert_close(ours, plain(Layout(raw=torch.cat([channels, raw], 1)))['image'])


def test_a_latent_of_another_shape_is_refused():
    generator = SPADEGenerator(in_channels=3, base_channels=2, hidden_channels=2, latent_dim=2, latent_as='channels')
    with pytest.raises(ValueError, match=r'SPADEGenerator: a latent of shape \(2, 3\) does not fit; .*\(B, 2\)'):
        generator(Layout(raw=torch.zeros(2, 3, 32, 32), latent=torch.zeros(2, 3)))
    with pytest.raises(ValueError, match="latent_as='noise' is unknown; use one of map, channels"):
        SPADEGenerator(in_channels=3, latent_dim=2, latent_as='noise')
