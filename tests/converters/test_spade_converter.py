import copy

import pytest
import torch
from torch.nn.utils import parametrizations

from helpers.official import spade as official
from semsynth.converters import convert, convert_part
from semsynth.converters.recognition import FAMILIES
from semsynth.layout import Layout


@pytest.fixture(autouse=True)
def _quick_networks(monkeypatch):
    """Networks without values, which the converters compare shapes with, spend seconds on singular vectors."""
    method = parametrizations._SpectralNorm._power_method
    monkeypatch.setattr(parametrizations._SpectralNorm, '_power_method', lambda self, weight, iterations:
                        None if weight.is_meta else method(self, weight, iterations))


def ours(state, part, **told):
    """Our network with the official weights; what they do not tell is told."""
    converted = convert_part(state, 'spade', part)
    assert set(told) <= set(converted.guessed)
    built = FAMILIES[part].build(converted.network | told)
    built.load_state_dict(converted.state_dict)
    return built.eval()


def close(mine, theirs):
    # random weights multiply the rounding of float32
    return mine.shape == theirs.shape and torch.allclose(mine, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize(('mode', 'norm', 'spectral'), [
    ('normal', 'batch', 'old'), ('normal', 'instance', 'new'), ('more', 'batch', 'new'), ('most', 'batch', 'old')])
@torch.no_grad()
def test_generator(mode, norm, spectral):
    network = official.randomise(official.Generator(6, 2, mode, norm=norm, spectral=spectral))
    generator = ours(network.state_dict(), 'generator', **({} if mode == 'most' else dict(num_upsamples=mode)))
    layout = Layout(raw=torch.randn(2, 6, generator.size_divisor, 2 * generator.size_divisor))
    expected = network(layout.raw)
    assert close(generator(layout)['image'], expected) and 0.1 < expected.abs().mean() < 0.8


@torch.no_grad()
def test_channels_are_label_and_boundary():
    network = official.randomise(official.Generator(4, 2))
    instance = torch.randint(0, 3, (1, 8, 16)).repeat_interleave(8, 1).repeat_interleave(8, 2)
    layout = Layout(label=instance % 3, num_classes=3, instance=instance)
    segmap = torch.nn.functional.one_hot(layout.label, 3).permute(0, 3, 1, 2).float()
    padded = torch.nn.functional.pad(instance[:, None].double(), (1, 1, 1, 1), mode='replicate')[:, 0]
    edge = torch.zeros_like(instance, dtype=torch.bool)
    for rows, columns in ((slice(2, None), slice(1, -1)), (slice(-2), slice(1, -1)),
                          (slice(1, -1), slice(2, None)), (slice(1, -1), slice(-2))):
        edge |= padded[:, rows, columns] != instance
    expected = network(torch.cat([segmap, edge[:, None].float()], 1))
    assert close(ours(network.state_dict(), 'generator')(layout)['image'], expected)


@pytest.mark.parametrize(('mode', 'seed', 'guess'), [
    ('normal', (2, 2), (64, 64)), ('more', (1, 2), (32, 64)), ('normal', (2, 3), (64, 96)),
    ('most', (1, 1), (128, 128))])
@torch.no_grad()
def test_generator_with_latent(mode, seed, guess):
    network = official.randomise(official.Generator(5, 2, mode, z_dim=7, seed=seed))
    assert convert_part(network.state_dict(), 'spade', 'generator').network['image_size'] == guess
    size = [side * 2**dict(normal=5, more=6, most=7)[mode] for side in seed]
    told = dict(image_size=size) | ({} if mode == 'most' else dict(num_upsamples=mode))
    generator = ours(network.state_dict(), 'generator', **told)
    raw, latent = torch.randn(2, 5, *size), torch.randn(2, 7)
    assert close(generator(Layout(raw=raw, latent=latent))['image'], network(raw, latent))


@pytest.mark.parametrize(('num_d', 'layers', 'width', 'spectral'), [
    (2, 4, 4, 'old'), (2, 4, 4, 'new'), (3, 3, 2, 'old'), (1, 4, 200, 'new')])
@torch.no_grad()
def test_discriminator(num_d, layers, width, spectral):
    network = official.randomise(official.Discriminator(7, width, layers, num_d, spectral))
    discriminator = ours(network.state_dict(), 'discriminator')
    layout, image = Layout(raw=torch.randn(2, 4, 45, 71)), torch.randn(2, 3, 45, 71)
    verdict, expected = discriminator(layout, image), network(torch.cat([layout.raw, image], 1))
    assert [len(scale) for scale in verdict] == [len(scale) for scale in expected] == [layers + 1] * num_d
    assert all(close(one, other) for mine, theirs in zip(verdict, expected, strict=True)
               for one, other in zip(mine, theirs, strict=True))


@pytest.mark.parametrize(('size', 'spectral'), [((256, 256), 'old'), ((40, 70), 'new'), ((300, 260), 'old')])
@torch.no_grad()
def test_encoder(size, spectral):
    network = official.randomise(official.Encoder(2, spectral))
    layout, image = Layout(raw=torch.zeros(2, 1, *size)), torch.rand(2, 3, *size) * 2 - 1
    coded = ours(network.state_dict(), 'encoder')(layout, image)
    for mine, theirs in zip(coded.posterior, network(image), strict=True):
        assert close(mine, theirs)
    assert torch.equal(coded.latent, coded.posterior[0])


NETWORKS = dict(generator=official.Generator(5, 1), latent=official.Generator(5, 1, z_dim=3, seed=(1, 1)),
                discriminator=official.Discriminator(5, 2),
                encoder=official.Encoder(1, z_dim=5))
PARTS = dict(generator='generator', latent='generator', discriminator='discriminator', encoder='encoder')


def test_the_oracle_has_the_names_of_real_checkpoints():
    """What torch lists of a real netG (NVlabs/SPADE#55)."""
    with torch.device('meta'):
        names = set(official.Generator(36, 64, 'more').state_dict())
    assert {'fc.weight', 'head_0.conv_0.weight_orig', 'head_0.conv_0.weight_u', 'head_0.conv_0.weight_v',
            'head_0.norm_0.param_free_norm.running_mean', 'head_0.norm_0.mlp_shared.0.weight',
            'head_0.norm_0.mlp_gamma.bias', 'up_0.conv_s.weight_orig', 'up_0.norm_s.mlp_beta.weight',
            'conv_img.bias'} <= names
    assert 'up_0.conv_s.bias' not in names


@pytest.mark.parametrize(('network', 'part', 'number'), [
    (lambda: official.Generator(36, 64, 'more', 256, (4, 8), hidden=128), 'generator', 101_136_579),
    (lambda: official.Discriminator(154, 64), 'discriminator', 5_836_930),
    (lambda: official.Encoder(64), 'encoder', 10_463_424)])
def test_sizes_are_those_of_the_official_models(network, part, number):
    with torch.device('meta'):
        converted = convert_part(network().state_dict(), 'spade', part)
        built = FAMILIES[part].build(converted.network)
    assert sum(parameter.numel() for parameter in built.parameters()) == number
    assert converted.guessed == (('num_upsamples', 'image_size') if part == 'generator' else ())


@pytest.mark.parametrize('name', ['generator', 'discriminator', 'encoder'])
def test_prefix_and_half_precision(name):
    state = official.randomise(NETWORKS[name]).state_dict()
    expected = convert(state, 'spade', PARTS[name])
    narrow = {f'module.{key}': value.half() if value.is_floating_point() else value for key, value in state.items()}
    found = convert(narrow, 'spade', PARTS[name])
    assert found.keys() == expected.keys()
    for key, value in found.items():
        assert value.dtype == expected[key].dtype
        torch.testing.assert_close(value, expected[key], rtol=1e-3, atol=1e-6)


@torch.no_grad()
def test_files_of_torch_0_4():
    """The normalised weight and no v."""
    network = official.randomise(copy.deepcopy(NETWORKS['generator']))
    layout, state = Layout(raw=torch.randn(1, 5, 64, 64)), network.state_dict()
    expected = network(layout.raw)
    old = {key: value for key, value in state.items() if not key.endswith('weight_v')}
    for layer in [key.removesuffix('.weight_orig') for key in old if key.endswith('.weight_orig')]:
        u, v, weight = (state[f'{layer}.weight_{kind}'] for kind in ('u', 'v', 'orig'))
        old[f'{layer}.weight'] = weight / torch.einsum('o,oi,i->', u, weight.flatten(1), v)
    assert close(ours(old, 'generator')(layout)['image'], expected)


@torch.no_grad()
def test_statistics_that_nothing_reads_are_dropped():
    network = NETWORKS['encoder']
    state = network.state_dict() | {f'layer1.1.running_{kind}': torch.ones(1) for kind in ('mean', 'var')}
    assert convert(state, 'spade', 'encoder').keys() == convert(network.state_dict(), 'spade', 'encoder').keys()
    sentence = refused({**state, 'style.1.running_mean': torch.ones(1)}, 'encoder')
    assert 'It has, but should not have: style.1.running_mean.' in sentence


def test_the_official_state_dict_is_left_as_it_is():
    state = NETWORKS['generator'].state_dict()
    before = copy.deepcopy(state)
    convert(state, 'spade', 'generator')
    assert all(torch.equal(state[name], before[name]) for name in before) and state.keys() == before.keys()


def refused(state, part):
    with pytest.raises(ValueError) as caught:
        convert(state, 'spade', part)
    return str(caught.value)


@pytest.mark.parametrize(('name', 'part'), [
    (name, part) for name in NETWORKS for part in ('generator', 'discriminator', 'encoder') if PARTS[name] != part])
def test_another_part_is_refused(name, part):
    state = NETWORKS[name].state_dict()
    sentence = refused(state, part)
    assert sentence.startswith(f'This is no spade {part}') and any(key in sentence for key in state)


@pytest.mark.parametrize(('name', 'keys'), [
    ('latent', ('fc.weight', 'head_0.norm_0.mlp_shared.0.weight', 'up_1.norm_s.param_free_norm.running_mean',
                'up_1.conv_s.weight_orig', 'conv_img.weight')),
    ('discriminator', ('discriminator_0.model0.0.weight', 'discriminator_0.model1.0.0.weight_orig',
                       'discriminator_1.model2.0.0.weight_u', 'discriminator_0.model4.0.bias')),
    ('encoder', ('layer1.0.weight_orig', 'layer6.0.weight_orig', 'fc_mu.bias', 'fc_var.weight'))])
def test_missing_foreign_and_misshapen_keys_are_named(name, keys):
    part, state = PARTS[name], NETWORKS[name].state_dict()
    for key in keys:
        assert key in refused({other: value for other, value in state.items() if other != key}, part)
    misshapen = {**state, keys[-1]: torch.zeros(11, 13, *state[keys[-1]].shape[2:])}
    assert any(words in refused(misshapen, part) for words in ('instead of', 'out_channels=11'))
    assert 'It has, but should not have: style.weight.' in refused({**state, 'style.weight': torch.zeros(2)}, part)


def test_other_norms_are_refused():
    without = torch.nn.Conv2d(16, 16, 3).weight
    state = NETWORKS['generator'].state_dict()
    state = {key: value for key, value in state.items() if 'head_0.conv_0.weight' not in key}
    sentence = refused({**state, 'head_0.conv_0.weight': without}, 'generator')
    assert 'should not have: head_0.conv_0.weight' in sentence and 'lacks: head_0.conv_0.weight_orig' in sentence
