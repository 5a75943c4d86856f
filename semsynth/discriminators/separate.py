"""SeparateDiscriminators: one for images, another for edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from semsynth.discriminators.base import Discriminator, Turn, Verdict, build_discriminator
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS

if TYPE_CHECKING:
    from semsynth.parts import Parts


@DISCRIMINATORS.register_module()
class SeparateDiscriminators(Discriminator):
    """A discriminator for each kind of real image, in place of one for all (ECGAN, appendix A: no better than the one).

    Each may be of another type; losses that do not understand one's logits are given views of the other kinds.

    Args:
        in_channels: channels of the layout and the image together.
        networks: config of each kind's discriminator, by the name of the real image:
            ``dict(image=dict(type=...), edge=dict(type=...))``. Channels and classes are filled in.
        image_channels: channels of the image.
        num_classes: one-hot channels of the layout; None where the configs of the networks say it.

    Raises:
        ValueError: a kind has no discriminator; in forward, no kinds are given.
    """

    filled_in = ('in_channels', 'image_channels', 'num_classes')

    def __init__(self, in_channels: int, networks: dict[str, dict | None], image_channels: int = 3,
                 num_classes: int | None = None):
        super().__init__()
        built: dict[str, Discriminator] = {}
        for kind, config in networks.items():
            if not config:
                raise ValueError(f'SeparateDiscriminators: networks has {kind}={config}, expected the config of a '
                                 'discriminator; where no view imitates such images, take the entry out.')
            built[kind] = build_discriminator(config, in_channels - image_channels, image_channels, num_classes)
        self.networks = nn.ModuleDict(built)
        self.kinds = tuple(networks)
        self.size_divisor = math.lcm(*(network.size_divisor for network in built.values()))

    @property
    def waits_for(self) -> str | None:  # type: ignore[override]  # nobody sets it
        """What one of the networks waits for."""
        return next(filter(None, (self.judge_of(kind).waits_for for kind in self.networks)), None)

    def judge_of(self, kind: str) -> Discriminator:
        """The network of that kind."""
        return cast(Discriminator, self.networks[kind])

    def check(self, parts: Parts) -> None:
        """Have each network check the other parts."""
        for kind in self.networks:
            self.judge_of(kind).check(parts)

    def forward(self, layout: Layout, image: Tensor, kinds: Sequence[str] | None = None, turn: Turn | None = None,
                real: Sequence[bool] | None = None, logits: bool = True) -> list[Verdict]:
        """The verdicts on images ``(N * B, C, H, W)`` in ``[-1, 1]``, each B of them of one of the N ``kinds``.

        Returns:
            One verdict, as of that kind's discriminator, for each B images, in their order.
        """
        if kinds is None:
            raise ValueError(f'SeparateDiscriminators: kinds=None, expected the kind ({", ".join(self.networks)}) of '
                             "each part of the batch, such as kinds=['image'].")
        chunks = image.chunk(len(kinds))
        verdicts: dict[int, Verdict] = {}
        for kind in dict.fromkeys(kinds):
            places = [place for place, other in enumerate(kinds) if other == kind]
            images = torch.cat([chunks[place] for place in places])
            # Each B rows of the layout are the same.
            its = self.networks[kind](layout.map(itemgetter(slice(len(images)))), images, [kind] * len(places), turn,
                                      None if real is None else [real[place] for place in places], logits)
            verdicts |= zip(places, its, strict=True)
        return [verdicts[place] for place in range(len(kinds))]
