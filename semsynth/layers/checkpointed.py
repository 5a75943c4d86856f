"""Activation checkpointing: less memory, and a slower backward pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


class CheckpointedSequential(nn.Sequential):
    """``nn.Sequential`` that keeps each layer's input alone, and runs the layer again in the backward pass.

    Results, gradients and the names of weights are those of ``nn.Sequential``. Its layers must not draw random numbers
    (the second run would draw others), nor keep running statistics (they would be updated twice).
    """

    def forward(self, x: Tensor) -> Tensor:
        """``nn.Sequential``'s own forward."""
        if not torch.is_grad_enabled():
            return super().forward(x)
        for layer in self:
            x = checkpoint(layer, x, use_reentrant=False, preserve_rng_state=False)
        return x


def sequence(*layers: nn.Module, checkpoint_activations: bool) -> nn.Sequential:
    """``nn.Sequential`` of the layers, with or without activation checkpointing."""
    return (CheckpointedSequential if checkpoint_activations else nn.Sequential)(*layers)
