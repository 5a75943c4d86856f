"""Styling: the styles of a model's objects, what they belong to, and where they come from."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import torch
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.editor.scene import Object, Scene, Style
from semsynth.styles import StyleBank

SEED = 0
"""Of styles that were not chosen."""


class Styling:
    """The styles of the objects of a model that reads instances; of another one, of its classes.

    Args:
        inferencer: of the model.

    Attributes:
        channels: numbers in a style; 0 where the model has none.
        owners: what styles belong to, ``'objects'`` or ``'classes'``.
    """

    def __init__(self, inferencer: Inferencer):
        self._inferencer = inferencer
        self.channels: int = inferencer.model.style_channels
        self.owners = 'objects' if inferencer.reads_instances else 'classes'

    @property
    def bank(self) -> StyleBank:
        """The styles to choose from."""
        if self._inferencer.styles is None:
            raise ValueError('The model has no file of styles to choose from: make one with semsynth encode_styles.')
        return self._inferencer.styles

    def require(self) -> None:
        """Raise a ValueError where the model has no styles."""
        if not self.channels:
            raise ValueError('The model was trained without styles: there is none to give to an object.')

    def check(self, style: Tensor, context: str = '') -> Style:
        """The numbers of a style; a ValueError where they are none of this model."""
        if style.shape != (self.channels,) or not style.isfinite().all():
            raise ValueError(f'{context}A style of this model has {self.channels} finite numbers, not '
                             f'{style.tolist()}.')
        return tuple(style.tolist())

    def key(self, found: Object) -> int:
        """Under which a scene has the style of an object."""
        return found.id if self._inferencer.reads_instances else found.class_index

    def keys(self, scene: Scene) -> Collection[int]:
        """Of all styles that a scene can have."""
        if self._inferencer.reads_instances:
            return scene.objects
        return {class_index for found in scene.objects.values() for class_index in found.areas}

    def pixels(self, scene: Scene, key: int) -> np.ndarray:
        """Where the owner of a style is, ``(H, W)`` bool."""
        return (scene.instance if self._inferencer.reads_instances else scene.label) == key

    def of(self, scene: Scene, found: Object) -> Tensor:
        """The style of an object: the one that it was given, else the one that is drawn for it."""
        key = self.key(found)
        if key in scene.styles:
            return torch.tensor(scene.styles[key])
        bank = self._inferencer.styles or StyleBank.neutral(self.channels)
        return bank.pick(found.class_index, key, SEED)

    def in_photo(self, scene: Scene, photo: np.ndarray) -> dict[int, Style]:
        """The styles that a scene's objects have in its photo, ``(H, W, 3)`` uint8 RGB."""
        self.require()
        instance = scene.instance if self._inferencer.reads_instances else None
        found = self._inferencer.encode(photo, scene.label, instance)
        return {key: self.check(style) for key, style in found.items()}


def vector(numbers: Sequence[float] | Tensor) -> Tensor:
    """A style, or a latent, from its numbers."""
    try:
        return torch.as_tensor(numbers, dtype=torch.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f'A style or a latent is given as numbers, not as {numbers!r}.') from error
