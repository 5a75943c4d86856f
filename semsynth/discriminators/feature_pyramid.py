"""FeaturePyramidDiscriminator: patches judged at three sizes of one feature pyramid (Liu et al. 2019)."""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.discriminators.base import Discriminator, Verdict
from semsynth.layers.init import init_xavier
from semsynth.layers.norm import InstanceNorm
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS


def _layer(in_channels: int, out_channels: int, kernel_size: int, stride: int = 1) -> nn.Sequential:
    convolution = nn.Conv2d(in_channels, out_channels, kernel_size, stride, kernel_size // 2, bias=False)
    return nn.Sequential(convolution, InstanceNorm(out_channels), nn.LeakyReLU(0.2))


@DISCRIMINATORS.register_module()
class FeaturePyramidDiscriminator(Discriminator):
    """CC-FPSE's feature pyramid semantics-embedding discriminator (Liu et al. 2019, 3.2).

    Only the image goes through the network: down to stride 32, and from there, with lateral layers, up to strides 16, 8
    and 4. At each of the three, every patch gets a score: how real it is, plus how well it fits the layout, which is
    the inner product of the patch's features and an embedding of the layout, averaged over the patch. The three share
    their heads. Layers have spectral norm, instance norm and leaky ReLU 0.2; the 1x1 convolutions of the heads are
    plain. It judges any image, also an edge map.

    Args:
        in_channels: channels of ``layout.unstyled`` and the image together.
        base_channels: width of the first layer; the deepest has 8 times as many.
        image_channels: channels of the image.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).
    """

    filled_in = ('in_channels', 'image_channels')
    returns_features = True

    def __init__(self, in_channels: int, base_channels: int = 64, image_channels: int = 3,
                 init_gain: float = 0.02):
        super().__init__()
        widths = [base_channels * factor for factor in (1, 2, 4, 8, 8)]
        wide, narrow = 4 * base_channels, 2 * base_channels
        self.first = _layer(image_channels, widths[0], 3, stride=2)
        # The lists count from the finest, stride 4.
        self.encoder = nn.ModuleList(_layer(before, after, 3, stride=2) for before, after in pairwise(widths))
        self.lateral = nn.ModuleList(_layer(width, wide, 1) for width in widths[1:])
        self.final = nn.ModuleList(_layer(wide, narrow, 3) for _ in self.lateral[:-1])
        spectral = [self.first, self.encoder, self.lateral, self.final]
        self.realness = nn.Conv2d(narrow, 1, 1)
        self.semantics = nn.Conv2d(narrow, narrow, 1)
        self.embedding = nn.Conv2d(in_channels - image_channels, narrow, 1)
        init_xavier(self, init_gain)
        for layers in spectral:
            spectral_norm(layers)

    def judge(self, layout: Layout, image: Tensor) -> Verdict:
        """The verdict on images ``(B, image_channels, H, W)`` in ``[-1, 1]`` of a layout (its style is not read).

        Returns:
            ``[[f4, s4], [f8, s8], [f16, f32, s16]]``: features on the way down at strides 4 to 32, and the scores
            ``(B, 1, H / stride, W / stride)`` at strides 4, 8 and 16; sizes are rounded up.
        """
        x, features = self.first(image), []
        for encode in self.encoder:
            x = encode(x)
            features.append(x)
        *pyramid, x = [lateral(feature) for lateral, feature in zip(self.lateral, features, strict=True)]
        patches = []
        for level, smooth in reversed(list(zip(pyramid, self.final, strict=True))):
            x = level + F.interpolate(x, level.shape[-2:], mode='bilinear', align_corners=False)
            patches.append(smooth(x))
        verdict = [[features[0]], [features[1]], features[2:]]
        # Averaged first and embedded then, which is the same, in a sixteenth of the time.
        layout = F.avg_pool2d(layout.unstyled, 4, ceil_mode=True)
        for scale, patch in zip(verdict, reversed(patches), strict=True):
            fit = (self.embedding(layout) * self.semantics(patch)).sum(1, keepdim=True)
            scale.append(self.realness(patch) + fit)
            layout = F.avg_pool2d(layout, 2, ceil_mode=True)
        return verdict
