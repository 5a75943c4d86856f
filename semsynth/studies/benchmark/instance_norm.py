"""Benchmark of instance norm, alone and with modulation and activation behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.layers.norm import InstanceNorm, fuse_norms, modulate
from semsynth.studies.benchmark.measuring import Step, Version, check_versions

VERSIONS = ('ours', 'torch', 'var_mean', 'var_mean_compiled', 'fused')
"""``InstanceNorm``; torch's own; by ``torch.var_mean``, as it stands and compiled by ``torch.compile``; by the Triton
kernels, on a GPU only."""
PRECISIONS = ('float32', 'bfloat16')
ORDERS = dict(contiguous=torch.contiguous_format, channels_last=torch.channels_last)
SLOPE = 0.2


def instance_norm(device: str, sizes: Sequence[tuple[int, int]], channels: int = 64, batch_size: int = 1,
                  precision: Sequence[str] = PRECISIONS,
                  versions: Sequence[str] = ('ours', 'torch', 'var_mean')) -> list[list[Version]]:
    """Forward and backward pass on random maps, in both orders in memory, alone and as in SPADE.

    Args:
        device: what it runs on.
        sizes: heights and widths of the maps.
        channels: number of their channels.
        batch_size: number of images.
        precision: of the maps, of ``PRECISIONS``.
        versions: names of ``VERSIONS``.

    Raises:
        ValueError: there is no such version or precision, or ``'fused'`` is asked for without a GPU.
    """
    check_versions(versions, VERSIONS)
    unknown = [each for each in precision if each not in PRECISIONS]
    if unknown:
        raise ValueError(f'precision={unknown}, but there are only {", ".join(PRECISIONS)}.')
    if 'fused' in versions and not device.startswith('cuda'):
        raise ValueError(f"versions: 'fused' is for a GPU, but device={device}; leave it out.")
    groups = []
    for (height, width), dtype, order, modulated in product(sizes, precision, ORDERS, (False, True)):
        columns = {'size': f'{height}x{width}', 'C': channels, 'batch': batch_size, 'precision': dtype, 'order': order,
                   'with': 'modulation, leaky ReLU' if modulated else ''}
        shape = batch_size, channels, height, width
        groups.append([Version({**columns, 'version': version},
                               partial(_step, version, shape, dtype, order, modulated, device), 'maps')
                       for version in versions])
    return groups


def _torch(x: Tensor, gamma: Tensor | None, beta: Tensor | None, slope: float) -> Tensor:
    return modulate(F.instance_norm(x), gamma, beta, slope)


def _var_mean(x: Tensor, gamma: Tensor | None, beta: Tensor | None, slope: float) -> Tensor:
    exact = x.float()
    variance, mean = torch.var_mean(exact, (2, 3), correction=0, keepdim=True)
    return modulate(((exact - mean) * (variance + 1e-5).rsqrt()).to(x.dtype), gamma, beta, slope)


def _function(version: str, channels: int) -> Callable[..., Tensor]:
    if version == 'torch':
        return _torch
    if version == 'var_mean':
        return _var_mean
    if version == 'var_mean_compiled':
        torch.compiler.reset()  # one function has a limited number of compiled forms, and each group needs its own
        return torch.compile(_var_mean, dynamic=False)
    norm = InstanceNorm(channels)
    return fuse_norms(norm) if version == 'fused' else norm


def _step(version: str, shape: tuple[int, int, int, int], precision: str, order: str, modulated: bool,
          device: str) -> Step:
    draw = torch.Generator().manual_seed(0)
    upstream, *maps = (torch.randn(shape, generator=draw).to(device, getattr(torch, precision),
                                                             memory_format=ORDERS[order])
                       for _ in range(4 if modulated else 2))
    for each in maps:
        each.requires_grad_()
    function = _function(version, shape[1])
    gamma, beta = maps[1:] if modulated else (None, None)

    def step() -> list[Tensor]:
        y = function(maps[0], gamma, beta, SLOPE if modulated else 1.)
        return [y.detach(), *torch.autograd.grad(y, maps, upstream)]

    return step
