"""What every encoder is: a photo's look, added to the layout as a style or a latent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from semsynth.layout import Layout

if TYPE_CHECKING:
    from semsynth.parts import Parts


class Encoder(nn.Module):
    """Adds to a layout what it takes from a photo: a style, a latent, or both."""

    in_channels: int | None = None
    """Channels of the photos that it reads; None for any."""
    size_divisor: int = 1
    """Height and width of its photos must be multiples of this."""
    style_channels: int = 0
    """Channels F of the style that it makes; 0 where it makes none."""
    latent_dim: int | None = None
    """Length Z of the latent that it makes; None where it makes none."""
    waits_for: str | None = None
    """What it reads from the device in a step of training, in words: a CUDA graph cannot hold that (``model.graphs``).
    None where it reads nothing, and does the same in every step."""

    def forward(self, layout: Layout, image: Tensor) -> Layout:
        """The layout with the style or the latent of a photo ``(B, C, H, W)`` in ``[-1, 1]``.

        A style is ``(B, F, H, W)`` and constant on each of the layout's objects. A latent is ``(B, Z)``; in training it
        is drawn from its posterior, otherwise it is the posterior's mean.
        """
        raise NotImplementedError

    def encode(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, ``(B, Z)`` float32 each, of the latent's posterior, given the photo.

        Defined by encoders that make latents.
        """
        raise NotImplementedError

    @property
    def members(self) -> tuple[Encoder, ...]:
        """The encoders that it consists of; by default itself alone."""
        return (self,)

    def check(self, parts: Parts) -> None:
        """Raise ValueError where it makes nothing, or the model's images are not what it reads."""
        name = type(self).__name__
        if not self.style_channels and not self.latent_dim:
            raise ValueError(f'encoder: {name} has style_channels=0 and latent_dim=None, so that nothing would be read '
                             'of it; set the one that it makes, or set encoder=None.')
        if self.in_channels not in (None, parts.image_channels):
            raise ValueError(f'encoder: in_channels={self.in_channels}, but the images of '
                             f'{type(parts.generator.head).__name__} have {parts.image_channels}; give {name} '
                             f'in_channels={parts.image_channels}.')
