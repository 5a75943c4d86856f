import pytest
import torch

from helpers.official import ccfpse as official
from helpers.official.ccfpse import randomise
from helpers.official.spade import Encoder
from semsynth.converters import convert_part
from semsynth.converters.recognition import FAMILIES
from semsynth.layout import Layout

OTHER_NAMES = dict(down='down_', lateral='b', up='c', gate='gate', first='pointwise_0', second='pointwise_1',
                   enc='conv', lat='side', final='out')


def ours(state, part, **told):
    """Our network with the official weights; what they do not tell is told."""
    converted = convert_part(state, 'ccfpse', part)
    assert set(told) == set(converted.guessed)
    built = FAMILIES[part].build(converted.network | told)
    built.load_state_dict(converted.state_dict)
    return built.eval()


def close(mine, theirs):
    # random weights multiply the rounding of float32
    return mine.shape == theirs.shape and torch.allclose(mine, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize(('mode', 'divisor', 'spectral', 'names'), [
    ('normal', 32, 'old', {}), ('normal', 32, 'new', OTHER_NAMES),
    *(pytest.param(*case, {}, marks=pytest.mark.slow) for case in (('more', 64, 'new'), ('most', 128, 'old')))])
@torch.no_grad()
def test_generator(mode, divisor, spectral, names):
    layout = Layout(raw=torch.randn(2, 5, divisor, 2 * divisor))
    network = randomise(official.Generator(5, 2, mode, spectral=spectral, **names), layout.raw)
    generator = ours(network.state_dict(), 'generator')
    expected = network(layout.raw)
    assert close(generator(layout)['image'], expected) and 0.1 < expected.std() < 0.9


@pytest.mark.parametrize(('mode', 'coarsest'), [('normal', 4), ('more', 5)])
def test_the_first_layers_on_the_way_up_are_the_coarsest(mode, coarsest):
    """They read the fifth map of six, or the sixth of seven; ours count from 0, the finest."""
    state = official.Generator(5, 2, mode).state_dict()
    converted = convert_part(state, 'ccfpse', 'generator').state_dict
    for theirs, ours in ('labellat', 'lateral'), ('labeldec', 'decoder'):
        for number in range(1, coarsest + 2):
            weight = converted[f'pyramid.{ours}.{coarsest + 1 - number}.0.parametrizations.weight.original']
            assert torch.equal(weight, state[f'{theirs}{number}.0.0.weight_orig'])
            running = converted[f'pyramid.{ours}.{coarsest + 1 - number}.1.running_var']
            assert torch.equal(running, state[f'{theirs}{number}.0.1.running_var'])


@pytest.mark.slow
@torch.no_grad()
def test_generator_with_latent():
    layout = Layout(raw=torch.randn(2, 5, 64, 128), latent=torch.randn(2, 7))
    network = randomise(official.Generator(5, 2, 'more', z_dim=7, seed=(1, 2)), layout.raw, layout.latent)
    generator = ours(network.state_dict(), 'generator', image_size=(64, 128))
    assert close(generator(layout)['image'], network(layout.raw, layout.latent))


@pytest.mark.parametrize(('spectral', 'names', 'image_channels'), [('old', {}, 3), ('new', OTHER_NAMES, 1)])
@torch.no_grad()
def test_discriminator(spectral, names, image_channels):
    layout, image = Layout(raw=torch.rand(2, 6, 64, 96)), torch.rand(2, image_channels, 64, 96) * 2 - 1
    network = randomise(official.Discriminator(6, 4, image_channels, spectral=spectral, **names), image, layout.raw)
    verdict = ours(network.state_dict(), 'discriminator')(layout, image)
    features, scores = network(image, layout.raw)
    assert [len(scale) for scale in verdict] == [2, 2, 3]
    for mine, theirs in zip([feature for scale in verdict for feature in scale[:-1]], features, strict=True):
        assert close(mine, theirs)
    for scale, theirs in zip(verdict, scores, strict=True):
        assert close(scale[-1], theirs)


@torch.no_grad()
def test_encoder_is_spades():
    image = torch.rand(1, 3, 256, 256) * 2 - 1
    network = randomise(Encoder(ndf=2, z_dim=8), image)
    encoder = ours(network.state_dict(), 'encoder')
    for mine, theirs in zip(encoder.encode(image), network(image), strict=True):
        assert close(mine, theirs)


@pytest.mark.slow
def test_sizes_are_those_of_the_official_network():
    """Cityscapes' network, of which 42 parameters are never used."""
    with torch.device('meta'):
        network = official.Generator(36, 64, 'more', hidden=128, label=64, spectral='new')
        assert sum(parameter.numel() for parameter in network.parameters()) == 119_966_979
        converted = convert_part(network.state_dict(), 'ccfpse', 'generator')
    assert converted.network == dict(
        type='CCFPSEGenerator', in_channels=36, base_channels=64, num_upsamples='more', hidden_channels=128,
        pyramid_channels=64, head=dict(type='RGBHead', out_channels=3, kernel_size=3, padding_mode='zeros'))
    unused = [name for name, _ in network.named_parameters() if '.norm_0.' in name or '.norm_layer.' in name]
    assert len(unused) == 42
    assert sum(network.get_parameter(name).numel() for name in unused) == 26_112


def refused(state, part):
    with pytest.raises(ValueError, match=f'^This is no ccfpse {part}') as caught:
        convert_part(state, 'ccfpse', part)
    return str(caught.value)


STATES = dict(generator=official.Generator(5, 2).state_dict(), discriminator=official.Discriminator(5, 4).state_dict())


KEYS = dict(
    generator=['labelenc3.0.0.weight_orig', 'labellat2.0.1.running_var', 'head_0.gen_weights2.2.bias', 'fc.bias'],
    discriminator=['enc1.0.0.weight_orig', 'lat5.0.0.weight_u', 'embedding.weight'])


@pytest.mark.slow
@pytest.mark.parametrize('part', STATES)
def test_missing_and_foreign_keys_are_refused(part):
    state = STATES[part]
    for key in KEYS[part]:
        assert key in state
        refused({name: value for name, value in state.items() if name != key}, part)
    assert 'should not have: style.weight' in refused({**state, 'style.weight': torch.zeros(2)}, part)
    for other in ('generator', 'discriminator'):
        if other != part:
            refused(state, other)


def test_what_is_amiss_is_named():
    state = STATES['generator']
    assert 'it lacks head_0.gen_weights1.0.weight' in refused(STATES['discriminator'], 'generator')
    less = {name: value for name, value in state.items() if not name.startswith('up_1.gen_se_weights2')}
    assert "of up_1's gates it has 1 layers instead of 2: up_1.gen_se_weights1" in refused(less, 'generator')
    less = {name: value for name, value in state.items() if not name.startswith('labeldec3')}
    assert 'of the decoder it has 4 layers instead of 5' in refused(less, 'generator')
    plain = {name: value for name, value in state.items() if not name.startswith('label')}
    assert 'it has no layers with spectral norm outside of its blocks' in refused(plain, 'generator')
