"""Looks: the latents of a model, such as the weather of a whole image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.editor.scene import Style
from semsynth.editor.styling import SEED, vector
from semsynth.seeds import draw_latents


class Looks:
    """The looks that a model with a latent can give to an image.

    Args:
        inferencer: of the model.

    Attributes:
        length: numbers Z in a latent; 0 where the model has none.
        from_photos: whether the model can take one from a photo.
    """

    def __init__(self, inferencer: Inferencer):
        self._inferencer = inferencer
        self.length: int = inferencer.model.latent_dim or 0
        self.from_photos = inferencer.encodes_latents

    def require(self) -> None:
        """Raise a ValueError where the model has no latent."""
        if not self.length:
            raise ValueError('The model was trained without a latent: it makes one image of a layout, and there is no '
                             'other look.')

    def drawn(self, seed: int = SEED) -> Tensor:
        """A latent at random, ``(Z,)``."""
        self.require()
        return draw_latents([seed], self.length)[0]

    def of_photo(self, photo: np.ndarray, size: tuple[int, ...]) -> Tensor:
        """The latent of a photo, ``(h, w, 3)`` uint8 RGB of any size; for layouts of the size (height, width)."""
        self.require()
        return self._inferencer.encode_latent(photo, (size[0], size[1])).cpu()

    def check(self, latent: Sequence[float] | Tensor, context: str = '') -> Style:
        """The numbers of a latent; a ValueError where they are none of this model."""
        found = vector(latent)
        if found.shape != (self.length,) or not found.isfinite().all():
            raise ValueError(f'{context}A latent of this model has {self.length} finite numbers, not '
                             f'{found.tolist()}.')
        return tuple(found.tolist())
