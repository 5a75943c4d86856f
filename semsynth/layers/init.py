"""Initialisation of weights, as the papers' codes do it."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import init

from semsynth.layers.spectral import WEIGHTED, WeightedLayer


def init_normal(module: nn.Module) -> None:
    """pix2pixHD: weights from N(0, 0.02), batch norm's from N(1, 0.02), biases as torch draws them."""
    for layer in module.modules():
        if isinstance(layer, WEIGHTED):
            init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm2d) and layer.affine:
            init.normal_(layer.weight, 1.0, 0.02)


def init_xavier(module: nn.Module, gain: float = 0.02) -> None:
    """SPADE, OASIS, ECGAN: Xavier normal weights, biases 0.

    Spectral norm divides the gain out of what a layer computes, not out of how it learns: a step of Adam is as large as
    the learning rate. At the released codes' gain, 0.02, and a learning rate of 1e-3 that is as large as the weights,
    which then jump about for hundreds of steps. At a gain of 1 it is a few hundredths of them.
    """
    for layer in module.modules():
        if isinstance(layer, WEIGHTED):
            for kernels in _kernels(layer):
                init.xavier_normal_(kernels, gain)
            if layer.bias is not None:
                init.zeros_(layer.bias)


def init_xavier_uniform(module: nn.Module) -> None:
    """CRN (TensorFlow's way): Xavier uniform weights, biases 0."""
    for layer in module.modules():
        if isinstance(layer, WEIGHTED):
            for kernels in _kernels(layer):
                init.xavier_uniform_(kernels)
            if layer.bias is not None:
                init.zeros_(layer.bias)


def _kernels(layer: nn.Module) -> tuple[Tensor, ...]:
    """The weights of each convolution of a layer: Xavier's variance is that of one convolution."""
    return layer.kernels.detach().unbind() if isinstance(layer, WeightedLayer) else (cast(Tensor, layer.weight),)
