"""pix2pixHD's networks with the official names of layers, written from what is known of them."""

import numpy as np
import torch
from torch import nn

DOWN = dict(kernel_size=3, stride=2, padding=1)
UP = dict(**DOWN, output_padding=1)


def halve(x):
    return nn.functional.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)


def normed(convolution):
    return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.ReLU()]


class ResnetBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv_block = nn.Sequential(
            nn.ReflectionPad2d(1), *normed(nn.Conv2d(width, width, 3)),
            nn.ReflectionPad2d(1), *normed(nn.Conv2d(width, width, 3))[:2])

    def forward(self, x):
        return x + self.conv_block(x)


def global_layers(channels, width, downs, blocks, out=3):
    layers = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(channels, width, 7))]
    for level in range(downs):
        layers += normed(nn.Conv2d(width * 2**level, width * 2**(level + 1), **DOWN))
    layers += [ResnetBlock(width * 2**downs) for _ in range(blocks)]
    for level in reversed(range(downs)):
        layers += normed(nn.ConvTranspose2d(width * 2**(level + 1), width * 2**level, **UP))
    return [*layers, *head(width, out)]


def head(width, out=3):
    return [nn.ReflectionPad2d(3), nn.Conv2d(width, out, 7), nn.Tanh()]


class Global(nn.Module):
    def __init__(self, channels, width, downs, blocks, out=3):
        super().__init__()
        self.model = nn.Sequential(*global_layers(channels, width, downs, blocks, out))

    def forward(self, x):
        return self.model(x)


class Local(nn.Module):
    """The enhancers have 2**(enhancers - n) times the width, n from 1, the coarsest."""

    def __init__(self, channels, width, downs, global_blocks, enhancers, blocks):
        super().__init__()
        self.enhancers = enhancers
        self.model = nn.Sequential(*global_layers(channels, width * 2**enhancers, downs, global_blocks)[:-3])
        for n in range(1, enhancers + 1):
            own = width * 2**(enhancers - n)
            first = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(channels, own, 7)),
                     *normed(nn.Conv2d(own, 2 * own, **DOWN))]
            second = [*(ResnetBlock(2 * own) for _ in range(blocks)), *normed(nn.ConvTranspose2d(2 * own, own, **UP))]
            setattr(self, f'model{n}_1', nn.Sequential(*first))
            setattr(self, f'model{n}_2', nn.Sequential(*second, *(head(own) if n == enhancers else [])))

    def forward(self, x):
        pyramid = [x]
        for _ in range(self.enhancers):
            pyramid.append(halve(pyramid[-1]))
        out = self.model(pyramid[-1])
        for n in range(1, self.enhancers + 1):
            out = getattr(self, f'model{n}_2')(getattr(self, f'model{n}_1')(pyramid[self.enhancers - n]) + out)
        return out


class Discriminator(nn.Module):
    """Scale ``num - 1`` sees the full size; the result's first entry is that scale's."""

    def __init__(self, channels, width, layers, scales, features):
        super().__init__()
        self.layers, self.scales, self.features = layers, scales, features
        for scale in range(scales):
            widths = [min(width * 2**level, 512) for level in range(layers + 1)]
            groups = [[nn.Conv2d(channels, width, 4, 2, 2), nn.LeakyReLU(0.2)]]
            for level in range(1, layers + 1):
                convolution = nn.Conv2d(widths[level - 1], widths[level], 4, 2 if level < layers else 1, 2)
                groups.append([convolution, nn.InstanceNorm2d(widths[level]), nn.LeakyReLU(0.2)])
            groups.append([nn.Conv2d(widths[-1], 1, 4, 1, 2)])
            if features:
                for number, group in enumerate(groups):
                    setattr(self, f'scale{scale}_layer{number}', nn.Sequential(*group))
            else:
                setattr(self, f'layer{scale}', nn.Sequential(*(layer for group in groups for layer in group)))

    def forward(self, x):
        result = []
        for scale in reversed(range(self.scales)):
            maps, value = [], x
            if self.features:
                for number in range(self.layers + 2):
                    value = getattr(self, f'scale{scale}_layer{number}')(value)
                    maps.append(value)
            else:
                maps = [getattr(self, f'layer{scale}')(value)]
            result.append(maps)
            x = halve(x)
        return result


class Encoder(nn.Module):
    def __init__(self, channels, out, width, downs):
        super().__init__()
        self.model = nn.Sequential(*global_layers(channels, width, downs, 0, out))

    def forward(self, image, instance):
        out = self.model(image)
        mean = out.clone()
        for b in range(len(image)):
            for identity in np.unique(instance[b].numpy()):
                for channel in range(out.shape[1]):
                    inside = instance[b] == int(identity)
                    mean[b, channel][inside] = out[b, channel][inside].mean()
        return mean


@torch.no_grad()
def randomise(network):
    """Weights as training leaves them: of some size, biases too."""
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.3)
    return network
