"""ClassConvolution: a convolution of its own for every class."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import init


class ClassConvolution(nn.Module):
    """Weights of N 3x3 convolutions, one a class, as one parameter: ``class_specific_image`` applies them.

    ``weight`` is ``(N * out, in, 3, 3)``, as of a convolution with N groups, and ``bias`` ``(N, out)``. Initialisation
    and spectral norm treat each class's kernels as a layer of its own, as they would N ``Conv2d``.

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

    def extra_repr(self) -> str:
        """What print shows."""
        num_classes, out_channels, in_channels = self.kernels.shape[:3]
        return f'{num_classes} classes, {in_channels}, {out_channels}'
