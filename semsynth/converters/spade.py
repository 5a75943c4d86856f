"""Converter of SPADE's networks: netG, netD and netE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from semsynth.converters.recognition import STATISTICS, Recognised, Recogniser, count, shape_of
from semsynth.converters.spectral import plain_names, spectral_names

BLOCKS = ('head_0', 'G_middle_0', 'G_middle_1', 'up_0', 'up_1', 'up_2', 'up_3')
ENCODER_LAYERS = 6


def recognise_generator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netG``; it reads a latent if its first layer is linear.

    How often it doubles the size, five or six times, is not in the weights, nor, with a latent, the image's size.
    """
    is_largest = any(name.startswith('up_4.') for name in state)
    blocks = {theirs: f'blocks.{number}' for number, theirs in enumerate((*BLOCKS, *['up_4'] * is_largest))}
    image_channels, width = shape_of(state, 'conv_img', what)[:2]
    hidden_channels, in_channels = shape_of(state, 'head_0.norm_0.mlp_shared.0', what)[:2]
    network: dict[str, Any] = dict(
        type='SPADEGenerator', in_channels=in_channels, base_channels=width * (2 if is_largest else 1),
        norm='batch' if any(name.endswith('param_free_norm.running_mean') for name in state) else 'instance',
        num_upsamples='most' if is_largest else 'normal', hidden_channels=hidden_channels,
        head=dict(type='RGBHead', out_channels=image_channels, kernel_size=3, padding_mode='zeros'))
    guessed = [] if is_largest else ['num_upsamples']
    if 'fc.weight' in state and state['fc.weight'].ndim == 2:
        seed_channels, network['latent_dim'] = state['fc.weight'].shape
        sides = sides_of(seed_channels // (16 * network['base_channels']))
        network['image_size'] = tuple((128 if is_largest else 32) * side for side in sides)
        guessed.append('image_size')
    names = plain_names({'fc': 'seed', 'conv_img': 'head.convolution'})
    norm = 'param_free_norm' if network['norm'] == 'batch' else None
    for theirs, ours in blocks.items():
        names |= block_names(theirs, ours, theirs.startswith('up_'), norm)
    return Recognised(network, names, tuple(guessed))


def recognise_discriminator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netD``; its scales are numbered from the finest, ours from the coarsest."""
    num_scales = max(count(state, r'discriminator_(\d+)\..+'), 1)
    last = max(count(state, r'discriminator_0\.model(\d+)\..+') - 1, 2)
    plain: dict[str, str] = {}
    spectral: dict[str, str] = {}
    for scale in range(num_scales):
        theirs, ours = f'discriminator_{scale}.model', f'scales.{num_scales - 1 - scale}.layers'
        plain |= {f'{theirs}0.0': f'{ours}.0.0', f'{theirs}{last}.0': f'{ours}.{last}'}
        spectral |= {f'{theirs}{layer}.0.0': f'{ours}.{layer}.0' for layer in range(1, last)}
    base_channels, in_channels = shape_of(state, 'discriminator_0.model0.0', what)[:2]
    network = dict(type='MultiScaleDiscriminator', in_channels=in_channels, base_channels=base_channels,
                   num_layers=last - 1, num_scales=num_scales, norm='spectral_instance')
    return Recognised(network, plain_names(plain) | spectral_names(spectral))


def recognise_encoder(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netE``, which has six layers for every image size."""
    base_channels, in_channels = shape_of(state, 'layer1.0', what, 'weight_orig')[:2]
    network = dict(type='StyleEncoder', base_channels=base_channels, in_channels=in_channels)
    if 'fc_mu.bias' in state:
        network['latent_dim'] = state['fc_mu.bias'].numel()
    layers = {f'layer{number + 1}.0': f'layers.{number}.0' for number in range(ENCODER_LAYERS)}
    return Recognised(network, spectral_names(layers) | plain_names({'fc_mu': 'mean', 'fc_var': 'log_variance'}))


PARTS: dict[str, Recogniser] = dict(
    generator=recognise_generator, discriminator=recognise_discriminator, encoder=recognise_encoder)


def block_names(theirs: str, ours: str, widens: bool, norm: str | None) -> dict[str, str]:
    """Our name of each tensor of a block.

    Args:
        theirs: official name of the block.
        ours: our name of it.
        widens: whether its width changes, so that its shortcut has layers too.
        norm: official name of the batch norm in each SPADE norm; None for instance norm, which has no tensors.
    """
    parts = ('0', '1', *['s'] * widens)
    names = spectral_names({f'{theirs}.conv_{part}': f'{ours}.conv_{part}' for part in parts})
    names |= {f'{theirs}.conv_{part}.bias': f'{ours}.conv_{part}.bias' for part in ('0', '1')}
    for part in parts:
        their, our = f'{theirs}.norm_{part}', f'{ours}.norm_{part}'
        names |= plain_names({f'{their}.mlp_shared.0': f'{our}.shared', f'{their}.mlp_gamma': f'{our}.gamma',
                              f'{their}.mlp_beta': f'{our}.beta'})
        if norm:
            names |= plain_names({f'{their}.{norm}': f'{our}.norm'}, STATISTICS)
    return names


def sides_of(pixels: int) -> tuple[int, int]:
    """Height and width of the most nearly square rectangle with that number of pixels."""
    height = max((height for height in range(1, int(pixels**0.5) + 1) if pixels % height == 0), default=1)
    return height, max(pixels // height, 1)
