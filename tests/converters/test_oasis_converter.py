import pytest
import torch
import torch.nn.functional as F

from helpers.official import oasis as official
from semsynth.converters import convert, convert_part
from semsynth.converters.recognition import FAMILIES
from semsynth.layout import Layout


def settle(network, *inputs):
    """Some forward passes of training, as released weights have seen them."""
    official.randomise(network)
    with torch.no_grad():
        for _ in range(5):
            network(*inputs)
    return network.eval()


def ours(network, part, **told):
    """Our network with the official weights; what they do not tell is told."""
    converted = convert_part(network.state_dict(), 'oasis', part)
    assert set(told) <= set(converted.guessed)
    built = FAMILIES[part].build(converted.network | told)
    built.load_state_dict(converted.state_dict)
    return built.eval()


def close(mine, theirs):
    return mine.shape == theirs.shape and torch.allclose(mine, theirs, rtol=0, atol=1e-5) and theirs.std() > 0.05


@pytest.mark.parametrize(('norm', 'spectral'), [
    ('batch', 'old'), pytest.param('batch', 'new', marks=pytest.mark.slow),
    pytest.param('instance', 'old', marks=pytest.mark.slow)])
@torch.no_grad()
def test_generator(norm, spectral):
    """In float64: these random weights make 1e-4 of float32's rounding, in the official network as in ours."""
    label = torch.randint(4, (2, 64, 96))
    channels = F.one_hot(label, 4).permute(0, 3, 1, 2).float()
    code, codes = torch.randn(2, 7), torch.randn(2, 7, 64, 96)
    network = settle(official.Generator(4, 2, 7, norm, spectral), channels, code)
    generator = ours(network, 'generator', latent_dim=7, in_channels=4).double()
    network.double()
    for latent in (code.double(), codes.double()):
        layout = Layout(label=label, num_classes=4, latent=latent)
        assert close(generator(layout)['image'].double(), network(channels.double(), latent).double())


@torch.no_grad()
def test_generator_without_noise():
    label = torch.randint(4, (2, 64, 96))
    channels = F.one_hot(label, 4).permute(0, 3, 1, 2).float()
    network = settle(official.Generator(4, 2, 0), channels, torch.zeros(2, 0))
    assert close(ours(network, 'generator')(Layout(label=label, num_classes=4))['image'],
                 network(channels, torch.zeros(2, 0)))


@pytest.mark.slow
@pytest.mark.parametrize('spectral', ['old', 'new'])
@torch.no_grad()
def test_discriminator(spectral):
    image = torch.rand(2, 3, 64, 128) * 2 - 1
    network = settle(official.Discriminator(5, 2, spectral), image)
    discriminator = ours(network, 'discriminator')
    [[logits]] = discriminator(Layout(label=torch.zeros(2, 64, 128, dtype=torch.long), num_classes=5), image)
    assert close(logits, network(image))


OFFICIAL = dict(  # numbers of parameters, counted by running the official networks
    generator=(lambda classes: official.Generator(classes, 64, hidden=128), {35: 71_107_523, 151: 74_314_691}),
    discriminator=(official.Discriminator, {35: 22_251_364, 151: 22_258_904}))
NETWORKS = dict(
    generator=dict(type='OASISGenerator', in_channels=151, base_channels=64, latent_dim=64, norm='batch',
                   hidden_channels=128,
                   head=dict(type='RGBHead', out_channels=3, kernel_size=3, padding_mode='zeros')),
    discriminator=dict(type='OASISDiscriminator', num_classes=151, in_channels=3, base_channels=64, num_downsamples=6))


@pytest.mark.slow
@pytest.mark.parametrize('part', OFFICIAL)
def test_sizes_are_the_official_ones(part):
    make, counts = OFFICIAL[part]
    for classes, expected in counts.items():
        with torch.device('meta'):
            network = make(classes)
        assert sum(parameter.numel() for parameter in network.parameters()) == expected
    converted = convert_part(network.state_dict(), 'oasis', part)
    assert converted.network == NETWORKS[part]
    assert converted.guessed == (('in_channels', 'latent_dim') if part == 'generator' else ())
    assert sum(value.numel() for name, value in converted.state_dict.items()
               if name.endswith(('original', 'weight', 'bias'))) == expected


def test_prefix_and_counters():
    state = official.Generator(4, 1, 3).state_dict()
    converted = convert({f'module.{name}': value for name, value in state.items()}, 'oasis', 'generator')
    assert len(converted) == len(state)
    assert converted['blocks.0.norm_0.norm.num_batches_tracked'].dtype == torch.int64


@pytest.mark.parametrize(('network', 'part', 'message'), [
    (official.Discriminator(3, 1), 'generator', 'This is no oasis generator: it lacks conv_img.weight'),
    (official.Generator(3, 1), 'discriminator', 'This is no oasis discriminator: it lacks layer_up_last.weight')])
def test_the_other_part_is_refused(network, part, message):
    with pytest.raises(ValueError, match=message):
        convert(network.state_dict(), 'oasis', part)


@pytest.mark.parametrize(('network', 'part', 'name'), [
    (official.Generator(3, 1), 'generator', 'body.3.conv_s.weight_orig'),
    (official.Generator(3, 1), 'generator', 'body.0.norm_0.first_norm.running_mean'),
    pytest.param(official.Discriminator(3, 1), 'discriminator', 'body_up.4.conv2.1.bias', marks=pytest.mark.slow)])
def test_keys_missing_or_strange_are_named(network, part, name):
    state = network.state_dict()
    state['strange'] = state.pop(name)
    with pytest.raises(ValueError, match=rf'has, but should not have: strange; it lacks: {name}\.'):
        convert(state, 'oasis', part)


def test_there_is_no_encoder():
    with pytest.raises(ValueError, match="part='encoder' is unknown for source='oasis'; use one of generator, discr"):
        convert({'a': torch.zeros(1)}, 'oasis', 'encoder')
