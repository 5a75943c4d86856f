"""Parts: what a finished model consists of, for the parts that check whether the others fit.

A component that names another family's class in an annotation imports it from here, for type checkers alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from semsynth.discriminators.base import Discriminator
    from semsynth.discriminators.base import Verdict as Verdict
    from semsynth.encoders.base import Encoder
    from semsynth.generators.base import Generator
    from semsynth.heads.base import Head as Head
    from semsynth.heads.base import View
    from semsynth.losses.base import Loss
    from semsynth.segmentors.base import Segmentor


@dataclass(frozen=True)
class Parts:
    """What a finished model consists of.

    When a model has been built, ``check(parts)`` of each part is called once. A part that needs something of the others
    overrides it and raises a ValueError: one sentence that names the part to change.

    Args:
        generator: the generator with its head.
        views: the judged outputs by name, with the config's overrides.
        losses: the terms by name; empty for a model that only synthesises.
        num_classes: one-hot channels of the layouts; 0 for image-like inputs, which have no label map.
        unknown: the class index that means no class, or None.
        image_channels: channels of the images, 3 or 1.
        encoders: what adds a style or a latent to the layout; empty where nothing does.
        discriminator: the discriminator, or None.
        segmentor: the label generator, or None.
    """

    generator: Generator
    views: Mapping[str, View]
    losses: Mapping[str, Loss]
    num_classes: int
    unknown: int | None = None
    image_channels: int = 3
    encoders: tuple[Encoder, ...] = ()
    discriminator: Discriminator | None = None
    segmentor: Segmentor | None = None
