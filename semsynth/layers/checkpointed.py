"""Less memory for more time in the backward pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class CheckpointedSequential(nn.Sequential):
    """``nn.Sequential`` that keeps only each layer's input for the backward pass, and computes the rest anew there.

    Results, gradients and the names of weights are those of ``nn.Sequential``. Its layers must not draw random numbers
    (they would be others the second time), nor keep running statistics (they would be updated twice).
    """

    def forward(self, x: Tensor) -> Tensor:
        """``nn.Sequential``'s own forward."""
        if not torch.is_grad_enabled():
            return super().forward(x)
        for layer in self:
            x = checkpoint(layer, x, use_reentrant=False, preserve_rng_state=False)
        return x


def sequence(*layers: nn.Module, checkpoint_activations: bool) -> nn.Sequential:
    """The layers one after another, their activations kept or computed anew."""
    return (CheckpointedSequential if checkpoint_activations else nn.Sequential)(*layers)
