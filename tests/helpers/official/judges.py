"""The papers' judges by the names and shapes of their released weights, and what they compute, in plain functions."""

import torch
import torch.nn.functional as F


def _norm(name, channels):
    return {f'{name}.{kind}': (channels,) for kind in ('weight', 'bias', 'running_mean', 'running_var')}


def _convolution(names, after, before, size):
    convolution, norm = names
    return {f'{convolution}.weight': (after, before, size, size)} | _norm(norm, after)


PLAIN = [('conv1', 'bn1'), ('conv2', 'bn2'), ('conv3', 'bn3'), ('downsample.0', 'downsample.1')]
CAFFE = [(f'{layer}.conv', f'{layer}.bn') for layer in ('reduce', 'conv3x3', 'increase', 'shortcut')]


def _stage(name, before, width, number, layers, first):
    shapes = {}
    for block in range(number):
        place = f'{name}{block + first}.'
        sizes = [(width, before, 1), (width, width, 3), (4 * width, width, 1)] + [(4 * width, before, 1)] * (block == 0)
        for names, size in zip(layers, sizes, strict=False):
            shapes |= _convolution([place + each for each in names], *size)
        before = 4 * width
    return shapes


def drn_shapes(width=64, blocks=(3, 4, 23, 3), classes=19):
    shapes = {}
    for level, (before, after, size) in enumerate([(3, width // 4, 7), (width // 4, width // 4, 3),
                                                   (width // 4, width // 2, 3)]):
        shapes |= _convolution((f'base.{level}.0', f'base.{level}.1'), after, before, size)
    before = width // 2
    for level, number in enumerate(blocks):
        shapes |= _stage(f'base.{level + 3}.', before, width * 2**level, number, PLAIN, 0)
        before = 4 * width * 2**level
    shapes |= _convolution(('base.7.0', 'base.7.1'), 8 * width, before, 3)
    shapes |= _convolution(('base.8.0', 'base.8.1'), 8 * width, 8 * width, 3)
    shapes |= {'seg.weight': (classes, 8 * width, 1, 1), 'seg.bias': (classes,)}
    return shapes | {'up.weight': (classes, 1, 16, 16)}


def upernet_shapes(width=64, blocks=(3, 4, 23, 3), classes=150):
    """Of the two files."""
    encoder = {}
    for number, (before, after) in enumerate([(3, width), (width, width), (width, 2 * width)], 1):
        encoder |= _convolution((f'conv{number}', f'bn{number}'), after, before, 3)
    before = 2 * width
    for stage, number in enumerate(blocks):
        encoder |= _stage(f'layer{stage + 1}.', before, width * 2**stage, number, PLAIN, 0)
        before = 4 * width * 2**stage
    wide, decoder = 8 * width, {}
    for level in range(4):
        decoder |= _convolution((f'ppm_conv.{level}.0', f'ppm_conv.{level}.1'), wide, before, 1)
    decoder |= _convolution(('ppm_last_conv.0', 'ppm_last_conv.1'), wide, before + 4 * wide, 3)
    for level in range(3):
        decoder |= _convolution((f'fpn_in.{level}.0', f'fpn_in.{level}.1'), wide, 4 * width * 2**level, 1)
        decoder |= _convolution((f'fpn_out.{level}.0.0', f'fpn_out.{level}.0.1'), wide, wide, 3)
    decoder |= _convolution(('conv_last.0.0', 'conv_last.0.1'), wide, 4 * wide, 3)
    return encoder, decoder | {'conv_last.1.weight': (classes, wide, 1, 1), 'conv_last.1.bias': (classes,)}


def deeplab_shapes(width=64, blocks=(3, 4, 23, 3), classes=182):
    shapes = _convolution(('base.layer1.conv1.conv', 'base.layer1.conv1.bn'), width, 3, 7)
    before = width
    for stage, number in enumerate(blocks):
        shapes |= _stage(f'base.layer{stage + 2}.block', before, width * 2**stage, number, CAFFE, 1)
        before = 4 * width * 2**stage
    for level in range(4):
        shapes |= {f'base.aspp.c{level}.weight': (classes, before, 3, 3), f'base.aspp.c{level}.bias': (classes,)}
    return shapes


def made_up(shapes, seed=0):
    """Weights of those shapes under which activations stay of size 1."""
    generator = torch.Generator().manual_seed(seed)
    state = {}
    for name, shape in shapes.items():
        value = torch.randn(shape, generator=generator)
        if len(shape) == 4:
            value *= (shape[1] * shape[2] * shape[3]) ** -0.5 if name != 'up.weight' else 3
        elif name.endswith(('running_var', '.weight')):
            value = value.abs() + 0.5
        else:
            value *= 0.3
        if name.endswith(('bn3.weight', 'increase.bn.weight', 'seg.weight', 'aspp.c0.weight')):
            value *= 0.3  # what is added to a sum
        if name == 'base.layer1.conv1.conv.weight':
            value /= 64  # its input is 0..255
        state[name] = value
    return state


class Plain:
    """Layers by their official names, in float64."""

    def __init__(self, state):
        self.state = {name: value.double() for name, value in state.items()}

    def layer(self, x, names, stride=1, dilation=1, relu=True):
        convolution, norm = names
        weight = self.state[f'{convolution}.weight']
        x = F.conv2d(x, weight, None, stride, dilation * (weight.shape[-1] // 2), dilation)
        mean, var, scale, shift = (self.state[f'{norm}.{kind}'][:, None, None]
                                   for kind in ('running_mean', 'running_var', 'weight', 'bias'))
        x = (x - mean) / (var + 1e-5).sqrt() * scale + shift
        return x.clamp(min=0) if relu else x

    def stage(self, x, name, number, layers, first, stride, dilation, stride_at):
        for block in range(number):
            place = f'{name}{block + first}.'
            own = [[place + each for each in names] for names in layers]
            step = stride if block == 0 else 1
            y = self.layer(x, own[0], step if stride_at == 0 else 1)
            y = self.layer(y, own[1], step if stride_at == 1 else 1, dilation)
            y = self.layer(y, own[2], relu=False)
            x = (self.layer(x, own[3], step, relu=False) if block == 0 else x) + y
            x = x.clamp(min=0)
        return x


def _resize(x, size):
    return F.interpolate(x, size, mode='bilinear', align_corners=False)


def drn(state, pictures, blocks):
    """Probabilities of pictures in 0..255."""
    net, (height, width) = Plain(state), pictures.shape[-2:]
    mean = torch.tensor([0.29010095, 0.32808144, 0.28696394]).double()[:, None, None]
    std = torch.tensor([0.18295405, 0.18656561, 0.18447509]).double()[:, None, None]
    x = (pictures.double() / 255 - mean) / std
    for level, stride in enumerate((1, 1, 2)):
        x = net.layer(x, (f'base.{level}.0', f'base.{level}.1'), stride)
    for level, (number, stride, dilation) in enumerate(zip(blocks, (2, 2, 1, 1), (1, 1, 2, 4), strict=True)):
        x = net.stage(x, f'base.{level + 3}.', number, PLAIN, 0, stride, dilation, 1)
    x = net.layer(net.layer(x, ('base.7.0', 'base.7.1'), dilation=2), ('base.8.0', 'base.8.1'))
    x = F.conv2d(x, net.state['seg.weight'], net.state['seg.bias'])
    x = F.conv_transpose2d(x, net.state['up.weight'], stride=8, padding=4, groups=x.shape[1])
    return x[..., :height, :width].softmax(1)


def upernet_logits(encoder, decoder, x, blocks):
    """Logits of normalised images, at a quarter of their size."""
    net, stages = Plain(encoder), []
    for number in (1, 2, 3):
        x = net.layer(x, (f'conv{number}', f'bn{number}'), 2 if number == 1 else 1)
    x = F.max_pool2d(x, 3, 2, 1)
    for stage, number in enumerate(blocks):
        x = net.stage(x, f'layer{stage + 1}.', number, PLAIN, 0, 1 if stage == 0 else 2, 1, 1)
        stages.append(x)
    net, pooled = Plain(decoder), [x]
    for level, scale in enumerate((1, 2, 3, 6)):
        pooled.append(net.layer(_resize(F.adaptive_avg_pool2d(x, scale), x.shape[-2:]),
                                (f'ppm_conv.{level}.0', f'ppm_conv.{level}.1')))
    x = net.layer(torch.cat(pooled, 1), ('ppm_last_conv.0', 'ppm_last_conv.1'))
    levels = [x]
    for level in (2, 1, 0):
        side = net.layer(stages[level], (f'fpn_in.{level}.0', f'fpn_in.{level}.1'))
        x = side + _resize(x, side.shape[-2:])
        levels.insert(0, net.layer(x, (f'fpn_out.{level}.0.0', f'fpn_out.{level}.0.1')))
    joined = torch.cat([levels[0], *(_resize(level, levels[0].shape[-2:]) for level in levels[1:])], 1)
    x = net.layer(joined, ('conv_last.0.0', 'conv_last.0.1'))
    return F.conv2d(x, net.state['conv_last.1.weight'], net.state['conv_last.1.bias'])


def upernet(encoder, decoder, pictures, blocks, sizes=(None,)):
    mean = torch.tensor([0.485, 0.456, 0.406]).double()[:, None, None]
    std = torch.tensor([0.229, 0.224, 0.225]).double()[:, None, None]
    found = []
    for size in sizes:
        x = pictures.double()
        if size is not None:
            x = F.interpolate(x, size, mode='bilinear', align_corners=False, antialias=True)
        logits = upernet_logits(encoder, decoder, (x / 255 - mean) / std, blocks)
        found.append(_resize(logits, pictures.shape[-2:]).softmax(1))
    return sum(found) / len(found)


def deeplab(state, pictures, blocks):
    net = Plain(state)

    def logits(x):
        x = F.max_pool2d(net.layer(x, ('base.layer1.conv1.conv', 'base.layer1.conv1.bn'), 2), 3, 2, 1, ceil_mode=True)
        for stage, (number, stride, dilation) in enumerate(zip(blocks, (1, 2, 1, 1), (1, 1, 2, 4), strict=True)):
            x = net.stage(x, f'base.layer{stage + 2}.block', number, CAFFE, 1, stride, dilation, 0)
        return sum(F.conv2d(x, net.state[f'base.aspp.c{level}.weight'], net.state[f'base.aspp.c{level}.bias'],
                            padding=rate, dilation=rate) for level, rate in enumerate((6, 12, 18, 24)))

    x = pictures.double().flip(1) - torch.tensor([104.008, 116.669, 122.675]).double()[:, None, None]
    whole = logits(x)
    smaller = [_resize(logits(F.interpolate(x, scale_factor=scale, mode='bilinear', align_corners=False)),
                       whole.shape[-2:]) for scale in (0.5, 0.75)]
    return _resize(torch.stack([whole, *smaller]).amax(0), pictures.shape[-2:]).softmax(1)
