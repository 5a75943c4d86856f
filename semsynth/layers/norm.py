"""Normalisation of activations and of weights."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize

from semsynth.layers.class_convolution import ClassConvolution

WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, ClassConvolution)
"""The layers that have a weight to initialise and to normalise."""


class InstanceNorm(nn.InstanceNorm2d):
    """Instance norm without parameters, its arithmetic in float32 at least.

    In bfloat16 the statistics themselves are rounded: where a channel's mean is 30 times its spread, results are off
    by 0.07.

    Args:
        num_features: channels C of the input, ``(B, C, H, W)``.

    Raises:
        ValueError: in forward, the input has one pixel only, which has no spread.
    """

    def __init__(self, num_features: int):
        super().__init__(num_features)

    def forward(self, x: Tensor) -> Tensor:
        """Each channel of each image to mean 0 and variance 1, in the input's own precision."""
        height, width = x.shape[-2:]
        if height * width == 1:
            raise ValueError(f'InstanceNorm: a map of {self.num_features} channels has shrunk to {height}x{width}, and '
                             'one pixel has no variance; use larger layouts or fewer downsamplings.')
        return super().forward(x.to(torch.promote_types(x.dtype, torch.float32))).to(x.dtype)


def spectral_norm(module: nn.Module) -> nn.Module:
    """Spectral normalisation of every convolution and linear layer in a module that has none yet (Miyato et al. 2018).

    Call it after the weights are initialised: the estimate of the largest singular value starts from them. Where every
    class has its own convolution, every class has its own estimate.
    """
    for layer in list(module.modules()):
        if not isinstance(layer, WEIGHTED) or parametrize.is_parametrized(layer, 'weight'):
            continue
        if isinstance(layer, ClassConvolution):
            parametrize.register_parametrization(layer, 'weight', _ClassSpectralNorm(layer))
        else:
            of_outputs = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
            parametrize.register_parametrization(layer, 'weight', _SpectralNorm(layer.weight, dim=of_outputs))
    return module


class _SpectralNorm(parametrizations._SpectralNorm):
    """That of ``torch.nn.utils.parametrizations.spectral_norm``, in float32 under a GPU's autocast, too."""

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast('cuda', enabled=False):  # a CPU's leaves products of matrix and vector alone
            return super().forward(weight)


class _ClassSpectralNorm(nn.Module):
    """``_SpectralNorm`` of N convolutions at once."""

    def __init__(self, layer: ClassConvolution):
        super().__init__()
        self.num_classes = layer.num_classes
        matrices = self._matrices(layer.weight.detach())
        self.register_buffer('u', F.normalize(torch.randn_like(matrices[:, :, 0]), dim=1))
        self.register_buffer('v', F.normalize(torch.randn_like(matrices[:, 0]), dim=1))
        self._iterate(matrices, times=15)

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            matrices = self._matrices(weight)
            if self.training:
                self._iterate(matrices.detach(), times=1)
            u, v = self.u.clone(), self.v.clone()  # a second forward before the first's backward changes the buffers
            sigma = (u * (matrices @ v.unsqueeze(2)).squeeze(2)).sum(1)
        return weight / sigma.repeat_interleave(len(weight) // self.num_classes).view(-1, 1, 1, 1)

    def _matrices(self, weight: Tensor) -> Tensor:
        return weight.unflatten(0, (self.num_classes, -1)).movedim(2, -1).flatten(2)

    def _iterate(self, matrices: Tensor, times: int) -> None:
        for _ in range(times):
            self.u.copy_(F.normalize((matrices @ self.v.unsqueeze(2)).squeeze(2), dim=1))
            self.v.copy_(F.normalize((matrices.mT @ self.u.unsqueeze(2)).squeeze(2), dim=1))
