"""Benchmark of the pixel-wise contrastive loss (ECGAN, eq. 5) over all pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

from semsynth.losses import contrastive_loss
from semsynth.ops import tiled_contrastive
from semsynth.studies.benchmark.measuring import Step, Version, check_versions

VERSIONS: dict[str, Callable] = dict(
    fast=tiled_contrastive, plain=contrastive_loss, fused=partial(tiled_contrastive, precision='auto'))


def contrast(device: str, pixels: Sequence[int], channels: int, classes: Sequence[int],
             versions: Sequence[str] = ('fast', 'plain')) -> list[list[Version]]:
    """Forward and backward pass of the operator alone, at several numbers of pixels.

    Embeddings are random; classes are drawn, the k-th with a chance in proportion to 1 / k.

    Args:
        device: what it runs on.
        pixels: numbers of pixels.
        channels: length of an embedding.
        classes: numbers of classes.
        versions: names of ``VERSIONS``: tiles, matrices, and on a GPU fused kernels.

    Raises:
        ValueError: there is no such version.
    """
    check_versions(versions, VERSIONS)
    return [[Version({'pixels': count, 'D': channels, 'classes': number, 'version': version},
                     partial(_step, version, count, channels, number, device), f'{count} pixels, {number} classes')
             for version in versions] for count in pixels for number in classes]


def _step(version: str, pixels: int, channels: int, classes: int, device: str) -> Step:
    draw = torch.Generator().manual_seed(0)
    embeddings = torch.randn(pixels, channels, generator=draw).to(device).requires_grad_()
    chances = 1 / torch.arange(1., classes + 1)
    kinds = chances.multinomial(pixels, replacement=True, generator=draw).to(device)

    def step() -> list[Tensor]:
        loss = VERSIONS[version](embeddings, kinds, temperature=0.1)
        return [loss.detach(), *torch.autograd.grad(loss, embeddings)]

    return step
