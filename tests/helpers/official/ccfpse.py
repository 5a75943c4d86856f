"""CC-FPSE's networks, written from what is known of them; names that are not known are made up, and can be given.

Known of the label pyramid: ``labellat1`` and ``labeldec1`` read the coarsest map that a lateral layer reads, the fifth
of six, with ``'more'`` the sixth of seven.
"""

import torch
import torch.nn.functional as F
from torch import nn

from helpers.official import spade
from helpers.official.spade import NORMS, SPADE

LEVELS = dict(normal=6, more=7, most=8)
NAMES = dict(down='labelenc', lateral='labellat', up='labeldec', gate='gen_se_weights', first='conv_1', second='conv_3',
             enc='enc', lat='lat', final='final')


def leaky(x):
    return F.leaky_relu(x, 0.2)


class DepthConv(nn.Module):
    """Has a norm, and never computes it."""

    def __init__(self, width):
        super().__init__()
        self.norm_layer = nn.BatchNorm2d(width)

    def forward(self, x, weights):
        batch, channels, height, width = x.shape
        weights = weights.view(batch * channels, 9, height, width)
        return (F.unfold(x, 3, padding=1).view(batch * channels, 9, height, width) * weights).sum(1).view_as(x)


class Block(nn.Module):
    def __init__(self, fin, fout, channels, hidden, spectral, names):
        super().__init__()
        middle = min(fin, fout)
        self.names = names

        def predictor(out, *end):
            return nn.Sequential(nn.Conv2d(channels, hidden, 3, padding=1), nn.ReLU(),
                                 nn.Conv2d(hidden, out, 3, padding=1), *end)

        self.gen_weights1, self.gen_weights2 = predictor(fin * 9), predictor(fout * 9)
        self.add_module(names['gate'] + '1', predictor(middle, nn.Sigmoid()))
        self.add_module(names['gate'] + '2', predictor(fout, nn.Sigmoid()))
        self.conv_0, self.conv_2 = DepthConv(middle), DepthConv(fout)
        self.add_module(names['first'], nn.Conv2d(fin, middle, 1))
        self.add_module(names['second'], nn.Conv2d(middle, fout, 1))
        self.norm_0, self.norm_1, self.norm_2 = nn.BatchNorm2d(fin), nn.BatchNorm2d(fin), nn.BatchNorm2d(middle)
        if fin != fout:
            self.conv_s = spectral(nn.Conv2d(fin, fout, 1, bias=False))
            self.norm_s = SPADE(fin, channels, hidden, 'batch')

    def forward(self, x, seg):
        def part(name):
            return getattr(self, self.names[name[:-1]] + name[-1] if name[-1] in '12' else self.names[name])

        shortcut = self.conv_s(self.norm_s(x, seg)) if hasattr(self, 'conv_s') else x
        x = part('first')(self.conv_0(self.norm_1(x), self.gen_weights1(seg))) * part('gate1')(seg)
        x = self.norm_2(leaky(x))
        x = part('second')(self.conv_2(x, self.gen_weights2(seg))) * part('gate2')(seg)
        return leaky(x) + shortcut


class Generator(nn.Module):
    def __init__(self, channels, ngf, mode='normal', hidden=4, label=3, z_dim=None, seed=None, spectral='old',
                 **names):
        super().__init__()
        spectral, self.names, self.mode, self.levels = NORMS[spectral], NAMES | names, mode, LEVELS[mode]
        self.seed = seed

        def layer(fin, size, stride=1):
            convolution = nn.Conv2d(fin, label, size, stride, size // 2, bias=False)
            return nn.Sequential(nn.Sequential(spectral(convolution), nn.BatchNorm2d(label)), nn.LeakyReLU(0.2))

        for n in range(1, self.levels + 1):
            self.add_module(f'{self.names["down"]}{n}', layer(channels if n == 1 else label, 3, 1 if n == 1 else 2))
        for n in reversed(range(1, self.levels)):
            self.add_module(f'{self.names["lateral"]}{n}', layer(label, 1))
            self.add_module(f'{self.names["up"]}{n}', layer(label, 3))
        self.fc = (nn.Linear(z_dim, 16 * ngf * seed[0] * seed[1]) if z_dim
                   else nn.Conv2d(channels, 16 * ngf, 3, padding=1))
        widths = [16, 16, 16, 16, 8, 4, 2, 1] + [0.5] * (mode == 'most')
        widths = [int(ngf * width) for width in widths]
        self.blocks = ['head_0', 'G_middle_0', 'G_middle_1', 'up_0', 'up_1', 'up_2', 'up_3', 'up_4'][:len(widths) - 1]
        for name, fin, fout in zip(self.blocks, widths[:-1], widths[1:], strict=True):
            self.add_module(name, Block(fin, fout, channels + label, hidden, spectral, self.names))
        self.conv_img = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, seg, z=None):
        def layer(kind, n, x):
            return getattr(self, f'{self.names[kind]}{n}')(x)

        down = {1: layer('down', 1, seg)}
        for n in range(2, self.levels + 1):
            down[n] = layer('down', n, down[n - 1])
        pyramid = {self.levels: down[self.levels]}
        for n in reversed(range(1, self.levels)):
            upper, number = F.interpolate(pyramid[n + 1], scale_factor=2), self.levels - n  # 1 is the coarsest
            pyramid[n] = layer('up', number, upper + layer('lateral', number, down[n]))
        conditions = {tuple(x.shape[2:]): torch.cat([F.interpolate(seg, size=x.shape[2:]), x], 1)
                      for x in pyramid.values()}
        if z is None:
            x = self.fc(F.interpolate(seg, size=down[self.levels].shape[2:]))
        else:
            x = self.fc(z).view(len(z), -1, *self.seed)
        for name in self.blocks:
            if name not in ('head_0', 'G_middle_1') or (name == 'G_middle_1' and self.mode != 'normal'):
                x = F.interpolate(x, scale_factor=2)
            x = getattr(self, name)(x, conditions[tuple(x.shape[2:])])
        return torch.tanh(self.conv_img(leaky(x)))


class Discriminator(nn.Module):
    def __init__(self, channels, nf, image_channels=3, spectral='old', **names):
        super().__init__()
        spectral, self.names = NORMS[spectral], NAMES | names

        def layer(fin, fout, size, stride=1):
            convolution = nn.Conv2d(fin, fout, size, stride, size // 2, bias=False)
            return nn.Sequential(nn.Sequential(spectral(convolution), nn.InstanceNorm2d(fout)), nn.LeakyReLU(0.2))

        widths = [image_channels, nf, 2 * nf, 4 * nf, 8 * nf, 8 * nf]
        for n in range(1, 6):
            self.add_module(f'{self.names["enc"]}{n}', layer(widths[n - 1], widths[n], 3, 2))
        for n in range(2, 6):
            self.add_module(f'{self.names["lat"]}{n}', layer(widths[n], 4 * nf, 1))
        for n in range(2, 5):
            self.add_module(f'{self.names["final"]}{n}', layer(4 * nf, 2 * nf, 3))
        self.tf, self.seg = nn.Conv2d(2 * nf, 1, 1), nn.Conv2d(2 * nf, 2 * nf, 1)
        self.embedding = nn.Conv2d(channels, 2 * nf, 1)

    def forward(self, image, segmap):
        def layer(kind, n, x):
            return getattr(self, f'{self.names[kind]}{n}')(x)

        down = {1: layer('enc', 1, image)}
        for n in range(2, 6):
            down[n] = layer('enc', n, down[n - 1])
        up = {5: layer('lat', 5, down[5])}
        for n in (4, 3, 2):
            up[n] = F.interpolate(up[n + 1], scale_factor=2, mode='bilinear') + layer('lat', n, down[n])
        embedded, scores = self.embedding(segmap), {}
        for n in (2, 3, 4):
            features = layer('final', n, up[n])
            scores[n] = self.tf(features) + (F.avg_pool2d(embedded, 2**n) * self.seg(features)).sum(1, keepdim=True)
        return [down[n] for n in (2, 3, 4, 5)], [scores[n] for n in (2, 3, 4)]


@torch.no_grad()
def randomise(network, *inputs):
    """With the statistics that norms find, without which features, multiplied by predicted kernels, would grow."""
    spade.randomise(network).train()
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = 1.0
    network(*inputs)
    return network.eval()
