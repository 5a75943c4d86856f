"""Weights in autocast's precision, cast together once instead of one by one at every reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from semsynth.layers.frozen import Frozen
from semsynth.layers.norm import LayerNorm
from semsynth.layers.spectral import SpectralNorm
from semsynth.ops.casting import cast_all

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.MultiheadAttention)
"""The layers whose weights autocast casts; of those under spectral norm ``one_turn`` has the weights ready."""


@contextmanager
def cast_weights(network: nn.Module) -> Iterator[None]:
    """Within it, layers that autocast would run in its precision have their weights in this precision.

    The values, and the gradients of the parameters, are those that autocast's own casts give; the parameters stay as
    they are. autocast casts a weight at a time, and one that is not trained whenever it is read. Without autocast
    nothing changes.

    Args:
        network: with all that it holds, frozen networks too.
    """
    places = [place for module in _modules(network) for place in _weights(module)]
    device = places[0][-1].device.type if places else 'cpu'
    if not places or not torch.is_autocast_enabled(device):
        yield
        return
    try:
        for learns in True, False:
            its = [place for place in places if place[-1].requires_grad == learns]
            lowered = cast_all([weight for *_, weight in its], torch.get_autocast_dtype(device)) if its else []
            for (module, name, _), weight in zip(its, lowered, strict=True):
                module.__dict__[name] = weight  # found before the parameter of that name
        yield
    finally:
        for module, name, weight in places:
            module.__dict__.pop(name, None)
            if isinstance(module, SpectralNorm):
                module.ready = weight


def _modules(network: nn.Module) -> Iterator[nn.Module]:
    for module in network.modules():
        yield module
        if isinstance(module, Frozen):
            yield from _modules(module.network)


def _weights(module: nn.Module) -> Iterator[tuple[nn.Module, str, Tensor]]:
    """What a module has that is to be cast, and the name by which it is read."""
    if isinstance(module, (*LAYERS, LayerNorm)):
        for name, parameter in module.named_parameters(recurse=False):
            if isinstance(module, LAYERS) or parameter.is_cuda:  # on a CPU layer norm takes weights in float32
                yield module, name, parameter
        if parametrize.is_parametrized(module, 'weight'):
            norm = cast(Any, module.parametrizations).weight[0]
            if isinstance(norm, SpectralNorm) and norm.ready is not None:
                yield norm, 'ready', norm.ready
