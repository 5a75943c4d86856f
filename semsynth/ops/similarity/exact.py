"""The similarity loss over all pairs, and who evaluates it where."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import torch
from torch import Tensor

from semsynth.ops.first_order import first_order_only
from semsynth.ops.similarity import by_class, tiled

PRECISIONS = ('float32', 'tf32')


def similarity_loss(probs: Tensor, label: Tensor, ignore_index: int | None = None,
                    precision: str = 'float32') -> Tensor:
    """Binary cross entropy over all pairs of pixels: do two pixels belong to the same class? (ECGAN, eq. 3.)

    With ``q_ij = p_i . p_j`` the similarity of two pixels of one image, and M its valid pixels, an image's loss is
    ``-1/M^2 sum_ij [c_i = c_j] log q_ij + [c_i != c_j] log(1 - q_ij)``, each pixel's pair with itself included.
    It is exact over all M^2 pairs; its memory is O(M) and one tile of pairs, for the gradient is formed in the same
    pass. As in ``F.binary_cross_entropy``, logs are clamped at -100 and the gradient of ``-log x`` is
    ``-1 / max(x, 1e-12)``: bounded, and not zero where the log is clamped. 1 - q is summed, as p_i . (1 - p_j), instead
    of subtracted, which is the same on probabilities and right where float32 cannot tell q from 1. The gradient is
    that of 1 - q; only where its rounding would drown the rest (pairs of other classes that are almost surely held
    for one), what is common to a pixel's classes, and nothing to a softmax, is left out of it.

    Args:
        probs: class probabilities, ``(B, N, H, W)``, summing to 1 over N.
        label: class of each pixel, ``(B, H, W)``, any integers.
        ignore_index: label of the pixels that are left out, or None.
        precision: 'float32', or 'tf32', which has Triton kernels multiply with its 10 bits of mantissa on A100,
            H100, H200 and later, where plain tiles serve otherwise; elsewhere both are float32.

    Returns:
        A scalar, float32 (float64 for float64 probabilities): the mean over the images, where one without any valid
        pixel counts 0.

    Raises:
        ValueError: the shapes do not belong together, or there is no such precision.
    """
    return losses_of_images(*flatten_pixels('similarity_loss', probs, label, ignore_index), precision).mean()


def flatten_pixels(name: str, probs: Tensor, label: Tensor, ignore_index: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Probabilities ``(B, N, M)`` in float32 or wider, labels ``(B, M)``, and which of them count; see there."""
    if probs.ndim != 4 or label.shape != (len(probs), *probs.shape[2:]):
        raise ValueError(f'{name}: probs {tuple(probs.shape)} and label {tuple(label.shape)} do not belong together; '
                         'expected (B, N, H, W) and (B, H, W).')
    wide, label = probs if probs.dtype == torch.float64 else probs.float(), label.flatten(1)
    valid = torch.ones_like(label, dtype=torch.bool) if ignore_index is None else label != ignore_index
    return wide.flatten(2), label, valid


def losses_of_images(probs: Tensor, label: Tensor, valid: Tensor, precision: str) -> Tensor:
    """The loss of each image, ``(B,)``, from what :func:`flatten_pixels` returns."""
    if precision not in PRECISIONS:
        raise ValueError(f'Similarity loss: precision={precision!r}, expected one of {", ".join(PRECISIONS)}.')
    return _PairwiseCrossEntropy.apply(probs, label, valid, precision)


def _evaluation(probs: Tensor, precision: str) -> Callable:
    """Who evaluates the loss of such probabilities."""
    if probs.device.type == 'cpu':
        return by_class.evaluate
    if probs.device.type == 'cuda' and probs.dtype == torch.float32 and precision == 'tf32' and find_spec('triton'):
        from semsynth.ops.similarity import fused  # only where there is Triton
        memory = torch.cuda.get_device_properties(probs.device).shared_memory_per_block_optin
        if memory >= fused.SHARED_MEMORY and probs.shape[1] <= fused.MAX_CLASSES:
            return fused.evaluate
    return tiled.evaluate


class _PairwiseCrossEntropy(torch.autograd.Function):
    """The cross entropy of each image over its pairs.

    A loss's gradient is linear in what comes from above, so that it can be formed before that is known.
    """

    @staticmethod
    def forward(ctx, probs: Tensor, label: Tensor, valid: Tensor, precision: str) -> Tensor:
        """Pixels ``(B, N, M)``, labels and validity ``(B, M)``."""
        with torch.autocast(probs.device.type, enabled=False):
            losses, slopes = _evaluation(probs, precision)(probs, label, valid, ctx.needs_input_grad[0])
        ctx.save_for_backward(slopes, probs)
        return losses.to(probs.dtype)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        slopes, probs = ctx.saved_tensors
        return first_order_only(upstream[:, None, None] * slopes, probs), None, None, None
