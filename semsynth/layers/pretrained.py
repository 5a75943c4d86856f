"""Networks that know ImageNet as frozen encoders of images: features of every size, with gradients to the image."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from semsynth.layers.backbones import build_backbone, levels_of
from semsynth.layers.efficientnet_lite import WEIGHTS, efficientnet_lite

LITE = {f'efficientnet_lite{size}': size for size in WEIGHTS}
"""EfficientNet-Lite's sizes by name."""
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, of RGB in [0, 1]: what networks of torchvision and mmseg are trained on."""


class ImageNetBackbone(nn.Module):
    """A backbone behind the normalisation that it was trained with.

    Args:
        network: normalised images to a feature map or several.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network
        for name, values in dict(mean=MEAN, std=STD).items():
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images ``(B, 3, H, W)``, or gray ``(B, 1, H, W)``, in ``[-1, 1]``, to their features, finest first."""
        return levels_of(self.network, ((images.expand(-1, 3, -1, -1) + 1) / 2 - self.mean) / self.std)


def pretrained_backbone(backbone: str | dict, weights: str | Path | None = None) -> nn.Module:
    """A trained network, in eval mode: images ``(B, 3 or 1, H, W)`` in ``[-1, 1]`` to features, finest first.

    Args:
        backbone: ``'efficientnet_lite0'`` or ``1``; the name of a classifier of torchvision, such as ``'resnet50'`` or
            ``'convnext_large'``; or the config of a backbone of mmseg, ``dict(type='ResNetV1c', depth=50)``.
        weights: path or URL. None takes those of the installed package for EfficientNet-Lite, and for a classifier
            those that torchvision publishes for it. ``'random'`` is for tests.

    Raises:
        FileNotFoundError: the weights are nowhere; the message says what to do.
        ValueError: there is no such backbone, the weights are not its own, or a backbone of mmseg has none.
    """
    if isinstance(backbone, str) and backbone in LITE:
        return efficientnet_lite(LITE[backbone], weights).eval()
    if weights is None:
        if isinstance(backbone, dict):
            raise ValueError(f"backbone: {backbone.get('type')} of mmseg has no weights; name a file or URL of them "
                             'with weights=.')
        weights = published_weights(backbone)
    network = build_backbone(backbone, in_channels=3, pretrained=None if weights == 'random' else weights)
    return ImageNetBackbone(network).eval()


def published_weights(name: str) -> str | None:
    """The address of the weights that torchvision publishes for a classifier; None where there is no such one."""
    from torchvision import models

    return models.get_model_weights(name).DEFAULT.url if name in models.list_models(module=models) else None


def levels_at(network: nn.Module, side: int = 64) -> list[tuple[int, int]]:
    """Of each of the features of a frozen network, finest first: its channels, and by how much it is smaller.

    Raises:
        ValueError: the network does not turn such images to features.
    """
    device = next(network.parameters()).device
    try:
        with torch.no_grad():
            levels = network(torch.zeros(1, 3, side, side, device=device))
        return [(level.shape[1], round(side / level.shape[2])) for level in levels]
    except Exception as error:
        raise ValueError(f'backbone: it does not turn images of {side}x{side} pixels to a list of features: {error}. '
                         'Correct its config, or use another backbone.') from error
