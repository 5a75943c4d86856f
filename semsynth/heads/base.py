"""What every head is: features in, named images out."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from semsynth.layout import Layout


@dataclass
class View:
    """One judged output of the generator.

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
    """Features to named images.

    Args:
        in_channels: channels C of the features.
        outputs: names of what it makes.
        views: the outputs that are judged by default.
        must_be_read: outputs whose parameters learn only if a loss reads that very output.
    """

    image_channels = 3
    """Channels of the images that it makes, and so of the real ones and of what a discriminator reads: 3, or 1."""
    reads_label_map = False
    """Whether it reads the layout's label map, which image-like inputs have not."""

    def __init__(self, in_channels: int, outputs: tuple[str, ...], views: dict[str, View],
                 must_be_read: tuple[str, ...]):
        super().__init__()
        self.in_channels = in_channels
        self.outputs, self.views, self.must_be_read = outputs, views, must_be_read

    def drop_extras(self) -> None:
        """Stop making, for good, the outputs that only losses read; images stay as they are."""

    def forward(self, features: Tensor, layout: Layout) -> dict[str, Tensor]:
        """Features ``(B, C, H, W)`` to float32 outputs by name, images ``(B, image_channels, H, W)`` in ``[-1, 1]``."""
        raise NotImplementedError
