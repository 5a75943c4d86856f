"""Converter of CC-FPSE's networks: netG, netD and netE, which is SPADE's.

Not all official names of layers are known to us. Known are SPADE's, in a block ``norm_0`` to ``norm_2``,
``gen_weights1`` and ``gen_weights2``, and the discriminator's heads. The others are told by the shapes of their weights
and, where several have the same, by the numbers in their names, which count in the order in which the layers compute:
those of a netG's label pyramid from the finest on the way down, from the coarsest on the way up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from semsynth.converters import spade
from semsynth.converters.recognition import STATISTICS, Recognised, Recogniser, shape_of
from semsynth.converters.spectral import plain_names, spectral_names

UNUSED = ('norm_0', 'conv_0.norm_layer', 'conv_2.norm_layer')
"""Tensors in the state dict of every block of a netG that it never uses."""
BATCH_NORM = ('weight', 'bias', *STATISTICS)
UPSAMPLINGS = {6: 'normal', 7: 'more', 8: 'most'}
"""By the number of sizes of the label pyramid."""


def recognise_generator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netG``; it reads a latent if its first layer is linear, and the image's size is then unknown."""
    blocks = [*spade.BLOCKS, *['up_4'] * any(name.startswith('up_4.') for name in state)]
    hidden_channels = shape_of(state, 'head_0.gen_weights1.0', what)[0]
    image_channels, width = shape_of(state, 'conv_img', what)[:2]
    names, in_channels, pyramid_channels, num_levels = _pyramid(state, blocks, what)
    network: dict[str, Any] = dict(
        type='CCFPSEGenerator', in_channels=in_channels, base_channels=width * (2 if len(blocks) == 8 else 1),
        num_upsamples=UPSAMPLINGS.get(num_levels, 'normal'), hidden_channels=hidden_channels,
        pyramid_channels=pyramid_channels,
        head=dict(type='RGBHead', out_channels=image_channels, kernel_size=3, padding_mode='zeros'))
    guessed = ()
    if 'fc.weight' in state and state['fc.weight'].ndim == 2:
        seed_channels, network['latent_dim'] = state['fc.weight'].shape
        seed_size = spade.sides_of(seed_channels // (16 * network['base_channels']))
        network['image_size'] = tuple(2**(num_levels - 1) * side for side in seed_size)
        guessed = ('image_size',)
    names |= plain_names({'fc': 'seed', 'conv_img': 'head.convolution'})
    for number, block in enumerate(blocks):
        names |= _block(state, block, f'blocks.{number}', what)
    unused = [name for name in state if name.startswith(tuple(f'{block}.{layer}.' for block in blocks
                                                             for layer in UNUSED))]
    return Recognised(network, names, guessed, tuple(unused))


def recognise_discriminator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netD``."""
    narrow, layout_channels = shape_of(state, 'embedding', what)[:2]
    width, wide = narrow // 2, narrow * 2
    found = _spectral(state)
    image_channels = next((before for after, before, size, _ in found.values() if (after, size) == (width, 3)), 3)
    network = dict(type='FeaturePyramidDiscriminator', in_channels=layout_channels + image_channels,
                   base_channels=width, image_channels=image_channels)
    channels = [image_channels, *(width * factor for factor in (1, 2, 4, 8, 8))]
    layers = {'first.0': (channels[1], channels[0], 3, 3)}
    for level in range(4):
        layers[f'encoder.{level}.0'] = (channels[level + 2], channels[level + 1], 3, 3)
        layers[f'lateral.{level}.0'] = (wide, channels[level + 2], 1, 1)
    layers |= {f'final.{level}.0': (narrow, wide, 3, 3) for level in range(3)}
    names: dict[str, str] = {}
    for shape in dict.fromkeys(layers.values()):
        names |= _pair([name for name, own in found.items() if own == shape],
                       [name for name, own in layers.items() if own == shape], f'weights {shape}', what)
    return Recognised(network, spectral_names(names) | plain_names(
        {'tf': 'realness', 'seg': 'semantics', 'embedding': 'embedding'}))


PARTS: dict[str, Recogniser] = dict(
    generator=recognise_generator, discriminator=recognise_discriminator, encoder=spade.recognise_encoder)


def _pyramid(state: Mapping[str, Tensor], blocks: list[str], what: str) -> tuple[dict[str, str], int, int, int]:
    """Our names of the label pyramid's tensors, its input and own channels, and its number of sizes.

    The layers on the way down are those that are called, but for numbers, like the one that reads the layout.
    """
    outside = {name: value for name, value in state.items() if name.partition('.')[0] not in blocks}
    layers = _spectral(outside)
    first = next((name for name, (after, before, size, _) in layers.items() if size == 3 and before != after), None)
    first = first or next(iter(layers), None)
    if first is None:
        raise ValueError(f'This is no {what}: it has no layers with spectral norm outside of its blocks.')
    families = dict(lateral=[name for name, shape in layers.items() if shape[-1] == 1])
    families['encoder'] = [name for name in layers if _stem(name) == _stem(first)]
    families['decoder'] = [name for name in layers if name not in families['lateral'] + families['encoder']]
    num_levels = len(families['lateral']) + 1
    norms = [name.removesuffix('.running_mean') for name in sorted(outside, key=_natural)
             if name.endswith('.running_mean')]
    names: dict[str, str] = {}
    for family, convolutions in families.items():
        stems = set(map(_stem, convolutions))
        own_norms = [name for name in norms if _stem(name) in stems]
        places = [f'pyramid.{family}.{level}' for level in range(num_levels)]
        if family != 'encoder':  # the official layers on the way up count from the coarsest, ours from the finest
            places = places[-2::-1]
        names |= spectral_names(_pair(convolutions, [f'{place}.0' for place in places], f'the {family}', what))
        names |= plain_names(_pair(own_norms, [f'{place}.1' for place in places], f"the {family}'s norms", what),
                             BATCH_NORM)
    after, before = layers[first][:2]
    return names, before, after, num_levels


def _block(state: Mapping[str, Tensor], theirs: str, ours: str, what: str) -> dict[str, str]:
    """Our names of a block's tensors: its predictors of kernels are known by name, those of gates are the other two."""
    convolutions = sorted((name.removesuffix('.weight') for name, value in state.items() if value.ndim == 4
                           and name.startswith(f'{theirs}.') and name.endswith('.weight')), key=_natural)
    pointwise = [name for name in convolutions if state[f'{name}.weight'].shape[-1] == 1]
    predictors = [name for name in convolutions if name not in pointwise and not name.startswith(f'{theirs}.norm_s.')]
    kernels = [f'{theirs}.gen_weights{number}' for number in (1, 2)]
    gates = [name for name in dict.fromkeys(map(_parent, predictors)) if name not in kernels]
    parts = [f'{ours}.{part}' for part in ('first', 'second')]
    layers = _pair(pointwise, [f'{part}.pointwise' for part in parts], f"{theirs}'s 1x1 layers", what)
    places = _pair(kernels, [f'{part}.kernels' for part in parts], '', what)
    places |= _pair(gates, [f'{part}.gate' for part in parts], f"{theirs}'s gates", what)
    for predictor, place in places.items():
        own = [name for name in predictors if _parent(name) == predictor]
        layers |= _pair(own, [f'{place}.0', f'{place}.2'], predictor, what)
    norms = {f'{theirs}.norm_{number}': f'{part}.norm' for number, part in enumerate(parts, 1)}
    names = plain_names(norms, BATCH_NORM)
    if theirs.startswith('up_'):  # where the width changes
        their, our = f'{theirs}.norm_s', f'{ours}.norm_s'
        layers |= {f'{their}.mlp_shared.0': f'{our}.shared', f'{their}.mlp_gamma': f'{our}.gamma',
                   f'{their}.mlp_beta': f'{our}.beta'}
        names |= plain_names({f'{their}.param_free_norm': f'{our}.norm'}, STATISTICS)
        names |= spectral_names({f'{theirs}.conv_s': f'{ours}.conv_s'})
    return names | plain_names(layers)


def _spectral(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights under spectral norm, by layer."""
    return {name.removesuffix('.weight_orig'): tuple(state[name].shape) for name in sorted(state, key=_natural)
            if name.endswith('.weight_orig') and state[name].ndim == 4}


def _pair(theirs: list[str], ours: list[str], group: str, what: str) -> dict[str, str]:
    if len(theirs) != len(ours):
        raise ValueError(f'This is no {what}: of {group} it has {len(theirs)} layers instead of {len(ours)}'
                         f'{": " if theirs else ""}{", ".join(theirs[:9])}.')
    return dict(zip(theirs, ours, strict=True))


def _parent(name: str) -> str:
    return name.rpartition('.')[0]


def _stem(name: str) -> str:
    """The name without its numbers."""
    return re.sub(r'[\d.]', '', name)


def _natural(name: str) -> list[str | int]:
    """A key that sorts names by the numbers in them."""
    return [int(part) if part.isdigit() else part for part in re.split(r'(\d+)', name)]
