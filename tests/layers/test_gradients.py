"""Outputs and gradients of every kind of layer against float64, whichever way inputs and gradients lie in memory."""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.settle import settle
from semsynth.discriminators.backbone import condition_features
from semsynth.generators.label_encoder import FeatureNorm
from semsynth.layers.class_norm import ClassAdaptiveNorm, ClassMaps, InstanceAdaptiveNorm, ObjectMaps
from semsynth.layers.label_encoder import NoiseAttention
from semsynth.layers.norm import BatchNorm, GroupNorm, InstanceNorm, mend_norms
from semsynth.layers.residual import upsample
from semsynth.layers.spade import SpatiallyAdaptiveNorm
from semsynth.layers.spectral import spectral_norm
from semsynth.ops import conditional_convolution, instance_mean
from semsynth.ops.class_specific import class_specific_image

C, H, W = 8, 9, 7
ORDERS = 'contiguous', 'channels last', 'view'


class Function(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Spade(nn.Module):
    """Of a layout that is half of the input's channels."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, x[:, :3])


class Attention(nn.Module):
    """To tokens that are pixels of the input."""

    def __init__(self):
        super().__init__()
        self.layer = NoiseAttention(C, 3, num_heads=2)

    def forward(self, x):
        return self.layer(x, x[:, :3, 0].mT)


class Tables(nn.Module):
    """A norm with tables, of 3 classes in stripes."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer
        for parameter in layer.parameters():
            nn.init.normal_(parameter)  # where shifts are 0, so are gradients of what scales them

    def forward(self, x):
        label = (torch.arange(x[:, 0].numel()) // 5 % 3).view_as(x[:, 0])
        if isinstance(self.layer, ClassAdaptiveNorm):
            return self.layer(x, ClassMaps(label, x[:, :1] * 0 + label.unsqueeze(1), (x[:, :2] * 0 + 0.5)), slope=0.2)
        noise = torch.linspace(-1, 1, len(x) * 3 * 2 * 4, dtype=x.dtype).view(len(x), 3, 2, 4)
        return self.layer(x, ObjectMaps(label, torch.arange(3).expand(len(x), 3), noise))


def class_specific(x):
    layers = [(torch.linspace(-0.2, 0.2, 2 * out * C * 9, dtype=x.dtype).view(2, out, C, 3, 3).sin(),
               torch.zeros(2, out, dtype=x.dtype)) for out in (C, C, 3)]
    return class_specific_image(x, torch.arange(x[:, 0].numel()).view(len(x), *x.shape[2:]) // 5 % 2, layers)


def class_specific_7x7(x):
    kernels = torch.linspace(-0.2, 0.2, 2 * 3 * C * 49, dtype=x.dtype).view(2, 3, C, 7, 7).sin()
    label = torch.arange(x[:, 0].numel()).view(len(x), *x.shape[2:]) // 5 % 2
    return class_specific_image(x, label, [(kernels, torch.zeros(2, 3, dtype=x.dtype))])


def resized(size=None, mode='nearest', **how):
    return Function(lambda x: F.interpolate(x, size or (2 * x.shape[2], 2 * x.shape[3]), mode=mode, **how))


def padded(mode):
    return Function(lambda x: F.pad(x, (2, 1, 3, 2), mode=mode))


def convolution(out=6, size=3, **how):
    return nn.Conv2d(C, out, size, **how)


torch.manual_seed(0)  # the layers are the same in every process
LAYERS = {
    'instance norm': InstanceNorm(C), 'instance norm with scale': InstanceNorm(C, affine=True),
    'group norm': GroupNorm(2, C), 'layer norm': GroupNorm(1, C),
    'batch norm': BatchNorm(C), 'batch norm in eval mode': BatchNorm(C).eval(),
    "another library's instance norm": mend_norms(nn.InstanceNorm2d(C, affine=True)),
    "another library's batch norm": mend_norms(nn.BatchNorm2d(C)),
    "torch's group norm": nn.GroupNorm(4, C), "torch's layer norm": Function(lambda x: F.layer_norm(x, x.shape[1:])),
    'pyramid of averages': nn.AvgPool2d(3, 2, 1, count_include_pad=False), 'halves': nn.AvgPool2d(2, ceil_mode=True),
    'maximum': nn.MaxPool2d(2), 'overlapping maximum': nn.MaxPool2d(3, 2, 1), 'mean': nn.AdaptiveAvgPool2d(1),
    'adaptive mean': nn.AdaptiveAvgPool2d((3, 2)), 'adaptive maximum': nn.AdaptiveMaxPool2d((3, 2)),
    'doubled': Function(upsample), 'nearest': resized((5, 11)), 'bilinear': resized((5, 11), 'bilinear'),
    'bilinear doubled': resized(None, 'bilinear'),
    'bilinear, corners': resized((13, 17), 'bilinear', align_corners=True),
    'bicubic': resized((5, 11), 'bicubic'),
    'zeros around': padded('constant'), 'reflected': padded('reflect'), 'replicated': padded('replicate'),
    '3x3': convolution(padding=1), '3x3 stride 2': convolution(stride=2, padding=1), '1x1': convolution(size=1),
    '1x1 stride 2': convolution(size=1, stride=2), '4x4 stride 2': convolution(size=4, stride=2, padding=2),
    'logits': convolution(1, 4, padding=2), '7x7 reflected': convolution(size=7, padding=3, padding_mode='reflect'),
    'dilated': convolution(padding=2, dilation=2), 'grouped': convolution(C, padding=1, groups=4),
    'depthwise': convolution(C, padding=1, groups=C),
    'transposed': nn.ConvTranspose2d(C, 6, 3, 2, 1, output_padding=1),
    'transposed 4x4': nn.ConvTranspose2d(C, 6, 4, 2, 1, bias=False),
    'spectral 3x3': settle(spectral_norm(convolution(padding=1))),
    'spectral transposed': settle(spectral_norm(nn.ConvTranspose2d(C, 6, 3, 2, 1))),
    'leaky ReLU': nn.LeakyReLU(0.2), 'PReLU': nn.PReLU(C), 'GELU': nn.GELU(), 'softmax': nn.Softmax(1),
    'log softmax': nn.LogSoftmax(1), 'normalised': Function(lambda x: F.normalize(x, dim=1)),
    'SPADE, instance': Spade(SpatiallyAdaptiveNorm(C, 3, 4, 'instance')),
    'SPADE, batch': Spade(SpatiallyAdaptiveNorm(C, 3, 4, 'batch')),
    'norm modulated by features': Spade(FeatureNorm(C, 3, 'instance', 3)), 'noise by attention': Attention(),
    'conditioned features': Function(condition_features),
    'CLADE, instance': Tables(ClassAdaptiveNorm(C, 3, 'instance', boundary=True)),
    'CLADE, batch': Tables(ClassAdaptiveNorm(C, 3, 'batch', positions=True)),
    'INADE': Tables(InstanceAdaptiveNorm(C, 3, 'instance', 4)),
    'conditional': Function(lambda x: conditional_convolution(x[:, :3], x[:, :3].repeat(1, 9, 1, 1))),
    'class-specific': Function(class_specific), 'class-specific 7x7': Function(class_specific_7x7),
    'means of instances': Function(lambda x: instance_mean(x, (torch.arange(x[:, 0].numel()) // 9).view_as(x[:, 0]))),
}


# 'grouped': on CPUs without AVX512, torch's bfloat16 gradient of such weights is wrong where one image is a view and
# the weights lie channels last. No part of ours has such layers, and no backbone that we know of reads a view by them.


def lies(x, order):
    """The same values in that order; a view has other strides than a copy has, where there is one image."""
    x = x.detach().clone()
    if order == 'contiguous' or x.ndim < 4:
        return x.contiguous()
    x = x.contiguous(memory_format=torch.channels_last)
    return x[0].unsqueeze(0) if order == 'view' and len(x) == 1 else x


def run(layer, x, upstream):
    x.requires_grad_()
    y = layer(x)
    gradients = torch.autograd.grad(y, [x, *layer.parameters()], upstream.to(y.dtype), allow_unused=True)
    return [y.detach(), *(gradient for gradient in gradients if gradient is not None)]


@pytest.mark.parametrize('precision', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('name', LAYERS)
def test_outputs_and_gradients_are_those_of_float64(name, precision):
    # in bfloat16 what cancels in a weight's gradient leaves up to a quarter; one read in the wrong order is 1 off
    layer, tolerance = LAYERS[name], 1e-5 if precision == torch.float32 else 0.5
    for batch in (1, 2, 4):
        x = torch.randn(batch, C, H, W).to(precision)
        exact = copy.deepcopy(layer).double()
        upstream = torch.randn_like(exact(x.double()), dtype=torch.float32).to(precision)
        expected = run(exact, x.double(), upstream.double())
        orders_of_batch = ORDERS if batch == 1 and name != 'grouped' else ORDERS[:2]
        for number, orders in enumerate(itertools.product(orders_of_batch, repeat=2)):
            own = copy.deepcopy(layer)
            if number % 2:
                own.to(memory_format=torch.channels_last)
            with torch.autocast('cpu', torch.bfloat16, enabled=precision == torch.bfloat16):
                found = run(own, *map(lies, (x, upstream), orders))
            for ours, theirs in zip(found, expected, strict=True):
                error = (ours.double() - theirs).norm() / theirs.norm()
                assert error < tolerance, (batch, orders, error.item())
