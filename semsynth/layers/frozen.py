"""Frozen: a holder for networks that are used, but neither trained nor saved."""

from __future__ import annotations

from typing import Any

from torch import nn


class Frozen(nn.Module):
    """Holds a pretrained network in eval mode, outside its owner's parameters and checkpoints.

    The network follows ``.to()``; gradients flow through it to its input, never into its weights.

    Args:
        network: the module to hold.
    """

    def __init__(self, network: nn.Module):
        super().__init__()
        self._held = (network.requires_grad_(False).eval(),)

    @property
    def network(self) -> Any:
        """The held module; of which class, its owner knows."""
        return self._held[0]

    def forward(self, *args, **kwargs):
        """The held module's own forward."""
        return self.network(*args, **kwargs)

    def _apply(self, fn, recurse: bool = True):
        self.network._apply(fn, recurse)
        return super()._apply(fn, recurse)
