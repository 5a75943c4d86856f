"""Activation checkpointing: less memory, and a slower backward pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint


class CheckpointedSequential(nn.Sequential):
    """``nn.Sequential`` that keeps each layer's input alone, and runs the layer again in the backward pass.

    Results, gradients and the names of weights are those of ``nn.Sequential``. What holds for ``run_anew`` holds for
    its layers.
    """

    def forward(self, x: Tensor) -> Tensor:
        """``nn.Sequential``'s own forward."""
        for layer in self:
            x = run_anew(layer, x)
        return x


def sequence(*layers: nn.Module, checkpoint_activations: bool) -> nn.Sequential:
    """``nn.Sequential`` of the layers, with or without activation checkpointing."""
    return (CheckpointedSequential if checkpoint_activations else nn.Sequential)(*layers)


def run_anew(layer: nn.Module, *inputs: Any) -> Tensor:
    """``layer(*inputs)``, of which the inputs alone are kept: the backward pass runs the layer again.

    Running statistics of batch norm are updated by the first run alone. The layer must not draw random numbers, as the
    second run would draw others. Spectral norm would iterate again, except within ``one_turn``, as in training.

    Args:
        layer: the layer.
        inputs: tensors and tuples of tensors.
    """
    if not torch.is_grad_enabled():
        return layer(*inputs)
    return checkpoint(layer, *inputs, use_reentrant=False, preserve_rng_state=False,
                      context_fn=partial(_contexts, layer))


def _contexts(layer: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    """Those of the first run, and of the second."""
    return nullcontext(), _statistics_set_aside(layer)


@contextmanager
def _statistics_set_aside(layer: nn.Module) -> Iterator[None]:
    """Within it, batch norms that learn their statistics update copies of them."""
    norms = [each for each in layer.modules() if isinstance(each, _BatchNorm) and each.training]
    kept = [dict(norm._buffers) for norm in norms]
    for norm in norms:
        norm._buffers |= {name: None if value is None else value.clone() for name, value in norm._buffers.items()}
    try:
        yield
    finally:
        for norm, buffers in zip(norms, kept, strict=True):
            norm._buffers |= buffers
