"""Benchmark of class-specific pixel generation (ECGAN, 3.3, eq. 7) by number of classes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from semsynth.layers.class_convolution import ClassConvolution
from semsynth.ops.class_specific import class_specific_image, masked_class_specific_image
from semsynth.studies.benchmark.maps import read_map
from semsynth.studies.benchmark.measuring import Step, Version, check_versions

VERSIONS = dict(fast=class_specific_image, plain=masked_class_specific_image)


def class_specific(device: str, sizes: Sequence[tuple[int, int]], channels: Sequence[int], classes: Sequence[int],
                   maps: Sequence[str | Path] = (), versions: Sequence[str] = tuple(VERSIONS)) -> list[list[Version]]:
    """Forward and backward pass of the operator alone, for several numbers of classes.

    Args:
        device: what it runs on.
        sizes: heights and widths of the label map.
        channels: channels C of the features.
        classes: numbers of classes.
        maps: files of label or instance maps, resized; their ids modulo the number of classes are the classes. None:
            400 regions are drawn.
        versions: names of ``VERSIONS``.

    Raises:
        ValueError: there is no such version.
        DataError: a file is missing or unsound.
    """
    check_versions(versions, VERSIONS)
    groups = []
    paths: Sequence[str | Path | None] = maps or [None]
    for path in paths:
        for height, width in sizes:
            ids = _regions(height, width) if path is None else read_map(path, height, width)
            name = 'regions' if path is None else Path(path).stem
            for count in channels:
                groups.append([
                    Version({'label map': name, 'size': f'{height}x{width}', 'C': count, 'classes': number,
                             'present': len((ids % number).unique()), 'version': version},
                            partial(_step, version, ids % number, number, count, device), f'{number} classes')
                    for version in versions for number in classes])
    return groups


def _step(version: str, label: Tensor, classes: int, channels: int, device: str) -> Step:
    torch.manual_seed(0)
    features = torch.randn(1, channels, *label.shape[1:], device=device, requires_grad=True)
    label = label.to(device)
    modules = [ClassConvolution(classes, channels, width).to(device) for width in (channels, channels, 3)]
    layers = [(module.kernels, module.bias) for module in modules]
    learns = [features, *(part for layer in layers for part in layer)]

    def step() -> list[Tensor]:
        image = VERSIONS[version](features, label, layers)
        return [image.detach(), *torch.autograd.grad(image.square().sum(), learns)]

    return step


def _regions(height: int, width: int) -> Tensor:
    draw = torch.Generator().manual_seed(0)
    centres = torch.rand(400, 2, generator=draw) * torch.tensor([height, width])
    pixels = torch.cartesian_prod(torch.arange(height), torch.arange(width)).float()
    return torch.cdist(pixels, centres).argmin(1).view(1, height, width)
