import copy

import pytest
import torch

from helpers.official import pix2pixhd as official
from semsynth.converters import SOURCES, convert, convert_part
from semsynth.converters.recognition import FAMILIES
from semsynth.layout import Layout


def ours(network, part):
    """Our network with the official one's weights, its sizes inferred."""
    state = network.state_dict()
    converted = convert_part(state, 'pix2pixhd', part)
    assert len(converted.state_dict) == len(state)
    assert sorted(value.sum().item() for value in converted.state_dict.values()) == pytest.approx(
        sorted(value.sum().item() for value in state.values()))
    built = FAMILIES[part].build(converted.network)
    built.load_state_dict(converted.state_dict)
    return built.eval()


def close(mine, theirs):
    # random weights multiply the rounding of float32
    return mine.shape == theirs.shape and torch.allclose(mine, theirs, rtol=0, atol=1e-4)


@pytest.mark.parametrize(('downs', 'blocks'), [(1, 1), (1, 2), (2, 1), (3, 9)])
@torch.no_grad()
def test_global_generator(downs, blocks):
    network = official.randomise(official.Global(5, 3, downs, blocks))
    generator = ours(network, 'generator')
    assert type(generator).__name__ == 'GlobalGenerator' and generator.size_divisor == 2**downs
    layout = Layout(raw=torch.randn(2, 5, 5 * 2**downs, 7 * 2**downs))
    assert close(generator(layout)['image'], network(layout.raw))


@pytest.mark.parametrize(('enhancers', 'downs', 'global_blocks', 'blocks'), [
    (1, 2, 3, 2), (1, 4, 9, 3), (2, 1, 1, 3), (3, 1, 2, 1)])
@torch.no_grad()
def test_local_enhancer(enhancers, downs, global_blocks, blocks):
    network = official.randomise(official.Local(4, 2, downs, global_blocks, enhancers, blocks))
    generator = ours(network, 'generator')
    assert type(generator).__name__ == 'LocalEnhancer' and len(generator.enhancers) == enhancers
    divisor = 2**(enhancers + downs)
    layout = Layout(raw=torch.randn(1, 4, 3 * divisor, 5 * divisor))
    assert close(generator(layout)['image'], network(layout.raw))


@torch.no_grad()
def test_gray_images():
    network = official.randomise(official.Global(5, 3, 1, 1, out=1))
    layout = Layout(raw=torch.randn(1, 5, 10, 14))
    image = ours(network, 'generator')(layout)['image']
    assert image.shape[1] == 1 and close(image, network(layout.raw))


@torch.no_grad()
def test_channels_are_label_boundary_and_style():
    """Classes, boundaries and features go in as the official code concatenates them."""
    network = official.randomise(official.Global(4 + 1 + 2, 3, 1, 1))
    instance = torch.randint(9, (1, 10, 14))
    layout = Layout(label=instance % 4, num_classes=4, instance=instance, style=torch.randn(1, 2, 10, 14))
    classes = torch.stack([(layout.label == index).float() for index in range(4)], 1)
    padded = torch.nn.functional.pad(instance[None].float(), [1] * 4, mode='replicate')[0]
    neighbours = [padded[:, 1 + down:11 + down, 1 + across:15 + across]
                  for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0))]
    edges = sum((neighbour != instance).float() for neighbour in neighbours).clamp(max=1)[:, None]
    assert close(ours(network, 'generator')(layout)['image'], network(torch.cat([classes, edges, layout.style], 1)))


@pytest.mark.parametrize('features', [True, False])
@pytest.mark.parametrize(('scales', 'layers', 'width'), [(1, 1, 3), (2, 3, 4), (3, 3, 2), (2, 5, 2), (1, 4, 64)])
@torch.no_grad()
def test_discriminator(features, scales, layers, width):
    network = official.randomise(official.Discriminator(7, width, layers, scales, features))
    discriminator = ours(network, 'discriminator')
    layout, image = Layout(raw=torch.randn(2, 4, 45, 71)), torch.randn(2, 3, 45, 71)
    verdict, expected = discriminator(layout, image), network(torch.cat([layout.raw, image], 1))
    assert len(verdict) == len(expected) == scales
    for mine, theirs in zip(verdict, expected, strict=True):
        mine = mine if features else mine[-1:]
        for one, other in zip(mine, theirs, strict=True):
            assert close(one / other.std(), other / other.std())  # random weights make large values


@pytest.mark.parametrize(('downs', 'channels', 'out'), [(4, 3, 3), (2, 1, 5)])
@torch.no_grad()
def test_encoder(downs, channels, out):
    network = official.randomise(official.Encoder(channels, out, 4, downs))
    size = 3 * 2**downs, 5 * 2**downs
    image, instance = torch.rand(2, channels, *size) * 2 - 1, torch.randint(6, (2, *size)) * 1000 + 33_000
    layout = Layout(label=instance % 3, num_classes=3, instance=instance)
    assert close(ours(network, 'encoder')(layout, image).style, network(image, instance))


def test_the_oracle_has_the_names_of_real_checkpoints():
    """What torch lists of a real netG with the default options (HypoX64/DeepMosaics#56, NVIDIA/pix2pixHD#79)."""
    with torch.device('meta'):
        names = list(official.Global(36, 64, 4, 9).state_dict())
    blocks = [f'{block}.conv_block.{place}' for block in range(16, 25) for place in (1, 5)]
    layers = [1, 4, 7, 10, 13, *blocks, 25, 28, 31, 34, 38]
    assert names == [f'model.{layer}.{kind}' for layer in layers for kind in ('weight', 'bias')]


def test_sizes_are_those_of_the_released_model():
    """Read from shapes alone: 35 classes and boundaries, 36 channels; 182,857,059 weights."""
    with torch.device('meta'):
        network = official.Local(36, 32, 4, 9, 1, 3)
        converted = convert_part(network.state_dict(), 'pix2pixhd', 'generator')
    assert converted.network == dict(
        type='LocalEnhancer', in_channels=36, base_channels=32, num_enhancers=1, num_blocks=3,
        num_global_downsamples=4, num_global_blocks=9, head=dict(type='RGBHead', out_channels=3))
    assert sum(value.numel() for value in converted.state_dict.values()) == 182_857_059


@pytest.mark.parametrize(('network', 'part'), [
    (official.Global(5, 3, 1, 1), 'generator'), (official.Local(5, 2, 1, 1, 1, 1), 'generator'),
    (official.Discriminator(5, 2, 2, 2, True), 'discriminator'), (official.Encoder(3, 3, 2, 1), 'encoder')])
def test_prefix_half_precision_and_old_statistics(network, part):
    expected = convert(network.half().state_dict(), 'pix2pixhd', part)
    assert {value.dtype for value in expected.values()} == {torch.float32}
    old = copy.deepcopy(network)
    for layer in old.modules():
        if isinstance(layer, torch.nn.InstanceNorm2d):
            layer.register_buffer('running_mean', torch.zeros(layer.num_features))
            layer.register_buffer('running_var', torch.ones(layer.num_features))
    state = {f'module.{name}': value for name, value in old.state_dict().items()}
    assert any('running_var' in name for name in state)
    found = convert(state, 'pix2pixhd', part)
    assert found.keys() == expected.keys() and all(torch.equal(found[name], expected[name]) for name in found)


def test_the_official_state_dict_is_left_as_it_is():
    state = official.Global(5, 3, 1, 1).state_dict()
    before = copy.deepcopy(state)
    convert(state, 'pix2pixhd', 'generator')
    assert all(torch.equal(state[name], before[name]) for name in before) and state.keys() == before.keys()


def refused(state, part='generator', source='pix2pixhd'):
    with pytest.raises(ValueError) as caught:
        convert(state, source, part)
    return str(caught.value)


def test_unknown_sources_and_parts_are_named():
    assert refused({}, source='pix2pix') == f"source='pix2pix' is unknown; use one of {', '.join(SOURCES)}."
    assert refused({}, part='vgg') == ("part='vgg' is unknown for source='pix2pixhd'; "
                                       'use one of generator, discriminator, encoder.')


@pytest.mark.parametrize('part', ['generator', 'discriminator', 'encoder'])
def test_what_is_no_state_dict_is_named(part):
    what = f'A pix2pixhd {part} is converted from its state dict, tensors by name, but this one holds '
    assert refused({}, part) == what + 'nothing.'
    assert refused([1], part) == what + 'list.'
    assert refused(dict(epoch=3, model={}), part) == what + 'epoch (int), model (dict).'


NETWORKS = dict(generator=official.Global(5, 3, 1, 1), local=official.Local(5, 2, 1, 1, 1, 1),
                discriminator=official.Discriminator(5, 2, 2, 2, True),
                sequences=official.Discriminator(5, 2, 2, 2, False), encoder=official.Encoder(3, 3, 2, 1))


@pytest.mark.parametrize(('name', 'part'), [
    (name, part) for name in NETWORKS for part in ('generator', 'discriminator', 'encoder')
    if dict(local='generator', sequences='discriminator').get(name, name) != part])
def test_another_part_is_refused(name, part):
    state = NETWORKS[name].state_dict()
    sentence = refused(state, part)
    assert sentence.startswith(f'This is no pix2pixhd {part}')
    assert any(key in sentence for key in state)


@pytest.mark.parametrize('name', NETWORKS)
def test_every_missing_foreign_and_misshapen_key_is_named(name):
    part = dict(local='generator', sequences='discriminator').get(name, name)
    state = NETWORKS[name].state_dict()
    for key, value in state.items():
        less = {other: tensor for other, tensor in state.items() if other != key}
        assert key in refused(less, part)
        misshapen = refused({**state, key: torch.zeros(11, 13, *value.shape[2:])}, part)
        assert any(words in misshapen for words in ('instead of', f'{key} with four dimensions', 'out_channels=11'))
    assert 'It has, but should not have: style.weight.' in refused({**state, 'style.weight': torch.zeros(2)}, part)


def test_a_generator_that_never_halves_is_refused():
    assert 'lacks model.13.weight' in refused(official.Global(5, 3, 0, 2).state_dict())


def test_other_norms_are_refused():
    state = NETWORKS['generator'].state_dict()
    state |= {f'model.2.{kind}': torch.zeros(3) for kind in ('weight', 'bias', 'running_mean', 'running_var')}
    sentence = refused(state)
    assert 'It has, but should not have: model.2.weight, model.2.bias, model.2.running_mean, model.2.r' in sentence
    assert 'other norms' in sentence
