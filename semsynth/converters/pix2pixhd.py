"""Converter of pix2pixHD's networks: netG (global or local), netD and netE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor

from semsynth.converters.recognition import Recognised, Recogniser, convolutions, count, shape_of

Layers = dict[str, str]
"""Our name of each official layer."""


def recognise_generator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netG``: a local one if it has enhancers, else a global one."""
    layers = convolutions(state)
    # At least one each, so that what is missing gets named: a netE has no blocks; and without a doubling, whose ReLU
    # comes before the head, our head's leaky ReLU would change the image.
    num_downsamples, num_blocks = (max(number, 1) for number in _sizes(layers))
    names = _residual_network('global_network', num_downsamples, num_blocks)
    if num_enhancers := count(layers, r'model(\d+)_1\.\d+'):
        finest = f'model{num_enhancers}'
        enhancer_blocks = max(count(layers, r'model1_2\.(\d+)\.conv_block\.1'), 1)
        for level in range(num_enhancers):
            names |= _enhancer(f'model{level + 1}', f'enhancers.{level}', enhancer_blocks)
        entry, head = f'{finest}_1.1', f'{finest}_2.{enhancer_blocks + 4}'
        network = dict(type='LocalEnhancer', num_enhancers=num_enhancers, num_blocks=enhancer_blocks,
                       num_global_downsamples=num_downsamples, num_global_blocks=num_blocks)
    else:
        entry, head = 'model.1', _head_of_model(num_downsamples, num_blocks)
        network = dict(type='GlobalGenerator', num_downsamples=num_downsamples, num_blocks=num_blocks)
    network['base_channels'], network['in_channels'] = shape_of(state, entry, what)[:2]
    network['head'] = dict(type='RGBHead', out_channels=shape_of(state, head, what)[0])
    return Recognised(network, _with_bias(names | {head: 'head.convolution'}))


def recognise_encoder(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netE``: the layers of a global generator without residual blocks."""
    num_downsamples, _ = _sizes(convolutions(state))
    head = _head_of_model(num_downsamples, 0)
    base_channels, in_channels = shape_of(state, 'model.1', what)[:2]
    network = dict(type='InstanceFeatureEncoder', in_channels=in_channels, base_channels=base_channels,
                   out_channels=shape_of(state, head, what)[0], num_downsamples=num_downsamples)
    return Recognised(network, _with_bias(_residual_network('network', num_downsamples, 0) | {head: 'convolution'}))


def recognise_discriminator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netD``: each layer has a name, or, without intermediate features, each scale is one sequence.

    Scales are counted from the coarsest there as here.
    """
    layers = convolutions(state)
    name = _named_layer if any(layer.startswith('scale') for layer in layers) else _layer_of_sequence
    num_scales = max(count(layers, r'(?:scale|layer)(\d+)(?:_layer\d+\.0|\.\d+)'), 1)
    num_layers = max(count(layers, r'(?:scale0_layer|layer0\.)(\d+)(?:\.0)?') - 2, 1)
    names: dict[str, str] = {}
    for scale in range(num_scales):
        names |= {name(scale, layer): f'scales.{scale}.layers.{layer}.0' for layer in range(num_layers + 1)}
        names[name(scale, num_layers + 1)] = f'scales.{scale}.layers.{num_layers + 1}'
    base_channels, in_channels = shape_of(state, name(0, 0), what)[:2]
    network = dict(type='MultiScaleDiscriminator', in_channels=in_channels, base_channels=base_channels,
                   num_layers=num_layers, num_scales=num_scales)
    return Recognised(network, _with_bias(names))


PARTS: dict[str, Recogniser] = dict(
    generator=recognise_generator, discriminator=recognise_discriminator, encoder=recognise_encoder)


def _sizes(layers: Iterable[str]) -> tuple[int, int]:
    """Numbers of halvings and of residual blocks in ``model``, whose convolutions outside blocks are the first one, one
    for each halving and each doubling, and, where it has one, the head."""
    return max(count(layers, r'model\.(\d+)') - 1, 0) // 2, count(layers, r'model\.(\d+)\.conv_block\.1')


def _residual_network(ours: str, num_downsamples: int, num_blocks: int) -> Layers:
    """``model``: padding, convolution, norm, ReLU; three layers each halving; the blocks; three layers each doubling.
    Ours has one group for each of these."""
    doublings = 1 + num_downsamples + num_blocks
    names = {'model.1': f'{ours}.0.0'}
    names |= {f'model.{4 + 3 * level}': f'{ours}.{1 + level}.0' for level in range(num_downsamples)}
    for block in range(num_blocks):
        names |= _block(f'model.{4 + 3 * num_downsamples + block}', f'{ours}.{1 + num_downsamples + block}')
    return names | {f'model.{4 + 3 * num_downsamples + num_blocks + 3 * level}': f'{ours}.{doublings + level}.0'
                    for level in range(num_downsamples)}


def _head_of_model(num_downsamples: int, num_blocks: int) -> str:
    """The convolution behind the last doubling and a padding."""
    return f'model.{5 + 6 * num_downsamples + num_blocks}'


def _enhancer(theirs: str, ours: str, num_blocks: int) -> Layers:
    """Two sequences, before and after the coarser features are added; ``_2`` begins with the blocks."""
    names = {f'{theirs}_1.1': f'{ours}.front.0.0', f'{theirs}_1.4': f'{ours}.front.1.0'}
    for block in range(num_blocks):
        names |= _block(f'{theirs}_2.{block}', f'{ours}.back.{block}')
    return names | {f'{theirs}_2.{num_blocks}': f'{ours}.back.{num_blocks}.0'}


def _block(theirs: str, ours: str) -> Layers:
    """Padding, convolution, norm, ReLU, padding, convolution, norm; our convolutions pad themselves."""
    return {f'{theirs}.conv_block.1': f'{ours}.body.0', f'{theirs}.conv_block.5': f'{ours}.body.3'}


def _named_layer(scale: int, layer: int) -> str:
    return f'scale{scale}_layer{layer}.0'


def _layer_of_sequence(scale: int, layer: int) -> str:
    """Convolution, activation; then convolution, norm, activation for each layer; then the logits' convolution."""
    return f'layer{scale}.{max(3 * layer - 1, 0)}'


def _with_bias(layers: Layers) -> dict[str, str]:
    return {f'{theirs}.{kind}': f'{ours}.{kind}' for theirs, ours in layers.items() for kind in ('weight', 'bias')}
