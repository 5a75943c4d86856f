"""Weights that are computed anew in every forward pass, made plain."""

from __future__ import annotations

from torch import nn
from torch.nn.utils import parametrize


def bake(module: nn.Module) -> nn.Module:
    """Every parametrized weight, such as one under spectral norm, becomes a plain parameter with its present value.

    In eval mode results stay the same. In place, and on no copy of another module: torch's copies share the class that
    this changes. The module cannot load checkpoints of training afterwards.
    """
    for layer in list(module.modules()):
        for name in list(getattr(layer, 'parametrizations', ())):
            parametrize.remove_parametrizations(layer, name)
    return module
