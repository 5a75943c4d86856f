import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils import parametrize

from helpers.facts import facts
from helpers.settle import settle
from semsynth.generators import OASISGenerator
from semsynth.layout import Layout


@pytest.fixture
def generator():
    return settle(OASISGenerator(in_channels=3, base_channels=2, latent_dim=4, hidden_channels=2))


def layout_of(height=64, width=96, **latent):
    return Layout(label=torch.randint(3, (2, height, width)), num_classes=3, **latent)


def test_blocks_grow_from_a_seed_that_reads_the_latent_before_the_layout(generator):
    seen, layout = [], layout_of(latent=torch.randn(2, 4))
    for module in (generator.seed, *generator.blocks):
        module.register_forward_hook(lambda _, inputs, output: seen.append((*inputs, output)))
    generator(layout)
    seed_input, x = seen[0]
    assert x.shape == (2, 32, 2, 3)
    assert [tuple(output.shape[1:]) for *_, output in seen[1:]] == [
        (32, 2, 3), (32, 4, 6), (16, 8, 12), (8, 16, 24), (4, 32, 48), (2, 64, 96)]
    for factor, condition in zip((32, 32, 16, 8, 4, 2, 1), [seed_input, *(inputs[1] for inputs in seen[1:])],
                                 strict=True):
        expected = layout.latent[:, :, None, None].expand(-1, -1, 64 // factor, 96 // factor)
        assert torch.equal(condition[:, :4], expected)
        assert torch.equal(condition[:, 4:], layout.one_hot[:, :, ::factor, ::factor])


def test_the_default_head_is_oasis_own(generator):
    layout = layout_of(latent=torch.randn(2, 4))
    convolution = generator.head.convolution
    expected = F.conv2d(F.leaky_relu(generator.features(layout), 0.2), convolution.weight, convolution.bias, padding=1)
    assert torch.allclose(generator(layout)['image'], torch.tanh(expected))


def test_spectral_norm_is_on_the_blocks_own_convolutions(generator):
    normed = {name for name, module in generator.named_modules() if parametrize.is_parametrized(module)}
    assert normed == {f'blocks.{block}.conv_{part}' for block in range(6) for part in ('01' if block < 2 else '01s')}


def test_a_latent_is_drawn_where_the_layout_has_none(generator):
    layout = layout_of()
    torch.manual_seed(1)
    drawn = generator(layout)['image']
    torch.manual_seed(1)
    layout.latent = torch.randn(2, 4)
    assert torch.equal(generator(layout)['image'], drawn)
    assert not torch.equal(generator(layout_of())['image'], drawn)


def test_a_map_of_codes_restyles_one_region(generator):
    """A map of one code is the code; another code on the right leaves the far left as it was."""
    code, other = torch.randn(2, 2, 4, 1, 1).unbind()
    layout = layout_of(64, 512, latent=code[..., 0, 0])
    image = generator(layout)['image']
    codes = code.expand(-1, -1, 64, 512).clone()
    layout.latent = codes
    assert torch.allclose(generator(layout)['image'], image, atol=1e-6)
    codes[..., 480:] = other
    change = (generator(layout)['image'] - image).abs().amax((0, 1, 2))
    assert change[480:].max() > 0 and change[:100].max() == 0


def test_without_latent_the_layout_alone_is_read():
    generator = settle(OASISGenerator(in_channels=3, base_channels=2, latent_dim=None, hidden_channels=2))
    layout, seen = layout_of(), []
    for module in generator.blocks:
        module.register_forward_hook(lambda _, inputs, output: seen.append(inputs[1]))
    image = generator(layout)['image']
    for factor, condition in zip((32, 16, 8, 4, 2, 1), seen, strict=True):
        assert torch.equal(condition, layout.one_hot[:, :, ::factor, ::factor])
    layout.latent = torch.randn(2, 4)
    assert torch.equal(generator(layout)['image'], image) and image.std() > 0
    generator.train()(layout)['image'].square().mean().backward()
    assert all(parameter.grad is not None for parameter in generator.parameters())


@pytest.mark.parametrize('shape', [(2, 5), (2, 4, 64, 64), (2, 4, 1, 1)])
def test_a_latent_of_another_shape(generator, shape):
    with pytest.raises(ValueError, match=facts(f'({shape[0]}, {shape[1]}', '(B, 4)', '(B, 4, H, W)', '64x96')):
        generator(layout_of(latent=torch.randn(shape)))


def test_an_unknown_norm():
    with pytest.raises(ValueError, match="norm='layer' is unknown; use one of batch, instance"):
        OASISGenerator(in_channels=3, norm='layer')
