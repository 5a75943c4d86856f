import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from semsynth.generators import CRNGenerator
from semsynth.generators.crn import refinement_module
from semsynth.layout import Layout


def layer_norm(x, layer):
    """Over channels and pixels of each image; scale and shift per channel."""
    x = x.detach().double().numpy()
    x = np.stack([(image - image.mean()) / np.sqrt(image.var() + 1e-5) for image in x])
    scale, shift = (value.detach().double().numpy()[:, None, None] for value in (layer.weight, layer.bias))
    return torch.from_numpy(x * scale + shift).float()


def refine(x, module):
    first, first_norm, _, second, second_norm = module
    hidden = F.leaky_relu(layer_norm(F.conv2d(x, first.weight, padding=1), first_norm), 0.2)
    return layer_norm(F.conv2d(hidden, second.weight, padding=1), second_norm)


def upsample(x):
    """Bilinear, corners on corners: by two small matrices."""

    def matrix(size):
        places = torch.linspace(0, size - 1, 2 * size)
        return (1 - (places[:, None] - torch.arange(size)).abs()).clamp(min=0)

    return torch.einsum('yh,bchw,xw->bcyx', matrix(x.shape[-2]), x, matrix(x.shape[-1]))


def test_module_equals_the_paper():
    module = refinement_module(3, 5)
    for layer in (module[1], module[4]):
        nn.init.normal_(layer.weight)
        nn.init.normal_(layer.bias)
    x = torch.randn(2, 3, 5, 7) * 4 + 1
    assert torch.allclose(module(x), refine(x, module), atol=1e-5)


def test_cascade_equals_the_paper():
    generator = CRNGenerator(in_channels=3, widths=(6, 5, 4))
    x = torch.randn(2, 3, 12, 20)
    half = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
    quarter = (half[..., ::2, ::2] + half[..., 1::2, ::2] + half[..., ::2, 1::2] + half[..., 1::2, 1::2]) / 4
    features = refine(quarter, generator.cascade[0])
    features = refine(torch.cat([upsample(F.leaky_relu(features, 0.2)), half], 1), generator.cascade[1])
    features = refine(torch.cat([upsample(F.leaky_relu(features, 0.2)), x], 1), generator.cascade[2])
    assert torch.allclose(generator.features(Layout(raw=x)), features, atol=1e-4)
    last = generator.head.convolution
    image = F.conv2d(F.leaky_relu(features, 0.2), last.weight, last.bias)
    assert torch.allclose(generator(Layout(raw=x))['image'], image, atol=1e-4)


def test_sizes_follow_the_layout():
    generator = CRNGenerator(in_channels=3, widths=(4, 4, 4, 2))
    assert (generator.size_divisor, generator.smallest_size, generator.feature_channels) == (8, 8, 2)
    sizes = []
    for module in generator.cascade:
        module.register_forward_hook(lambda _, inputs, output: sizes.append(tuple(output.shape[-2:])))
    generator(Layout(raw=torch.randn(1, 3, 24, 8)))
    assert sizes == [(3, 1), (6, 2), (12, 4), (24, 8)]


def test_initial_weights_are_xavier_uniform_without_biases():
    generator = CRNGenerator(in_channels=4, widths=(64, 32))
    convolutions = [layer for layer in generator.cascade.modules() if isinstance(layer, nn.Conv2d)]
    last = generator.head.convolution
    for layer in (*convolutions, last):
        inputs, outputs = (side * layer.weight[0, 0].numel() for side in (layer.in_channels, layer.out_channels))
        bound = (6 / (inputs + outputs)) ** 0.5
        assert 0.9 * bound < layer.weight.abs().max() <= bound
    assert [layer.bias for layer in convolutions] == [None] * 4 and not last.bias.any()


def test_parameters_at_full_width():
    # Cityscapes' 19 classes and a channel for the rest, up to 1024x2048; a 3x3 kernel has 9 values.
    # 9 ((20 + 1024) 1024                 + 4 ((1044 + 1024) 1024)        the first five modules
    #    + (1044 + 512) 512 + (532 + 512) 512 + (532 + 128) 128 + (148 + 32) 32)       = 98,632,512
    # norms: 2 layers, a scale and a shift: 4 (5*1024 + 2*512 + 128 + 32)              =     25,216
    # 1x1 convolution: 32*3 + 3                                                        =         99
    with torch.device('meta'):
        generator = CRNGenerator(in_channels=20, widths=(1024,) * 5 + (512, 512, 128, 32))
    convolutions = 9 * ((20 + 1024) * 1024 + 4 * (1044 + 1024) * 1024 + (1044 + 512) * 512 + (532 + 512) * 512
                        + (532 + 128) * 128 + (148 + 32) * 32)
    assert sum(parameter.numel() for parameter in generator.parameters()) == convolutions + 25_216 + 99


def test_no_modules_at_all():
    with pytest.raises(ValueError, match='CRNGenerator: widths is empty; give the width of each module'):
        CRNGenerator(in_channels=3, widths=())
