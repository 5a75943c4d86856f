"""Means over the pixels of each instance (pix2pixHD, 3.4)."""

from __future__ import annotations

import torch
from torch import Tensor


def instance_mean(features: Tensor, instance: Tensor) -> Tensor:
    """Replace each pixel's features by their mean over its instance, in its own image.

    One sort and two scattered sums, whatever the number of instances: no loop, and no wait for the device.

    Args:
        features: ``(B, C, H, W)``.
        instance: object ids, ``(B, H, W)``, any integers.

    Returns:
        ``(B, C, H, W)``, in the precision of ``features``; sums are taken in float32 at least.
    """
    batch, channels = features.shape[:2]
    pixels = instance.numel()
    number = number_instances(instance).flatten()
    values = features.movedim(1, -1).reshape(pixels, channels)
    values = values.to(torch.promote_types(values.dtype, torch.float32))
    sums = values.new_zeros(pixels, channels).index_add(0, number, values)
    counts = values.new_zeros(pixels).index_add(0, number, values.new_ones(pixels))
    means = (sums / counts.clamp(min=1).unsqueeze(1))[number]
    return means.reshape(batch, *instance.shape[1:], channels).movedim(-1, 1).to(features.dtype)


def number_instances(instance: Tensor) -> Tensor:
    """Number the instances of a batch, without gaps, from 0.

    Args:
        instance: object ids, ``(B, H, W)``, any integers.

    Returns:
        ``(B, H, W)`` long. Instances of different images have different numbers, whatever their ids; numbers follow
        the images, and in an image the ids.
    """
    ids, order = instance.flatten(1).sort(dim=1)
    first = torch.ones_like(ids, dtype=torch.bool)
    first[:, 1:] = ids[:, 1:] != ids[:, :-1]
    numbers = (first.flatten().cumsum(0) - 1).view_as(ids)
    return torch.empty_like(numbers).scatter_(1, order, numbers).view_as(instance)
