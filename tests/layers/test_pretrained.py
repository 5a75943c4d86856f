import pytest
import torch
from torch import nn

from helpers.facts import facts
from semsynth.layers.pretrained import ImageNetBackbone, levels_at, pretrained_backbone, published_weights


def test_images_are_normalised_as_imagenet():
    network = ImageNetBackbone(nn.Identity())
    [features] = network(torch.tensor([-1.0, 0.0, 1.0]).view(1, 3, 1, 1))
    assert features.flatten().tolist() == pytest.approx([-0.485 / 0.229, (0.5 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    [gray] = network(torch.zeros(1, 1, 1, 1))
    assert gray.shape == (1, 3, 1, 1) and not network.state_dict()


@pytest.mark.parametrize(('backbone', 'levels'), [
    ('efficientnet_lite0', [(24, 4), (40, 8), (112, 16), (320, 32)]),
    ('alexnet', [(64, 4), (192, 9), (256, 21), (256, 64)]),
    (dict(type='ResNetV1c', depth=18, base_channels=4, stem_channels=4), [(4, 4), (8, 8), (16, 16), (32, 32)])])
def test_channels_and_factors_of_the_levels(backbone, levels):
    network = pretrained_backbone(backbone, 'random')
    assert levels_at(network) == levels and not any(module.training for module in network.modules())


def test_the_weights_that_torchvision_publishes():
    assert published_weights('resnet50').startswith('https://download.pytorch.org/models/resnet50-')
    assert published_weights('resnet5') is None


def test_what_makes_no_features():
    with pytest.raises(ValueError, match=facts('backbone', '64x64', 'use another')):
        levels_at(nn.Linear(2, 2))
