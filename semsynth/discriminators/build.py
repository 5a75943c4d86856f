"""Discriminators with the channels of what they are to read."""

from __future__ import annotations

from torch import nn

from semsynth.registry import DISCRIMINATORS


def build_discriminator(config: dict, layout_channels: int, image_channels: int) -> nn.Module:
    """A discriminator; the channels that its config leaves out are filled in.

    Args:
        config: config of the discriminator.
        layout_channels: channels of ``layout.unstyled``.
        image_channels: channels of the images.

    Raises:
        ValueError: the config has other channels than it would read.
    """
    kind = config.get('type')
    kind = DISCRIMINATORS.get(kind) if isinstance(kind, str) else kind
    read = dict(in_channels=image_channels + layout_channels * getattr(kind, 'reads_layout', True))
    if getattr(kind, 'tells_layout_from_image', False):
        read['image_channels'] = image_channels
    for name, channels in read.items():
        if config.get(name, channels) != channels:
            raise ValueError(f'discriminator: {name}={config[name]}, but {kind.__name__} would read {channels}; leave '
                             f'{name} out to have it filled in.')
    return DISCRIMINATORS.build(config, default_args=read)
