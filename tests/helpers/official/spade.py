"""SPADE's networks with the official names of layers, written from what is known of them."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

NORMS = {'old': spectral_norm, 'new': parametrizations.spectral_norm}


class SPADE(nn.Module):
    def __init__(self, width, channels, hidden, norm):
        super().__init__()
        self.param_free_norm = dict(batch=nn.BatchNorm2d, instance=nn.InstanceNorm2d)[norm](width, affine=False)
        self.mlp_shared = nn.Sequential(nn.Conv2d(channels, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, width, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, width, 3, padding=1)

    def forward(self, x, segmap):
        actv = self.mlp_shared(F.interpolate(segmap, size=x.shape[2:], mode='nearest'))
        return self.param_free_norm(x) * (1 + self.mlp_gamma(actv)) + self.mlp_beta(actv)


class ResnetBlock(nn.Module):
    def __init__(self, fin, fout, spectral, **kw):
        super().__init__()
        middle = min(fin, fout)
        self.conv_0 = spectral(nn.Conv2d(fin, middle, 3, padding=1))
        self.conv_1 = spectral(nn.Conv2d(middle, fout, 3, padding=1))
        if fin != fout:
            self.conv_s = spectral(nn.Conv2d(fin, fout, 1, bias=False))
        self.norm_0 = SPADE(fin, **kw)
        self.norm_1 = SPADE(middle, **kw)
        if fin != fout:
            self.norm_s = SPADE(fin, **kw)

    def forward(self, x, seg):
        shortcut = self.conv_s(self.norm_s(x, seg)) if hasattr(self, 'conv_s') else x
        dx = self.conv_0(F.leaky_relu(self.norm_0(x, seg), 0.2))
        return shortcut + self.conv_1(F.leaky_relu(self.norm_1(dx, seg), 0.2))


class Generator(nn.Module):
    """``mode`` is normal, more or most; with ``z_dim`` the seed's height and width are ``seed``."""

    def __init__(self, channels, nf, mode='normal', z_dim=None, seed=None, norm='batch', spectral='old', hidden=5):
        super().__init__()
        self.mode, self.nf, self.seed = mode, nf, seed
        self.fc = nn.Linear(z_dim, 16 * nf * seed[0] * seed[1]) if z_dim else nn.Conv2d(channels, 16 * nf, 3, padding=1)
        kw = dict(channels=channels, hidden=hidden, norm=norm, spectral=NORMS[spectral])
        self.head_0 = ResnetBlock(16 * nf, 16 * nf, **kw)
        self.G_middle_0 = ResnetBlock(16 * nf, 16 * nf, **kw)
        self.G_middle_1 = ResnetBlock(16 * nf, 16 * nf, **kw)
        self.up_0 = ResnetBlock(16 * nf, 8 * nf, **kw)
        self.up_1 = ResnetBlock(8 * nf, 4 * nf, **kw)
        self.up_2 = ResnetBlock(4 * nf, 2 * nf, **kw)
        self.up_3 = ResnetBlock(2 * nf, nf, **kw)
        last = nf
        if mode == 'most':
            self.up_4 = ResnetBlock(nf, nf // 2, **kw)
            last = nf // 2
        self.conv_img = nn.Conv2d(last, 3, 3, padding=1)

    def forward(self, seg, z=None):
        halvings = dict(normal=5, more=6, most=7)[self.mode]
        if z is None:
            size = seg.shape[2] // 2**halvings, seg.shape[3] // 2**halvings
            x = self.fc(F.interpolate(seg, size=size, mode='nearest'))
        else:
            x = self.fc(z).view(-1, 16 * self.nf, *self.seed)
        x = self.up(self.head_0(x, seg))
        x = self.G_middle_0(x, seg)
        x = self.G_middle_1(self.up(x) if self.mode != 'normal' else x, seg)
        for block in (self.up_0, self.up_1, self.up_2, self.up_3):
            x = block(self.up(x), seg)
        if self.mode == 'most':
            x = self.up_4(self.up(x), seg)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))

    @staticmethod
    def up(x):
        return F.interpolate(x, scale_factor=2, mode='nearest')


def spectral_instance(convolution, spectral):
    convolution = NORMS[spectral](convolution)
    return nn.Sequential(convolution, nn.InstanceNorm2d(convolution.out_channels, affine=False))


class Discriminator(nn.Module):
    """``discriminator_0`` sees the full size; ``layers`` is n_layers_D."""

    def __init__(self, channels, nf, layers=4, num_d=2, spectral='old'):
        super().__init__()
        for scale in range(num_d):
            scale_net, widths = nn.Module(), [nf]
            scale_net.model0 = nn.Sequential(nn.Conv2d(channels, nf, 4, 2, 2), nn.LeakyReLU(0.2))
            for n in range(1, layers):
                widths.append(min(widths[-1] * 2, 512))
                convolution = nn.Conv2d(widths[-2], widths[-1], 4, 1 if n == layers - 1 else 2, 2, bias=False)
                scale_net.add_module(f'model{n}', nn.Sequential(spectral_instance(convolution, spectral),
                                                                nn.LeakyReLU(0.2)))
            scale_net.add_module(f'model{layers}', nn.Sequential(nn.Conv2d(widths[-1], 1, 4, 1, 2)))
            self.add_module(f'discriminator_{scale}', scale_net)

    def forward(self, x):
        result = []
        for scale in self.children():
            maps = [x]
            for part in scale.children():
                maps.append(part(maps[-1]))
            result.append(maps[1:])
            x = F.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False)
        return result


class Encoder(nn.Module):
    def __init__(self, ndf, spectral='old', z_dim=256):
        super().__init__()
        widths = [3, ndf, 2 * ndf, 4 * ndf, 8 * ndf, 8 * ndf, 8 * ndf]
        for n in range(6):
            convolution = nn.Conv2d(widths[n], widths[n + 1], 3, stride=2, padding=1, bias=False)
            self.add_module(f'layer{n + 1}', spectral_instance(convolution, spectral))
        self.fc_mu = nn.Linear(8 * ndf * 16, z_dim)
        self.fc_var = nn.Linear(8 * ndf * 16, z_dim)

    def forward(self, x):
        if x.shape[2:] != (256, 256):
            x = F.interpolate(x, size=(256, 256), mode='bilinear')
        x = self.layer1(x)
        for n in range(2, 7):
            x = getattr(self, f'layer{n}')(F.leaky_relu(x, 0.2))
        x = F.leaky_relu(x, 0.2).view(len(x), -1)
        return self.fc_mu(x), self.fc_var(x)


@torch.no_grad()
def randomise(network):
    """As training leaves it: weights and biases of some size, statistics of batches, singular vectors almost found."""
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) / (parameter[0].numel() if parameter.ndim > 1 else 25)**0.5)
    for name, buffer in network.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_(0, 0.3)
        elif name.endswith('running_var'):
            buffer.uniform_(0.5, 2)
        elif name.endswith('num_batches_tracked'):
            buffer.fill_(17)
    for layer in network.train().modules():
        for _ in range(2):
            for hook in layer._forward_pre_hooks.values():
                hook(layer, None)
            getattr(layer, 'weight', None)  # where it is parametrised, one iteration
    return network.eval()
