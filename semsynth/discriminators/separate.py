"""SeparateDiscriminators: one for images, another for edges."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS


@DISCRIMINATORS.register_module()
class SeparateDiscriminators(nn.Module):
    """A discriminator for each kind of real image, in place of one for all (ECGAN, appendix A: no better than the one).

    Args:
        in_channels: channels of the layout and the image together.
        networks: config of each kind's discriminator, by the name of the real image:
            ``dict(image=dict(type=...), edge=dict(type=...))``. They must give alike many feature maps, of the same
            sizes and channels.
    """

    reads_kinds = True

    def __init__(self, in_channels: int, networks: dict[str, dict]):
        super().__init__()
        self.networks = nn.ModuleDict({
            kind: DISCRIMINATORS.build(network, default_args=dict(in_channels=in_channels))
            for kind, network in networks.items()})
        self.returns_features = all(network.returns_features for network in self.networks.values())

    def forward(self, layout: Layout, image: Tensor, kinds: Sequence[str]) -> list[list[Tensor]]:
        """The verdict on images ``(N * B, 3, H, W)`` in ``[-1, 1]``, each B of them of one of the N ``kinds``.

        Returns:
            One list of feature maps per scale, finest scale first, the logits last in each, in the order of the images.
        """
        chunks, verdicts, order = image.chunk(len(kinds)), [], []
        for kind in dict.fromkeys(kinds):
            own = [number for number, its in enumerate(kinds) if its == kind]
            images = torch.cat([chunks[number] for number in own])
            # Each B rows of the layout are the same.
            rows = slice(len(images))
            verdicts.append(self.networks[kind](layout.map(lambda tensor, rows=rows: tensor[rows]), images))
            order += own
        back = sorted(range(len(kinds)), key=order.__getitem__)

        def merge(features: Sequence[Tensor]) -> Tensor:
            parts = torch.cat(features).chunk(len(kinds))
            return torch.cat([parts[place] for place in back])

        return [[merge(features) for features in zip(*scale, strict=True)] for scale in zip(*verdicts, strict=True)]
