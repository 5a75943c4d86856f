"""Converter of OASIS's networks: netG, or its average saved as EMA, and netD."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from semsynth.converters.recognition import Recognised, Recogniser, count, shape_of
from semsynth.converters.spade import block_names
from semsynth.converters.spectral import plain_names, spectral_names

BLOCKS, WIDENS_FROM = 6, 2
LATENT_DIM = 64


def recognise_generator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netG``. Its layers read latent and layout together, so the weights tell their channels' sum only.

    The latent is taken to have 64, OASIS's default; where they read no more than that, there is taken to be none.
    """
    image_channels, width = shape_of(state, 'conv_img', what)[:2]
    hidden_channels, read = shape_of(state, 'body.0.norm_0.mlp_shared.0', what)[:2]
    latent_dim = LATENT_DIM if read > LATENT_DIM else None
    is_batch = any(name.endswith('first_norm.running_mean') for name in state)
    network = dict(
        type='OASISGenerator', in_channels=read - (latent_dim or 0), base_channels=width, latent_dim=latent_dim,
        norm='batch' if is_batch else 'instance', hidden_channels=hidden_channels,
        head=dict(type='RGBHead', out_channels=image_channels, kernel_size=3, padding_mode='zeros'))
    names = plain_names({'fc': 'seed', 'conv_img': 'head.convolution'})
    for block in range(BLOCKS):
        names |= block_names(f'body.{block}', f'blocks.{block}', block >= WIDENS_FROM,
                             'first_norm' if is_batch else None)
    return Recognised(network, names, ('in_channels', 'latent_dim'))


def recognise_discriminator(state: Mapping[str, Tensor], what: str) -> Recognised:
    """Recognise a ``netD``: activations and resampling come before the convolutions in its sequences."""
    num_downsamples = max(count(state, r'body_down\.(\d+)\..+'), 1)
    num_logits, base_channels = shape_of(state, 'layer_up_last', what)[:2]
    network = dict(type='OASISDiscriminator', num_classes=num_logits - 1, base_channels=base_channels,
                   in_channels=shape_of(state, 'body_down.0.conv1.0', what, 'weight_orig')[1],
                   num_downsamples=num_downsamples)
    spectral: dict[str, str] = {}
    for block in range(num_downsamples):
        for theirs, ours, place in ((f'body_down.{block}', f'down.{block}', min(block, 1)),
                                    (f'body_up.{block}', f'up.{block}', 2)):
            spectral |= {f'{theirs}.conv1.{place}': f'{ours}.conv_0', f'{theirs}.conv2.1': f'{ours}.conv_1'}
            if any(name.startswith(f'{theirs}.conv_s.') for name in state):
                spectral[f'{theirs}.conv_s'] = f'{ours}.conv_s'
    return Recognised(network, spectral_names(spectral) | plain_names(spectral, ['bias'])
                      | plain_names({'layer_up_last': 'last'}))


PARTS: dict[str, Recogniser] = dict(generator=recognise_generator, discriminator=recognise_discriminator)
