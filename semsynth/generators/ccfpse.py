"""CCFPSEGenerator: convolutions whose kernels are predicted from the layout (Liu et al. 2019)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.generators.growing import GrowingGenerator
from semsynth.layers.init import init_xavier
from semsynth.layers.norm import BatchNorm, InstanceNorm
from semsynth.layers.residual import upsample
from semsynth.layers.spade import SpatiallyAdaptiveNorm
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.ops import conditional_convolution
from semsynth.registry import GENERATORS

NORMS = dict(batch=BatchNorm, instance=InstanceNorm)


class LabelPyramid(nn.Module):
    """The weight prediction network's encoder and decoder (CC-FPSE, 3.1): the layout's features at every size.

    Each layer is a convolution, norm and leaky ReLU 0.2. On the way down the first is 3x3 and each other one 3x3 with
    stride 2; on the way up the coarser features are upsampled, a 1x1 layer of those on the way down is added, and a
    3x3 layer follows.

    Args:
        in_channels: channels of the condition.
        channels: width F of all features.
        num_levels: number of sizes, the condition's own and its halvings.
        norm: ``'batch'`` or ``'instance'``.
    """

    def __init__(self, in_channels: int, channels: int, num_levels: int, norm: str):
        super().__init__()

        def layer(before: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
            convolution = nn.Conv2d(before, channels, kernel_size, stride, kernel_size // 2, bias=False)
            return nn.Sequential(convolution, NORMS[norm](channels), nn.LeakyReLU(0.2))

        self.encoder = nn.ModuleList([layer(in_channels, 3)])
        self.encoder.extend(layer(channels, 3, stride=2) for _ in range(num_levels - 1))
        # Both counted from the finest; the coarsest level has neither.
        self.lateral = nn.ModuleList(layer(channels, 1) for _ in range(num_levels - 1))
        self.decoder = nn.ModuleList(layer(channels, 3) for _ in range(num_levels - 1))

    def forward(self, condition: Tensor) -> list[Tensor]:
        """``(B, in_channels, H, W)`` to ``(B, F, H / 2**k, W / 2**k)``, finest first."""
        levels = []
        for encode in self.encoder:
            condition = encode(condition)
            levels.append(condition)
        pyramid = [levels.pop()]
        for level, lateral, decode in reversed(list(zip(levels, self.lateral, self.decoder, strict=True))):
            coarser = upsample(pyramid[-1])
            pyramid.append(decode(coarser + lateral(level)))
        return pyramid[::-1]


class ConditionalConvolution(nn.Module):
    """Norm, depthwise 3x3 convolution by predicted kernels, 1x1 convolution, predicted gate, leaky ReLU 0.2
    (CC-FPSE, 3.1).

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        condition_channels: channels of what kernels and gates are predicted from.
        hidden_channels: width of the predictors.
        norm: ``'batch'`` or ``'instance'``.
    """

    def __init__(self, in_channels: int, out_channels: int, condition_channels: int, hidden_channels: int, norm: str):
        super().__init__()

        def predictor(channels: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(condition_channels, hidden_channels, 3, padding=1), nn.ReLU(inplace=True),
                                 nn.Conv2d(hidden_channels, channels, 3, padding=1))

        self.norm = NORMS[norm](in_channels)
        self.kernels = predictor(9 * in_channels)
        self.pointwise = nn.Conv2d(in_channels, out_channels, 1)
        self.gate = predictor(out_channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` and a condition of the same size to ``(B, out_channels, H, W)``."""
        x = conditional_convolution(self.norm(x), self.kernels(condition))
        return F.leaky_relu(self.pointwise(x) * torch.sigmoid(self.gate(condition)), 0.2)


class ConditionalBlock(nn.Module):
    """Residual block of two conditional convolutions; where the width changes, the shortcut is SPADE's norm and 1x1
    convolution, the only one with spectral norm.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        condition: arguments of its parts: ``condition_channels``, ``hidden_channels`` and ``norm``.
    """

    def __init__(self, in_channels: int, out_channels: int, **condition):
        super().__init__()
        middle = min(in_channels, out_channels)
        self.first = ConditionalConvolution(in_channels, middle, **condition)
        self.second = ConditionalConvolution(middle, out_channels, **condition)
        self.widens = in_channels != out_channels
        if self.widens:
            self.norm_s = SpatiallyAdaptiveNorm(in_channels, **condition)
            self.conv_s = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """``(B, in_channels, H, W)`` and a condition of the same size to ``(B, out_channels, H, W)``."""
        shortcut = self.conv_s(self.norm_s(x, condition)) if self.widens else x
        return shortcut + self.second(self.first(x, condition), condition)


@GENERATORS.register_module()
class CCFPSEGenerator(GrowingGenerator):
    """CC-FPSE's generator (Liu et al. 2019, 3.1): upsampling blocks of convolutions whose kernels the layout predicts.

    Every pixel of every channel has a kernel of its own. Kernels, and sigmoid gates on the convolutions' outputs, are
    predicted from the layout at the block's size and from a feature pyramid of the layout. The features are those
    before the last activation, with which heads begin.

    Args:
        in_channels: channels of the condition that it reads.
        base_channels: width of the last block, also ``feature_channels`` (half of it with ``'most'``).
        norm: ``'batch'`` (synchronised across ranks when the engine converts it) or ``'instance'``.
        num_upsamples: ``'normal'``, ``'more'`` or ``'most'``: the size grows by 2**5, 2**6 or 2**7.
        hidden_channels: width inside the predictors of kernels and gates, and inside the SPADE norms.
        pyramid_channels: width of the feature pyramid of the layout.
        latent_dim: length Z of the latent that the small map is made from; None makes it from the condition.
        image_size: height and width of the layouts; needed with a latent, whose map has a fixed size.
        head: config of the head; by default SPADE's own, leaky ReLU, 3x3 convolution and tanh.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).
        checkpoint_activations: as of ``SPADEGenerator``.

    Raises:
        ValueError: unknown ``norm`` or ``num_upsamples``; ``image_size`` absent, no multiple of the ``size_divisor``,
            or, in forward, not the layout's.
    """

    def __init__(self, in_channels: int, base_channels: int = 64, norm: str = 'batch', num_upsamples: str = 'normal',
                 hidden_channels: int = 128, pyramid_channels: int = 64, latent_dim: int | None = None,
                 image_size: tuple[int, int] | None = None, head: dict | None = None, init_gain: float = 0.02,
                 checkpoint_activations: bool = False):
        check_option(type(self).__name__, 'norm', norm, NORMS)
        super().__init__(in_channels, base_channels, num_upsamples, latent_dim, image_size, head,
                         checkpoint_activations=checkpoint_activations)
        num_levels = 1 + sum(self.grows)
        self.pyramid = LabelPyramid(in_channels, pyramid_channels, num_levels, norm)
        condition = dict(condition_channels=in_channels + pyramid_channels, hidden_channels=hidden_channels, norm=norm)
        blocks = [ConditionalBlock(before, after, **condition) for before, after in pairwise(self.widths)]
        self.blocks = nn.ModuleList(blocks)
        init_xavier(self, init_gain)
        spectral_norm(self.pyramid)
        for block in blocks:
            if block.widens:
                spectral_norm(block.conv_s)

    def conditions(self, layout: Layout) -> Callable[[tuple[int, int]], Tensor]:
        """The condition beside the pyramid's features, by size."""
        layout = layout.narrowed()
        pyramid = {tuple(features.shape[-2:]): features for features in self.pyramid(layout.condition)}
        return lambda size: torch.cat([layout.resize(size), pyramid[size]], dim=1)
