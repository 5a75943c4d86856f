import pytest
import torch
import torch.nn.functional as F

from helpers.facts import facts
from helpers.settle import settle
from semsynth.layers.label_encoder import LabelEncoder, NoiseAttention
from semsynth.layout import Layout
from semsynth.registry import GENERATORS


def build(**changes):
    return GENERATORS.build(dict(type='LabelEncoderGenerator', in_channels=3, base_channels=2, hidden_channels=4,
                                 encoder_channels=2, latent_dim=6, num_tokens=3, norm='instance') | changes)


def layout_of(height=64, width=96, **parts):
    return Layout(label=torch.randint(3, (2, height, width)), num_classes=3, **parts)


def active(x):
    return torch.where(x > 0, x, 0.2 * x)


def doubled(x):
    return x.repeat_interleave(2, -1).repeat_interleave(2, -2)


def test_attention_equals_a_loop_over_pixels_and_heads():
    torch.manual_seed(0)
    layer = NoiseAttention(6, 5, num_heads=2).double()
    x, tokens = torch.randn(2, 6, 3, 4, dtype=torch.float64), torch.randn(2, 7, 5, dtype=torch.float64)
    normed = (x - x.mean((1, 2, 3), keepdim=True)) / (x.var((1, 2, 3), keepdim=True, correction=0) + 1e-5).sqrt()
    expected = torch.empty_like(x)
    for image in range(2):
        keys, values = (tokens[image] @ layer.key_value.weight.T + layer.key_value.bias).split(6, dim=1)
        for i in range(3):
            for j in range(4):
                query = layer.query.weight[:, :, 0, 0] @ normed[image, :, i, j] + layer.query.bias
                heads = []
                for head in (slice(0, 3), slice(3, 6)):
                    shares = (keys[:, head] @ query[head] / 3**0.5).softmax(0)
                    heads.append(shares @ values[:, head])
                expected[image, :, i, j] = layer.out.weight[:, :, 0, 0] @ torch.cat(heads) + layer.out.bias
    assert torch.allclose(layer(x, tokens), x + expected, atol=1e-12)


def test_encoder_equals_what_the_docstring_says():
    encoder = LabelEncoder(in_channels=3, out_channels=4, base_channels=2, num_downsamples=2, latent_dim=6,
                           num_tokens=3, attended=2, num_heads=2).double()
    layout, latent = torch.randn(1, 3, 8, 12, dtype=torch.float64), torch.randn(1, 6, dtype=torch.float64)

    def convolve(layer, x, stride=1):
        return F.conv2d(x, layer.weight, layer.bias, stride, layer.weight.shape[-1] // 2)

    fine = active(convolve(encoder.stem, layout))
    half = active(convolve(encoder.down[0], fine, 2))
    quarter = active(convolve(encoder.down[1], half, 2))
    tokens = torch.stack([encoder.tokens.weight @ code + encoder.tokens.bias + place
                          for code, place in zip(latent.view(3, 2), encoder.places, strict=True)])[None]
    half, quarter = encoder.attention[0](half, tokens), encoder.attention[1](quarter, tokens)
    third = active(convolve(encoder.up[2], convolve(encoder.lateral[2], quarter)))
    second = active(convolve(encoder.up[1], convolve(encoder.lateral[1], half) + doubled(third)))
    first = active(convolve(encoder.up[0], convolve(encoder.lateral[0], fine) + doubled(second)))
    for feature, expected in zip(encoder(layout, latent), (first, second, third), strict=True):
        assert torch.allclose(feature, expected, atol=1e-12)
    assert [convolution.out_channels for convolution in encoder.down] == [4, 8]


def test_blocks_are_modulated_by_the_features_of_their_size():
    generator = settle(build(modulation_kernel=1).double())
    layout = layout_of(latent=torch.randn(2, 6, dtype=torch.float64))
    layout.__dict__['unstyled'] = layout.unstyled.double()

    def convolve(layer, x):
        return F.conv2d(x, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)

    def norm(layer, x, features):
        gamma, beta = convolve(layer.modulation, features).chunk(2, 1)
        mean, variance = x.mean((2, 3), keepdim=True), x.var((2, 3), keepdim=True, correction=0)
        return active((x - mean) / (variance + 1e-5).sqrt() * (1 + gamma) + beta)

    levels = generator.label_encoder(layout.condition, layout.latent)
    x = convolve(generator.seed, levels[-1])
    for number, block in enumerate(generator.blocks):
        x, features = doubled(x) if number else x, levels[len(levels) - 1 - number]
        shortcut = x if block.conv_0.in_channels == block.conv_0.out_channels else convolve(block.conv_s, x)
        inner = convolve(block.conv_0, norm(block.norm_0, x, features))
        x = shortcut + convolve(block.conv_1, norm(block.norm_1, inner, features))
    assert torch.allclose(generator.features(layout), x, atol=1e-8)
    assert [block.conv_1.out_channels for block in generator.blocks] == [32, 32, 16, 8, 4, 2]


def test_the_latent_changes_the_image_and_without_one_it_is_drawn():
    generator, layout = build().eval(), layout_of()
    one, two = (generator(layout.with_latent(torch.full((2, 6), value)))['image'] for value in (1.0, -1.0))
    assert (one - two).abs().max() > 1e-4
    assert not torch.equal(generator(layout)['image'], generator(layout)['image'])
    fixed = build(latent_dim=None).eval()
    assert torch.equal(fixed(layout)['image'], fixed(layout)['image']) and fixed.latent_dim is None


def test_widths_can_be_bounded():
    widths = [block.conv_1.out_channels for block in build(max_channels=5).blocks]
    assert widths == [5, 5, 5, 5, 4, 2]


def test_batch_norm():
    build(norm='batch')(layout_of())['image'].mean().backward()


@pytest.mark.parametrize(('options', 'message'), [
    (dict(norm='layer'), facts('LabelEncoderGenerator', "norm='layer'", 'batch', 'instance')),
    (dict(latent_dim=7), facts('LabelEncoderGenerator', 'latent_dim=7', 'num_tokens=3')),
    (dict(modulation_kernel=2), facts('LabelEncoderGenerator', 'modulation_kernel=2', 'odd')),
    *((dict.fromkeys([name], 0), facts('LabelEncoderGenerator', f'{name}=0', 'from 1 on'))
      for name in ('modulation_kernel', 'num_tokens', 'encoder_channels'))])
def test_what_cannot_be_built(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


@pytest.mark.parametrize('shape', [(2, 5), (2, 6, 64, 96)])
def test_latents_of_other_shapes(shape):
    with pytest.raises(ValueError, match=facts('LabelEncoderGenerator', shape, '(B, 6)')):
        build()(layout_of(latent=torch.randn(shape)))
