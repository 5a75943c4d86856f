"""Shared steps of the converters: tidy an official state dict, recognise it and rename its tensors, or refuse it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from semsynth.converters.spectral import unify_spectral
from semsynth.errors import first_few
from semsynth.registry import DISCRIMINATORS, ENCODERS, GENERATORS

FAMILIES = dict(generator=GENERATORS, discriminator=DISCRIMINATORS, encoder=ENCODERS)
STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')
PREFIX = 'module.'


@dataclass
class Recognised:
    """A recognised official state dict.

    Args:
        network: config of our network of the same architecture.
        names: our name of each official key.
        guessed: arguments of the network that the weights do not tell: any value loads them, one is right.
        unused: official keys that the official network has, and never reads.
    """

    network: dict
    names: dict[str, str]
    guessed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass
class Converted:
    """Convert one network.

    Args:
        network: config of the network.
        state_dict: its weights.
        guessed: arguments of the network that the weights do not tell, to be taken from the official options.
    """

    network: dict
    state_dict: dict[str, Tensor]
    guessed: tuple[str, ...] = ()


Recogniser = Callable[[dict[str, Tensor], str], Recognised]
"""``(state dict, what it should be) -> Recognised``; raises ValueError where sizes cannot be read."""


def tidy(state_dict: Mapping[str, Tensor], what: str) -> dict[str, Tensor]:
    """Remove DataParallel's prefix, and give each of spectral norm's tensors one name.

    Raises:
        ValueError: it is empty or holds something else than tensors.
    """
    others: list[str] = [] if isinstance(state_dict, Mapping) else [type(state_dict).__name__]
    others = others or [f'{name} ({type(value).__name__})' for name, value in state_dict.items()
                        if not isinstance(value, Tensor)]
    if others or not state_dict:
        raise ValueError(f'A {what} is converted from its state dict, tensors by name, but this one holds '
                         f'{first_few(others, 9) or "nothing"}.')
    if all(name.startswith(PREFIX) for name in state_dict):
        state_dict = {name.removeprefix(PREFIX): value for name, value in state_dict.items()}
    return unify_spectral(state_dict)


def _is_idle_statistic(name: str, state_dict: Mapping[str, Tensor], known: Iterable[str]) -> bool:
    """Whether it is a running statistic of a norm without weights, beside layers that are known: instance norm kept
    them in torch 0.3."""
    layer, _, kind = name.rpartition('.')
    beside = layer.rpartition('.')[0]
    return kind in STATISTICS and f'{layer}.weight' not in state_dict and any(
        other.startswith(f'{beside}.') for other in known)


def convolutions(state_dict: Mapping[str, Tensor]) -> set[str]:
    """Names of the layers, except those whose weight is not four-dimensional and those that have statistics only."""
    others = {name for name, value in state_dict.items() if name.endswith('.weight') and value.ndim != 4}
    layers = {layer for layer, _, kind in (name.rpartition('.') for name in state_dict) if kind not in STATISTICS}
    return layers - {name.removesuffix('.weight') for name in others}


def count(layers: Iterable[str], pattern: str) -> int:
    """The number of different values of ``(\\d+)`` among the layers' names that match the whole pattern."""
    return len({match[1] for layer in layers if (match := re.fullmatch(pattern, layer))})


def shape_of(state_dict: Mapping[str, Tensor], layer: str, what: str, kind: str = 'weight') -> torch.Size:
    """Shape of a convolution's weight, whose name ends in ``kind``.

    Raises:
        ValueError: there is no such convolution.
    """
    weight = state_dict.get(f'{layer}.{kind}')
    if weight is None or weight.ndim != 4:
        raise ValueError(f'This is no {what}: it lacks {layer}.{kind} with four dimensions. It holds '
                         f'{first_few(list(state_dict), 9)}; is it another part?')
    return weight.shape


def rename(state_dict: Mapping[str, Tensor], recognised: Recognised, part: str, what: str) -> Converted:
    """Give every tensor our name; running statistics that the network does not read are left out.

    Raises:
        ValueError: keys are unknown, missing, or of another shape than in our network; or we have no such network.
    """
    names, known = recognised.names, {*recognised.names, *recognised.unused}
    try:
        with torch.device('meta'):
            own = FAMILIES[part].build(recognised.network).state_dict()
    except ValueError as error:
        raise ValueError(f'There is no network of ours that is this {what}: {error}') from error
    differences = {
        'has, but should not have': [
            name for name in state_dict if name not in known and not _is_idle_statistic(name, state_dict, known)],
        'lacks': [name for name in names if name not in state_dict],
        'has in another shape': [f'{name} {tuple(state_dict[name].shape)} instead of {tuple(own[ours].shape)}'
                                   for name, ours in names.items()
                                   if name in state_dict and state_dict[name].shape != own[ours].shape]}
    if found := [f'{kind}: {first_few(wrong, 9)}' for kind, wrong in differences.items() if wrong]:
        raise ValueError(f'This is no {what} as far as its other keys say what it should be. It {"; it ".join(found)}. '
                         'It may be another part, or have other norms or a newer layout.')
    weights = {ours: _widened(state_dict[name]) for name, ours in names.items()}
    return Converted(recognised.network, weights, recognised.guessed)


def _widened(value: Tensor) -> Tensor:
    return value.float() if value.is_floating_point() else value
