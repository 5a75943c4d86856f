"""KL divergence of a latent's posterior from the N(0, I) that latents are drawn from afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor

from semsynth.losses.base import Loss, full_precision
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step


@full_precision
def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, I)): the sum over the dimensions, the mean over the images.

    Args:
        mean: ``(B, Z)``.
        log_variance: ``(B, Z)``.

    Returns:
        A scalar.

    Examples:
        >>> import torch
        >>> from semsynth.losses import kl_divergence
        >>> kl_divergence(torch.tensor([[1.0, 0.0]]), torch.zeros(1, 2)).item()
        0.5
    """
    return 0.5 * (mean.square() + torch.expm1(log_variance) - log_variance).sum(1).mean()


@LOSSES.register_module()
class KLLoss(Loss):
    """The encoder's posteriors are to be near N(0, I) (SPADE; ECGAN, appendix C).

    Args:
        weight: factor of the term (both papers: 0.05; SPADE's code sums over the images of a batch).
    """

    reads = frozenset({'posterior'})

    def __init__(self, weight: float = 0.05):
        super().__init__(weight)

    def for_generator(self, step: Step) -> Tensor:
        """The divergence of the posterior that the step's latent was drawn from."""
        mean, log_variance = cast(tuple[Tensor, Tensor], step.layout.posterior)
        return kl_divergence(mean, log_variance)
