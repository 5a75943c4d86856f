"""SeparateDiscriminators: one for images, another for edges."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from semsynth.discriminators.build import build_discriminator
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS


def split_verdict(verdict: list[list[Tensor]], count: int) -> list[list[list[Tensor]]]:
    """The verdict on ``count`` batches that were judged as one, batch by batch."""
    chunks = [[feature.chunk(count) for feature in scale] for scale in verdict]
    return [[[parts[number] for parts in scale] for scale in chunks] for number in range(count)]


@DISCRIMINATORS.register_module()
class SeparateDiscriminators(nn.Module):
    """A discriminator for each kind of real image, in place of one for all (ECGAN, appendix A: no better than the one).

    Each may be of another type; losses that do not understand one's logits are given views of the other kinds.

    Args:
        in_channels: channels of the layout and the image together.
        networks: config of each kind's discriminator, by the name of the real image:
            ``dict(image=dict(type=...), edge=dict(type=...))``. Channels are filled in.
        image_channels: channels of the image.

    Raises:
        ValueError: a kind has no discriminator.
    """

    reads_kinds = tells_layout_from_image = True

    def __init__(self, in_channels: int, networks: dict[str, dict | None], image_channels: int = 3):
        super().__init__()
        for kind, config in networks.items():
            if not config:
                raise ValueError(f'SeparateDiscriminators: networks has {kind}={config}, expected the config of a '
                                 'discriminator; where no view imitates such images, take the entry out.')
        self.networks = nn.ModuleDict({kind: build_discriminator(config, in_channels - image_channels, image_channels)
                                       for kind, config in networks.items()})
        self.size_divisor = math.lcm(*(getattr(network, 'size_divisor', 1) for network in self.networks.values()))

    def forward(self, layout: Layout, image: Tensor, kinds: Sequence[str]) -> list[list[list[Tensor]]]:
        """The verdicts on images ``(N * B, 3, H, W)`` in ``[-1, 1]``, each B of them of one of the N ``kinds``.

        Returns:
            One verdict, as of that kind's discriminator, for each B images, in their order.
        """
        chunks, verdicts = image.chunk(len(kinds)), {}
        for kind in dict.fromkeys(kinds):
            places = [place for place, its in enumerate(kinds) if its == kind]
            images = torch.cat([chunks[place] for place in places])
            # Each B rows of the layout are the same.
            rows = slice(len(images))
            verdict = self.networks[kind](layout.map(lambda tensor, rows=rows: tensor[rows]), images)
            verdicts |= zip(places, split_verdict(verdict, len(places)), strict=True)
        return [verdicts[place] for place in range(len(kinds))]
