"""Convolutions that see only the neighbours of a pixel that belong to the same object (INADE's encoder)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def object_convolution(x: Tensor, objects: Tensor, weight: Tensor, bias: Tensor | None, stride: int = 1) -> Tensor:
    """A 3x3 convolution over the neighbours that belong to the pixel's own object.

    It is a partial convolution (Liu et al. 2018) for every object at once: sums over a part of the 9 neighbours are
    multiplied by 9 over their number, so that they are as large as inside of an object. What is beyond the picture
    belongs to no object.

    Args:
        x: ``(B, C, H, W)``.
        objects: a number for each object, ``(B, H, W)``, any integers.
        weight: ``(out, C, 3, 3)``.
        bias: ``(out,)``, or None.
        stride: 1 or 2; pixels of even places remain.

    Returns:
        ``(B, out, ceil(H / stride), ceil(W / stride))``.
    """
    same = _same(objects, stride).to(x.dtype)
    near = F.unfold(x, 3, padding=1, stride=stride).unflatten(1, (x.shape[1], 9))
    near = (near.unflatten(3, same.shape[2:]) * same.unsqueeze(1)).flatten(1, 2)
    y = F.conv2d(near, weight.flatten(1)[:, :, None, None]) * (9 / same.sum(1, keepdim=True))
    return y if bias is None else y + bias.view(-1, 1, 1)


def _same(objects: Tensor, stride: int) -> Tensor:
    """Whether each of a pixel's 9 neighbours is of its object, ``(B, 9, H', W')``; the middle one always is."""
    height, width = objects.shape[1:]
    padded = F.pad(objects, (1, 1, 1, 1))
    inside = F.pad(torch.ones_like(objects, dtype=torch.bool), (1, 1, 1, 1))
    own = objects[:, ::stride, ::stride]
    return torch.stack([(padded[:, y:y + height:stride, x:x + width:stride] == own)
                        & inside[:, y:y + height:stride, x:x + width:stride] for y in range(3) for x in range(3)], 1)
