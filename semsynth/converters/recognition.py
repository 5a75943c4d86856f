"""What the converters share: an official state dict is tidied, recognised and renamed, or refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from semsynth.data.files import first_few
from semsynth.registry import DISCRIMINATORS, ENCODERS, GENERATORS

FAMILIES = dict(generator=GENERATORS, discriminator=DISCRIMINATORS, encoder=ENCODERS)
STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')
PREFIX = 'module.'


@dataclass
class Recognised:
    """What an official state dict is.

    Args:
        network: config of our network of the same architecture.
        names: our name of each official key.
    """

    network: dict
    names: dict[str, str]


@dataclass
class Converted:
    """An official network as ours.

    Args:
        network: config of the network.
        state_dict: its weights.
    """

    network: dict
    state_dict: dict[str, Tensor]


Recogniser = Callable[[dict[str, Tensor], str], Recognised]
"""``(state dict, what it should be) -> Recognised``; raises ValueError where sizes cannot be read."""


def tidy(state_dict: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """Without DataParallel's prefix, and without the running statistics of norms that have no weights: instance norm
    kept them in torch 0.3, and none of the networks has read them since.

    Raises:
        ValueError: it is empty or holds something else than tensors.
    """
    others = [] if isinstance(state_dict, Mapping) else [type(state_dict).__name__]
    others = others or [f'{name} ({type(value).__name__})' for name, value in state_dict.items()
                        if not isinstance(value, Tensor)]
    if others or not state_dict:
        raise ValueError(f'A {what} is converted from its state dict, tensors by name, but this one holds '
                         f'{first_few(others, 9) or "nothing"}.')
    if all(name.startswith(PREFIX) for name in state_dict):
        state_dict = {name.removeprefix(PREFIX): value for name, value in state_dict.items()}
    return {name: value for name, value in state_dict.items() if not _is_idle_statistic(name, state_dict)}


def _is_idle_statistic(name: str, state_dict: Mapping[str, Tensor]) -> bool:
    layer, _, kind = name.rpartition('.')
    return kind in STATISTICS and f'{layer}.weight' not in state_dict


def convolutions(state_dict: Mapping[str, Tensor]) -> set[str]:
    """Names of the layers, but for those whose weight has not four dimensions."""
    others = {name for name, value in state_dict.items() if name.endswith('.weight') and value.ndim != 4}
    return {name.rpartition('.')[0] for name in state_dict} - {name.removesuffix('.weight') for name in others}


def count(layers: Iterable[str], pattern: str) -> int:
    """How many different numbers ``(\\d+)`` the layers have that match as a whole."""
    return len({match[1] for layer in layers if (match := re.fullmatch(pattern, layer))})


def shape_of(state_dict: Mapping[str, Tensor], layer: str, what: str) -> torch.Size:
    """Shape of a convolution's weight.

    Raises:
        ValueError: there is no such convolution.
    """
    weight = state_dict.get(f'{layer}.weight')
    if weight is None or weight.ndim != 4:
        raise ValueError(f'This is no {what}: it lacks {layer}.weight with four dimensions. It holds '
                         f'{first_few(list(state_dict), 9)}; is it another part?')
    return weight.shape


def rename(state_dict: Mapping[str, Tensor], recognised: Recognised, part: str, what: str) -> Converted:
    """Give every tensor our name.

    Raises:
        ValueError: keys are unknown, missing, or of another shape than in our network; or we have no such network.
    """
    names = recognised.names
    try:
        with torch.device('meta'):
            own = FAMILIES[part].build(recognised.network).state_dict()
    except ValueError as error:
        raise ValueError(f'There is no network of ours that is this {what}: {error}') from error
    differences = {
        'has, but should not have': [name for name in state_dict if name not in names],
        'lacks': [name for name in names if name not in state_dict],
        'has in another shape': [f'{name} {tuple(state_dict[name].shape)} instead of {tuple(own[ours].shape)}'
                                   for name, ours in names.items()
                                   if name in state_dict and state_dict[name].shape != own[ours].shape]}
    if found := [f'{kind}: {first_few(wrong, 9)}' for kind, wrong in differences.items() if wrong]:
        raise ValueError(f'This is no {what} as far as its other keys say what it should be. It {"; it ".join(found)}. '
                         'It may be another part, or have other norms or a newer layout.')
    return Converted(recognised.network, {ours: state_dict[name].float() for name, ours in names.items()})
