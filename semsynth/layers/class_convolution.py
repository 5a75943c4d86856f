"""ClassConvolution: a convolution of its own for every class."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn import init

from semsynth.layers.norm import WeightedLayer


class ClassConvolution(WeightedLayer):
    """The weights of N 3x3 convolutions, one for each class; ``class_specific_image`` applies them.

    ``weight`` is ``(N * out, in, 3, 3)``, as that of a convolution with N groups, and ``bias`` is ``(N, out)``.
    Initialisation and spectral norm treat each class's kernels as a layer of its own, as they would N ``Conv2d``.

    Args:
        num_classes: classes N.
        in_channels: channels of the input.
        out_channels: channels of the output.
    """

    def __init__(self, num_classes: int, in_channels: int, out_channels: int):
        super().__init__()
        self.num_classes = num_classes
        # channels last in memory, the order in which pixels have their neighbours: used and learned without a copy
        weight = torch.empty(num_classes * out_channels, 3, 3, in_channels).movedim(-1, 1)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.empty(num_classes, out_channels))
        bound = (9 * in_channels) ** -0.5  # as nn.Conv2d draws them
        init.uniform_(self.weight, -bound, bound)
        init.uniform_(self.bias, -bound, bound)

    @property
    def kernels(self) -> Tensor:
        """The weights of each class, ``(N, out, in, 3, 3)``."""
        return self.weight.unflatten(0, (self.num_classes, -1))

    def spectral_norm(self) -> nn.Module:
        """Spectral norm of each class's kernels."""
        return _ClassSpectralNorm(self)

    def extra_repr(self) -> str:
        """Classes, and channels in and out."""
        num_classes, out_channels, in_channels = self.kernels.shape[:3]
        return f'{num_classes} classes, {in_channels}, {out_channels}'


class _ClassSpectralNorm(nn.Module):
    """Spectral norm of N convolutions at once, each by its own estimate of its largest singular value."""

    u: Tensor
    v: Tensor

    def __init__(self, layer: ClassConvolution):
        super().__init__()
        self.num_classes = layer.num_classes
        matrices = self._matrices(layer.weight.detach())
        self.register_buffer('u', F.normalize(torch.randn_like(matrices[:, :, 0]), dim=1))
        self.register_buffer('v', F.normalize(torch.randn_like(matrices[:, 0]), dim=1))

    def forward(self, weight: Tensor) -> Tensor:
        with torch.autocast(weight.device.type, enabled=False):
            matrices = self._matrices(weight)
            if self.training:
                self._iterate(matrices.detach())
            u, v = self.u.clone(), self.v.clone()
            sigma = (u * (matrices @ v.unsqueeze(2)).squeeze(2)).sum(1)
        return weight / sigma.repeat_interleave(len(weight) // self.num_classes).view(-1, 1, 1, 1)

    def right_inverse(self, value: Tensor) -> Tensor:
        return value

    def _matrices(self, weight: Tensor) -> Tensor:
        return weight.unflatten(0, (self.num_classes, -1)).movedim(2, -1).flatten(2)

    def _iterate(self, matrices: Tensor) -> None:
        self.v.copy_(F.normalize((matrices.mT @ self.u.unsqueeze(2)).squeeze(2), dim=1))
        self.u.copy_(F.normalize((matrices @ self.v.unsqueeze(2)).squeeze(2), dim=1))
