"""HED's weights as the file has them, at random."""

import torch

WIDTHS = dict(One=(64, 64), Two=(128, 128), Thr=(256,) * 3, Fou=(512,) * 3, Fiv=(512,) * 3)


def random_hed(prefix='module'):
    """A state dict whose edges are neither black nor white; its keys, by the file that is in use everywhere."""
    dice, state, channels = torch.Generator().manual_seed(0), {}, 3

    def add(name, width, channels, size, scale):
        state[f'{prefix}{name}.weight'] = scale * torch.randn(width, channels, size, size, generator=dice) / (
            channels**0.5 * size)
        state[f'{prefix}{name}.bias'] = 0.1 * torch.randn(width, generator=dice)

    for number, widths in WIDTHS.items():
        for place, width in enumerate(widths):
            index = 2 * place + (number != 'One')  # pooling goes first
            add(f'Vgg{number}.{index}', width, channels, 3, 2**0.5 * (1 if channels > 3 else 0.02))
            channels = width
        add(f'Score{number}', 1, channels, 1, 1)
    add('Combine.0', 1, 5, 1, 2)
    return state
