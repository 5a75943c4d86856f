"""ClassConvolution: a convolution of its own for every class."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn import init

from semsynth.layers.spectral import SpectralNorm, WeightedLayer


class ClassConvolution(WeightedLayer):
    """The weights of N convolutions, one for each class; ``class_specific_image`` applies them.

    ``weight`` is ``(N * out, in, k, k)``, as that of a convolution with N groups, and ``bias`` is ``(N, out)``.
    Initialisation and spectral norm treat each class's kernels as a layer of its own, as they would N ``Conv2d``.

    Args:
        num_classes: classes N.
        in_channels: channels of the input.
        out_channels: channels of the output.
        kernel_size: height and width k of the kernels, odd.
    """

    def __init__(self, num_classes: int, in_channels: int, out_channels: int, kernel_size: int = 3):
        super().__init__()
        self.num_classes = num_classes
        # channels last in memory, the order in which pixels have their neighbours: used and learned without a copy
        weight = torch.empty(num_classes * out_channels, kernel_size, kernel_size, in_channels).movedim(-1, 1)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.empty(num_classes, out_channels))
        bound = (kernel_size**2 * in_channels) ** -0.5  # as nn.Conv2d draws them
        init.uniform_(self.weight, -bound, bound)
        init.uniform_(self.bias, -bound, bound)

    @property
    def kernels(self) -> Tensor:
        """The weights of each class, ``(N, out, in, k, k)``."""
        return self.weight.unflatten(0, (self.num_classes, -1))

    def spectral_norm(self) -> SpectralNorm:
        """Spectral norm of each class's kernels."""
        return _ClassSpectralNorm(self)

    def extra_repr(self) -> str:
        """Classes, channels in and out, and the kernels' size."""
        num_classes, out_channels, in_channels, size = self.kernels.shape[:4]
        return f'{num_classes} classes, {in_channels}, {out_channels}, kernel_size={size}'


class _ClassSpectralNorm(SpectralNorm):
    """That of N convolutions, each with a matrix of its own."""

    u: Tensor
    v: Tensor

    def __init__(self, layer: ClassConvolution):
        super().__init__()
        self.num_classes = layer.num_classes
        matrices = self.matrices(layer.weight.detach()).flatten(2)
        self.register_buffer('u', F.normalize(torch.randn_like(matrices[:, :, 0]), dim=1))
        self.register_buffer('v', F.normalize(torch.randn_like(matrices[:, 0]), dim=1))

    @property
    def vectors(self) -> tuple[Tensor, Tensor]:
        return self.u, self.v

    def matrices(self, weight: Tensor) -> Tensor:
        return weight.unflatten(0, (self.num_classes, -1)).movedim(2, -1)

    def restored(self, matrices: Tensor) -> Tensor:
        return matrices.movedim(-1, 2).flatten(0, 1)
