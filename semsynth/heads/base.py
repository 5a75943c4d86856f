"""Head: the contract of all heads. Features in, named images out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor, nn

from semsynth.layout import Layout
from semsynth.registry import HEADS

if TYPE_CHECKING:
    from semsynth.parts import Parts


@dataclass
class View:
    """An output of the generator that is judged.

    Args:
        real: name of the real image that it imitates.
        weight: its factor in the losses that sum over views.
    """

    real: str = 'image'
    weight: float = 1.0

    @property
    def is_image(self) -> bool:
        """Whether it imitates the photo, and not, say, the photo's edges."""
        return self.real == 'image'


class Head(nn.Module):
    """Turns features into named images: the last layers of a generator.

    Args:
        in_channels: channels C of the features.
        outputs: names of the outputs.
        views: the outputs that are judged by default.
        must_be_read: outputs whose parameters learn only if a loss reads that very output.
    """

    filled_in: tuple[str, ...] = ()
    """Arguments that the model fills in: ``num_classes`` of the layout."""
    image_channels: int = 3
    """Channels of its images, and so of the real images and of what a discriminator reads: 3, or 1 for gray."""
    reads_label_map: bool = False
    """Whether it reads the layout's label map, which image-like inputs do not have."""
    num_classes: int | None = None
    """One-hot channels N of the label maps that it reads; None where any will do."""
    embedding_channels: int | None = None
    """Channels of its output ``'embedding'``; None where it makes none."""
    waits_for: str | None = None
    """What it reads from the device in a step of training, in words: a CUDA graph cannot hold that (``model.graphs``).
    None where it reads nothing, and does the same in every step."""

    def __init__(self, in_channels: int, outputs: tuple[str, ...], views: dict[str, View],
                 must_be_read: tuple[str, ...]):
        super().__init__()
        self.in_channels = in_channels
        self.outputs, self.views, self.must_be_read = outputs, views, must_be_read

    @property
    def captions(self) -> dict[str, str]:
        """What its outputs that show the scene are called below pictures, in the paper's words."""
        return dict(image='the image')

    @property
    def weight_captions(self) -> dict[str, str]:
        """What those of its ``inner_values`` are called below pictures that weigh or gate pixels, in the paper's words:
        maps ``(B, 1, H, W)`` from 0 to 1."""
        return {}

    @property
    def switched_off(self) -> list[str]:
        """What of its ``inner_values`` this head could have and lacks, and why, in words for below pictures."""
        return []

    def check(self, parts: Parts) -> None:
        """Raise ValueError, in one sentence, where the other parts of the model do not fit.

        By default where the layouts have other classes than the label maps that it reads.
        """
        if self.reads_label_map and parts.num_classes and self.num_classes not in (None, parts.num_classes):
            raise ValueError(f'generator.head: {type(self).__name__} has num_classes={self.num_classes}, but the '
                             f'layout has {parts.num_classes}; give both the same.')

    def check_layout(self, layout: Layout) -> None:
        """Raise ValueError where a layout does not have the label map that it reads, with that number of classes."""
        if self.reads_label_map and (layout.label is None or self.num_classes not in (None, layout.num_classes)):
            found = 'no label map' if layout.label is None else f'{layout.num_classes} classes'
            raise ValueError(f'{type(self).__name__}: num_classes={self.num_classes}, but the layout has {found}; '
                             'correct num_classes, or use a head that reads no label maps.')

    def drop_extras(self) -> None:
        """Stop computing, for good, the outputs that only losses read; the other images stay the same."""

    def fix_shapes(self) -> None:
        """Compute, from now on, with tensors whose shapes do not depend on the label map, as exporters need it."""

    def inner_values(self, features: Tensor, layout: Layout) -> dict[str, Tensor | list[Tensor]]:
        """Intermediate values worth a picture, by name, ``(B, C, H, W)`` each;
        ``Insides`` lists the names that pictures are drawn of, beside those of ``weight_captions``."""
        return {}

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to float32 outputs by name, images ``(B, image_channels, H, W)`` in ``[-1, 1]``."""
        raise NotImplementedError


def with_classes(generator: dict, num_classes: int) -> dict:
    """The config of a generator, whose head gets the number of classes where it takes one and has none.

    Args:
        generator: config of the generator.
        num_classes: one-hot channels of the layouts, 0 for image-like inputs.
    """
    head = generator.get('head')
    if not head or 'num_classes' not in HEADS.kind_of(head).filled_in:
        return generator
    return {**generator, 'head': {'num_classes': num_classes, **head}}
