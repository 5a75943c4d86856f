"""The similarity loss over pairs that are drawn at random, where all pairs take too long."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.ops.similarity.exact import flatten_pixels, losses_of_images


def sampled_similarity_loss(probs: Tensor, label: Tensor, partners: int, ignore_index: int | None = None,
                            precision: str = 'float32', numbers: Tensor | None = None) -> Tensor:
    """An unbiased estimate of ``similarity_loss`` and its gradient, in ``partners / (H W)`` of the time.

    An image's valid pixels are divided at random into groups of ``partners + 1``. Pairs within a group stand for all
    pairs of two pixels; a pixel's pair with itself is computed for every pixel. Every pixel is in one group, so that
    what it adds to each of its pairs does not contribute to the error: the variance is at most about
    ``2 s^2 / (M partners)`` for an image of M valid pixels, with s^2 the variance of the loss of a pair.

    Args:
        probs: class probabilities, ``(B, N, H, W)``, summing to 1 over N.
        label: class of each pixel, ``(B, H, W)``, any integers.
        partners: how many other pixels each is compared with; from M - 1 on, the result is exact.
        ignore_index: label of the pixels that are left out, or None.
        precision: as for ``similarity_loss``.
        numbers: ``(B, H * W)`` in [0, 1): pixels in the order of these are divided into groups; by default they are
            drawn from torch's generator of the device.

    Returns:
        A scalar as that of ``similarity_loss``.

    Raises:
        ValueError: the shapes do not belong together, there are no partners, or no such precision.

    Examples:
        >>> import torch
        >>> from semsynth.losses import sampled_similarity_loss
        >>> label = torch.tensor([[[0, 0], [1, 1]]])
        >>> probs = torch.eye(2)[label].movedim(-1, 1)  # as certain as the labels
        >>> sampled_similarity_loss(probs, label, partners=1).item()
        0.0
    """
    if partners < 1:
        raise ValueError(f'sampled_similarity_loss: partners={partners}, expected 1 or more.')
    probs, label, valid = flatten_pixels('sampled_similarity_loss', probs, label, ignore_index)
    size = label.shape[1]
    group = min(partners + 1, size)
    numbers = torch.rand(label.shape, device=probs.device) if numbers is None else numbers
    order = (numbers + ~valid).argsort(1)  # valid pixels come first
    padding = (0, -size % group)

    def grouped(values: Tensor) -> Tensor:
        values = values.gather(-1, order if values.dim() == 2 else order[:, None].expand_as(values))
        return F.pad(values, padding).unflatten(-1, (-1, group))

    alone = -((probs * probs).sum(1).log() * valid).sum(1)
    valid = grouped(valid)
    losses = losses_of_images(grouped(probs).transpose(1, 2).flatten(0, 1), grouped(label).flatten(0, 1),
                              valid.flatten(0, 1), precision).unflatten(0, (len(probs), -1))
    members = valid.sum(2).to(losses.dtype)
    total, pairs = members.sum(1), (members * (members - 1)).sum(1)
    others = (members ** 2 * losses).sum(1) - alone
    scale = total * (total - 1) / pairs.clamp(min=1)
    return ((alone + scale * others) / total.clamp(min=1) ** 2).mean()
