"""Benchmark of means over instances (pix2pixHD, 3.4) by number of instances."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from semsynth.ops import instance_mean as fast_mean
from semsynth.studies.benchmark.maps import draw_bands, read_map
from semsynth.studies.benchmark.measuring import Step, Version, check_versions


def plain_mean(features: Tensor, instance: Tensor) -> Tensor:
    """A masked mean for each instance of each image. What ``fast_mean`` computes, with the same arguments."""
    images = []
    for image, ids in zip(features, instance, strict=True):
        pooled = torch.zeros_like(image)
        for id in ids.unique():
            mask = ids == id
            pooled = pooled + (image * mask).sum((1, 2), keepdim=True) / mask.sum() * mask
        images.append(pooled)
    return torch.stack(images)


VERSIONS: dict[str, Callable[..., Tensor]] = dict(fast=fast_mean, fused=partial(fast_mean, fused=True),
                                                  plain=plain_mean)
"""``fused`` on a GPU only."""


def instance_mean(device: str, sizes: Sequence[tuple[int, int]], channels: int, instances: Sequence[int],
                  maps: Sequence[str | Path] = (), versions: Sequence[str] = ('fast', 'plain')) -> list[list[Version]]:
    """Forward and backward pass of the operator alone, on several instance maps.

    Args:
        device: what it runs on.
        sizes: heights and widths of the instance map.
        channels: channels C of the features.
        instances: numbers of instances of drawn maps; not looked at where there are files.
        maps: files of instance maps, resized. None: bands are drawn.
        versions: names of ``VERSIONS``.

    Raises:
        ValueError: there is no such version, or a map has fewer pixels than instances.
        DataError: a file is missing or unsound.
    """
    check_versions(versions, VERSIONS)
    shown = []
    for height, width in sizes:
        if maps:
            shown += [(Path(path).stem, read_map(path, height, width)) for path in maps]
        else:
            shown += [('bands', draw_bands(count, height, width)) for count in instances]
    groups = []
    for name, ids in shown:
        height, width = ids.shape[1:]
        columns = {'instance map': name, 'size': f'{height}x{width}', 'C': channels, 'instances': len(ids.unique())}
        groups.append([Version({**columns, 'version': version}, partial(_step, version, ids, channels, device), 'means')
                       for version in versions])
    return groups


def _step(version: str, instance: Tensor, channels: int, device: str) -> Step:
    draw = torch.Generator().manual_seed(0)
    features, upstream = (torch.randn(1, channels, *instance.shape[1:], generator=draw).to(device) for _ in range(2))
    instance = instance.to(device)
    features.requires_grad_()

    def step() -> list[Tensor]:
        pooled = VERSIONS[version](features, instance)
        return [pooled.detach(), *torch.autograd.grad(pooled, features, upstream)]

    return step
