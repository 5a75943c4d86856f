"""The similarity loss over all pairs."""

from __future__ import annotations

import torch
from torch import Tensor

from semsynth.ops.first_order import first_order_only
from semsynth.ops.similarity.choice import check_precision, evaluation


def similarity_loss(probs: Tensor, label: Tensor, ignore_index: int | None = None,
                    precision: str = 'float32') -> Tensor:
    """Cross-entropy between pairwise similarities of predicted and true labels (ECGAN, eq. 3).

    With ``q_ij = p_i . p_j`` the similarity of two pixels of one image, and M its valid pixels, an image's loss is
    ``-1/M^2 sum_ij [c_i = c_j] log q_ij + [c_i != c_j] log(1 - q_ij)``, each pixel's pair with itself included.
    It is exact over all M^2 pairs. Its memory is O(M) and one tile of pairs, because the gradient is computed in the
    same pass. As in ``F.binary_cross_entropy``, logs are clamped at -100 and the gradient of ``-log x`` is
    ``-1 / max(x, 1e-12)``: bounded, and not zero where the log is clamped. 1 - q is computed as p_i . (1 - p_j), which
    is the same for probabilities and correct where float32 cannot tell q from 1. The gradient is that of 1 - q. Where
    its rounding would dominate (pairs of two classes that are predicted, almost surely, as one), the part that is
    equal in all classes of a pixel is left out of it; a softmax's gradient does not depend on that part.

    Args:
        probs: class probabilities, ``(B, N, H, W)``, summing to 1 over N.
        label: class of each pixel, ``(B, H, W)``, any integers.
        ignore_index: label of the pixels that are left out, or None.
        precision: of products on a GPU; elsewhere they are as the probabilities. 'auto' takes fused kernels in TF32,
            with its 10 bits of mantissa, where they fit: NVIDIA GPUs from A100 and RTX 3090 on, with Triton, for up to
            254 classes. They stay within 1e-3 of the loss (3e-3 where that is below 0.03) and 1e-2 of its gradient's
            norm. 'float32' takes plain tiles, which also serve where the kernels do not fit. 'tf32' is an older name of
            'auto'. The log says once which was taken.

    Returns:
        A scalar, float32 (float64 for float64 probabilities): the mean over the images, where one without any valid
        pixel counts 0.

    Raises:
        ValueError: the shapes do not belong together, or there is no such precision.

    Examples:
        >>> import torch
        >>> from semsynth.losses import similarity_loss
        >>> label = torch.tensor([[[0, 0], [1, 1]]])
        >>> similarity_loss(torch.eye(2)[label].movedim(-1, 1), label).item()  # probabilities as certain as the labels
        0.0
        >>> round(similarity_loss(torch.full((1, 2, 2, 2), 0.5), label).item(), 4)  # undecided: log 2
        0.6931
    """
    return similarity_losses(probs, label, ignore_index, precision).mean()


def similarity_losses(probs: Tensor, label: Tensor, ignore_index: int | None = None,
                      precision: str = 'float32') -> Tensor:
    """The loss of each image, ``(B,)``, whose mean ``similarity_loss`` is; arguments are its."""
    return losses_of_images(*flatten_pixels('similarity_loss', probs, label, ignore_index), precision)


def flatten_pixels(name: str, probs: Tensor, label: Tensor, ignore_index: int | None) -> tuple[Tensor, Tensor, Tensor]:
    """Check the shapes, and flatten the pixels of each image: what ``losses_of_images`` reads.

    Args:
        name: of the caller, for the error.
        probs: ``(B, N, H, W)``.
        label: ``(B, H, W)``.
        ignore_index: label of the pixels that are left out, or None.

    Returns:
        Probabilities ``(B, N, M)`` in float32 or wider, labels ``(B, M)``, and which pixels are valid, ``(B, M)``.
    """
    if probs.ndim != 4 or label.shape != (len(probs), *probs.shape[2:]):
        raise ValueError(f'{name}: probs {tuple(probs.shape)} and label {tuple(label.shape)} do not belong together; '
                         'expected (B, N, H, W) and (B, H, W).')
    wide, label = probs if probs.dtype == torch.float64 else probs.float(), label.flatten(1)
    valid = torch.ones_like(label, dtype=torch.bool) if ignore_index is None else label != ignore_index
    return wide.flatten(2), label, valid


def losses_of_images(probs: Tensor, label: Tensor, valid: Tensor, precision: str) -> Tensor:
    """The loss of each image, ``(B,)``, from what ``flatten_pixels`` returns."""
    check_precision('Similarity loss', precision)
    return _PairwiseCrossEntropy.apply(probs, label, valid, precision)


class _PairwiseCrossEntropy(torch.autograd.Function):
    """The cross-entropy of each image over its pairs.

    The gradient of a loss is linear in the upstream gradient, so it can be computed in the forward pass.
    """

    @staticmethod
    def forward(ctx, probs: Tensor, label: Tensor, valid: Tensor, precision: str) -> Tensor:
        """Pixels ``(B, N, M)``, labels and validity ``(B, M)``."""
        with torch.autocast(probs.device.type, enabled=False):
            losses, slopes = evaluation(probs, precision)(probs, label, valid, ctx.needs_input_grad[0])
        ctx.save_for_backward(slopes, probs)
        return losses.to(probs.dtype)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None, None]:
        slopes, probs = ctx.saved_tensors
        return first_order_only(upstream[:, None, None] * slopes, probs), None, None, None
