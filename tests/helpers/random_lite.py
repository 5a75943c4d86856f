"""EfficientNet-Lite's weights as the file has them, at random."""

import torch

STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4),
          (6, 3, 1, 320, 1))
"""Expansion, kernel, first stride, channels, blocks: as the paper's table has them for B0."""


def blocks(size=0):
    """Channels in, channels within, channels out, kernel and stride of each block."""
    channels = 32
    for expansion, kernel, first, width, count in STAGES:
        for number in range(count + (size == 1 and count > 1)):
            yield channels, channels * expansion, width, kernel, 1 if number else first
            channels = width


def random_lite(size=0):
    """A state dict, with a small part of the classifier."""
    dice, state = torch.Generator().manual_seed(0), {}

    def convolution(name, *shape):
        fan_in = shape[1] * shape[2] * shape[3]
        state[f'{name}.weight'] = torch.randn(*shape, generator=dice) * (2 / fan_in) ** 0.5

    def norm(name, channels):
        for part in ('weight', 'running_var'):
            state[f'{name}.{part}'] = 0.5 + torch.rand(channels, generator=dice)
        for part in ('bias', 'running_mean'):
            state[f'{name}.{part}'] = 0.1 * torch.randn(channels, generator=dice)
        state[f'{name}.num_batches_tracked'] = torch.tensor(1)

    convolution('_conv_stem', 32, 3, 3, 3)
    norm('_bn0', 32)
    for number, (channels, within, width, kernel, _) in enumerate(blocks(size)):
        name = f'_blocks.{number}'
        if within != channels:
            convolution(f'{name}._expand_conv', within, channels, 1, 1)
            norm(f'{name}._bn0', within)
        convolution(f'{name}._depthwise_conv', within, 1, kernel, kernel)
        norm(f'{name}._bn1', within)
        convolution(f'{name}._project_conv', width, within, 1, 1)
        norm(f'{name}._bn2', width)
    norm('_bn1', 4)
    return state | {'_conv_head.weight': torch.zeros(1), '_fc.weight': torch.zeros(1), '_fc.bias': torch.zeros(1)}
