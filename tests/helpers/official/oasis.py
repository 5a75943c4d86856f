"""OASIS's networks with the official names of layers, written from what is known of them."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

NORMS = {'old': spectral_norm, 'new': parametrizations.spectral_norm}


class SPADE(nn.Module):
    def __init__(self, width, channels, hidden, norm):
        super().__init__()
        self.first_norm = dict(batch=nn.BatchNorm2d, instance=nn.InstanceNorm2d)[norm](width, affine=False)
        self.mlp_shared = nn.Sequential(nn.Conv2d(channels, hidden, 3, padding=1), nn.ReLU())
        self.mlp_gamma = nn.Conv2d(hidden, width, 3, padding=1)
        self.mlp_beta = nn.Conv2d(hidden, width, 3, padding=1)

    def forward(self, x, seg):
        hidden = self.mlp_shared(F.interpolate(seg, size=x.shape[2:], mode='nearest'))
        return self.first_norm(x) * (1 + self.mlp_gamma(hidden)) + self.mlp_beta(hidden)


class GeneratorBlock(nn.Module):
    def __init__(self, fin, fout, spectral, **kw):
        super().__init__()
        middle = min(fin, fout)
        self.conv_0 = spectral(nn.Conv2d(fin, middle, 3, padding=1))
        self.conv_1 = spectral(nn.Conv2d(middle, fout, 3, padding=1))
        self.norm_0, self.norm_1 = SPADE(fin, **kw), SPADE(middle, **kw)
        if fin != fout:
            self.conv_s = spectral(nn.Conv2d(fin, fout, 1, bias=False))
            self.norm_s = SPADE(fin, **kw)

    def forward(self, x, seg):
        shortcut = self.conv_s(self.norm_s(x, seg)) if hasattr(self, 'conv_s') else x
        dx = self.conv_0(F.leaky_relu(self.norm_0(x, seg), 0.2))
        return shortcut + self.conv_1(F.leaky_relu(self.norm_1(dx, seg), 0.2))


class Generator(nn.Module):
    def __init__(self, classes, ch, z_dim=64, norm='batch', spectral='old', hidden=5):
        super().__init__()
        kw = dict(channels=classes + z_dim, hidden=hidden, norm=norm, spectral=NORMS[spectral])
        widths = [16 * ch, 16 * ch, 16 * ch, 8 * ch, 4 * ch, 2 * ch, ch]
        self.conv_img = nn.Conv2d(ch, 3, 3, padding=1)
        self.body = nn.ModuleList(GeneratorBlock(widths[i], widths[i + 1], **kw) for i in range(6))
        self.fc = nn.Conv2d(classes + z_dim, 16 * ch, 3, padding=1)

    def forward(self, label, z):
        """``z`` of one image is one vector, or one for each pixel; it comes before the label."""
        z = z[:, :, None, None].expand(-1, -1, *label.shape[2:]) if z.ndim == 2 else z
        seg = torch.cat([z, label], 1)
        x = self.fc(F.interpolate(seg, size=(label.shape[2] // 32, label.shape[3] // 32)))
        for i, block in enumerate(self.body):
            x = block(x, seg)
            if i < 5:
                x = F.interpolate(x, scale_factor=2)
        return torch.tanh(self.conv_img(F.leaky_relu(x, 0.2)))


class DiscriminatorBlock(nn.Module):
    """``way`` is -1 down, 1 up; the first one halves before the shortcut's convolution."""

    def __init__(self, fin, fout, way, first, spectral):
        super().__init__()
        self.way, self.first = way, first
        up = [nn.Upsample(scale_factor=2)] if way > 0 else []
        before = [] if first else [nn.LeakyReLU(0.2), *up]
        self.conv1 = nn.Sequential(*before, spectral(nn.Conv2d(fin, fout, 3, padding=1)))
        self.conv2 = nn.Sequential(nn.LeakyReLU(0.2), spectral(nn.Conv2d(fout, fout, 3, padding=1)))
        if fin != fout:
            self.conv_s = spectral(nn.Conv2d(fin, fout, 1))

    def forward(self, x):
        dx = self.conv2(self.conv1(x))
        if self.way > 0:
            x = F.interpolate(x, scale_factor=2)
        if self.first:
            x = F.avg_pool2d(x, 2)
        if hasattr(self, 'conv_s'):
            x = self.conv_s(x)
        if self.way < 0:
            dx = F.avg_pool2d(dx, 2)
            x = x if self.first else F.avg_pool2d(x, 2)
        return x + dx


class Discriminator(nn.Module):
    """The official widths are 128, 128, 256, 256, 512, 512, and 64 at the end."""

    def __init__(self, classes, ch=64, spectral='old'):
        super().__init__()
        widths = [3, 2 * ch, 2 * ch, 4 * ch, 4 * ch, 8 * ch, 8 * ch]
        up = [(8, 8), (16, 4), (8, 4), (8, 2), (4, 2), (4, 1)]
        spectral = NORMS[spectral]
        self.body_down = nn.ModuleList(
            DiscriminatorBlock(widths[i], widths[i + 1], -1, i == 0, spectral) for i in range(6))
        self.body_up = nn.ModuleList(DiscriminatorBlock(fin * ch, fout * ch, 1, False, spectral) for fin, fout in up)
        self.layer_up_last = nn.Conv2d(ch, classes + 1, 1)

    def forward(self, x):
        kept = []
        for block in self.body_down:
            x = block(x)
            kept.append(x)
        x = self.body_up[0](x)
        for i in range(1, 6):
            x = self.body_up[i](torch.cat([kept[5 - i], x], 1))
        return self.layer_up_last(x)


@torch.no_grad()
def randomise(network):
    """Weights as training leaves them: of some size, biases and statistics too; in training mode."""
    for parameter in network.parameters():
        parameter.copy_(torch.randn_like(parameter) * 0.3)
    for name, buffer in network.named_buffers():
        if name.endswith('running_mean'):
            buffer.normal_()
        elif name.endswith('running_var'):
            buffer.uniform_(0.5, 2)
    return network.train()
