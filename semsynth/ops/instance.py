"""Means over the pixels of each instance (pix2pixHD, 3.4)."""

from __future__ import annotations

from importlib.util import find_spec

import torch
from torch import Tensor


def instance_mean(features: Tensor, instance: Tensor, fused: bool = False) -> Tensor:
    """Replace each pixel's features by their mean over its instance, in its own image.

    Instances are numbered, then sums scattered: no loop over instances, and no wait for the device.

    Args:
        features: ``(B, C, H, W)``.
        instance: object ids, ``(B, H, W)``, any integers.
        fused: whether Triton kernels do it, on a GPU: no sort, and few additions to one address. No GPU has timed them.

    Returns:
        ``(B, C, H, W)``, in the precision of ``features``; sums are taken in float32 at least.

    Raises:
        ValueError: ``fused`` without a GPU or without Triton.
    """
    values = features.to(torch.promote_types(features.dtype, torch.float32))
    if fused:
        if features.device.type != 'cuda' or not find_spec('triton'):
            raise ValueError(f'fused=True: these kernels need a GPU and Triton, but features are on '
                             f'{features.device.type}; leave fused=False.')
        from semsynth.ops import instance_kernels  # only where there is Triton

        return instance_kernels.mean(values, instance).to(features.dtype)
    numbers, bound = _number(instance)
    ones = values.new_ones(numbers.numel())
    counts = values.new_zeros(bound).index_add_(0, numbers.flatten(), ones)
    return _Mean.apply(values, numbers, counts).to(features.dtype)


def number_instances(instance: Tensor) -> Tensor:
    """Number the instances of a batch, without gaps, from 0.

    Args:
        instance: object ids, ``(B, H, W)``, any integers.

    Returns:
        ``(B, H, W)`` long. Instances of different images have different numbers, whatever their ids; numbers follow
        the images, and in an image the ids.
    """
    return _number(instance)[0]


def _number(instance: Tensor) -> tuple[Tensor, int]:
    """The numbers, and an upper bound that they do not reach."""
    return _number_runs(instance) if instance.device.type == 'cpu' else (_number_pixels(instance), instance.numel())


def _number_runs(instance: Tensor) -> tuple[Tensor, int]:
    """Sorts runs of equal ids, far fewer than there are pixels; on a GPU their number would have to be waited for."""
    numbers, count = [], 0
    for ids in instance.flatten(1):
        runs, lengths = ids.unique_consecutive(return_counts=True)
        found, places = runs.unique(return_inverse=True)
        numbers.append((places + count).repeat_interleave(lengths))
        count += len(found)
    return torch.stack(numbers).view_as(instance), count


def _number_pixels(instance: Tensor) -> Tensor:
    ids, order = instance.flatten(1).sort(dim=1)
    next_one = torch.zeros_like(ids, dtype=torch.bool)
    next_one[:, 1:] = ids[:, 1:] != ids[:, :-1]
    next_one[1:, 0] = True
    numbers = next_one.flatten().cumsum(0).view_as(ids)
    return torch.empty_like(numbers).scatter_(1, order, numbers).view_as(instance)


class _Mean(torch.autograd.Function):
    """Mean over the pixels that have the same number. Its own adjoint: it takes gradients back as it takes values."""

    @staticmethod
    def forward(ctx, values: Tensor, numbers: Tensor, counts: Tensor) -> Tensor:
        ctx.save_for_backward(numbers, counts)
        pixels = values.movedim(1, -1).flatten(0, 2)
        means = values.new_zeros(len(counts), values.shape[1]).index_add_(0, numbers.flatten(), pixels)
        means /= counts.unsqueeze(1)  # numbers that no pixel has become NaN, and are not read
        return means.index_select(0, numbers.flatten()).unflatten(0, numbers.shape).movedim(-1, 1)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None, None]:
        return _Mean.apply(gradient, *ctx.saved_tensors), None, None
