"""Benchmark of the similarity loss (ECGAN, eq. 3) over all pairs of pixels, and of its estimate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.data.pictures import read_ids
from semsynth.ops import sampled_similarity_loss, similarity_loss
from semsynth.ops.similarity.exact import flatten_pixels
from semsynth.ops.similarity.numerics import CPU_TILE, product
from semsynth.studies.benchmark.measuring import Step, Version, check_versions


def plain_similarity_loss(probs: Tensor, label: Tensor) -> Tensor:
    """The formula as it is printed, under autograd: matrices of all pairs. Arguments as for ``similarity_loss``."""
    losses = []
    for p, c in zip(probs.flatten(2), label.flatten(1), strict=True):
        alike = (c[:, None] == c).to(p.dtype)
        losses.append(F.binary_cross_entropy((p.T @ p).clamp(max=1), alike))
    return torch.stack(losses).mean()


@torch.no_grad()
def products_alone(probs: Tensor) -> list[Tensor]:
    """The products of matrices that ``similarity_loss`` forms on a CPU, and nothing else: what it cannot save.

    One for each pair's likeness, two for what the pair adds to the gradients of its pixels. There is no result.
    """
    rows, columns = CPU_TILE
    for pixels in F.pad(probs.flatten(2), (0, 0, 0, 1)).mT.contiguous():
        for top in range(0, len(pixels), rows):
            left = pixels[top:top + rows]
            for right in pixels[top:].split(columns):
                x = product(left, right)
                product(right.T, x)
                product(left.T, x.T)
    return []


def in_tiles(probs: Tensor, label: Tensor, tile: Sequence[int]) -> Tensor:
    """The fused kernels with another tile than their own; ``tile`` as ``semsynth.ops.similarity.fused.Tile`` has it."""
    from semsynth.ops.similarity import fused  # only where there is Triton

    pixels, label, valid = flatten_pixels('in_tiles', probs, label, None)
    losses, slopes = fused.evaluate(pixels.detach(), label, valid, True, fused.Tile(*tile))
    return (losses.float() + ((pixels - pixels.detach()) * cast(Tensor, slopes)).sum((1, 2))).mean()


TILES = {'x'.join(map(str, tile)): tile for tile in [
    (128, 64, 8, 3), (128, 64, 8, 2, 128), (64, 64, 4, 3), (64, 64, 4, 2, 128), (64, 128, 4, 2), (64, 32, 8, 3)]}
"""Candidates for a GPU to compare: rows, columns, warps, stages, and most registers where it is bounded."""
VERSIONS: dict[str, Callable] = {
    'fast': similarity_loss, 'plain': plain_similarity_loss,
    'auto': partial(similarity_loss, precision='auto'),
    'sampled': partial(sampled_similarity_loss, partners=1023), 'products': products_alone,
    **{name: partial(in_tiles, tile=tile) for name, tile in TILES.items()}}
ALL_PAIRS = ('fast', 'plain', 'auto', *TILES)


def similarity(device: str, sizes: Sequence[tuple[int, int]], classes: Sequence[int], maps: Sequence[str | Path] = (),
               versions: Sequence[str] = ('fast', 'plain')) -> list[list[Version]]:
    """Forward and backward pass of the loss, from logits on, for a label generator that is mostly right and sure.

    Args:
        device: what it runs on.
        sizes: heights and widths of the label map.
        classes: numbers of classes.
        maps: files of label maps, resized; their ids modulo the number of classes are the classes. None: blocks.
        versions: names of ``VERSIONS``: this library's, the formula as it is printed, this library's in float32 (the
            same but for GPUs), with 1023 partners, the products of matrices that this library's are made of on a
            CPU, and tiles of the fused kernels (``TILES``), which need a GPU.

    Raises:
        ValueError: there is no such version, or not on that device.
        DataError: a file is missing or unsound.
    """
    check_versions(versions, VERSIONS)
    if not device.startswith('cuda') and (tiles := sorted(set(versions) & set(TILES))):
        raise ValueError(f'versions={tiles} are tiles of kernels for a GPU, and the device is {device}; '
                         'give --device cuda, or leave them out.')
    torch.manual_seed(0)
    groups = []
    paths: Sequence[str | Path | None] = maps or [None]
    for path in paths:
        ids = torch.randint(1000, (8, 16)) if path is None else torch.from_numpy(read_ids(str(path)).astype('int64'))
        for height, width in sizes:
            resized = F.interpolate(ids[None, None].double(), (height, width), mode='nearest-exact')[0].long()
            for number in classes:
                columns = {'label map': 'blocks' if path is None else Path(path).stem, 'size': f'{height}x{width}',
                           'pixels': height * width, 'classes': number}
                groups.append([Version({**columns, 'version': version},
                                       partial(_step, version, resized % number, number, device),
                                       'all pairs' if version in ALL_PAIRS else version) for version in versions])
    return groups


def _step(version: str, label: Tensor, classes: int, device: str) -> Step:
    torch.manual_seed(0)
    seen = torch.where(torch.rand(label.shape) < 0.9, label, torch.randint(classes, label.shape))
    logits = 2 * torch.randn(1, classes, *label.shape[1:]) + 9 * F.one_hot(seen, classes).movedim(-1, 1)
    logits, label = logits.to(device).requires_grad_(), label.to(device)

    if version == 'products':
        return partial(products_alone, logits.detach().softmax(1))

    def step() -> list[Tensor]:
        loss = VERSIONS[version](logits.softmax(1), label)
        return [loss.detach(), *torch.autograd.grad(loss, logits)]

    return step
