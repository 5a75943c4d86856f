"""Images: what a model makes of scenes, with the photos that are kept."""

from __future__ import annotations

import time

import numpy as np
import torch

from semsynth.apis.inferencer import Inferencer
from semsynth.editor.composite import composite
from semsynth.editor.scene import Scene
from semsynth.editor.styling import SEED


class Images:
    """The images of scenes; the last one is kept.

    Args:
        inferencer: of the model.

    Attributes:
        seconds: that the model took for the image that was asked for last; 0 where it was not needed.
    """

    def __init__(self, inferencer: Inferencer):
        self._inferencer = inferencer
        self.seconds = 0.0
        self._shown: tuple[Scene, np.ndarray] | None = None
        self._synthesised: tuple[Scene, np.ndarray] | None = None

    def of(self, scene: Scene) -> np.ndarray:
        """The image of a scene, ``(H, W, 3)`` uint8 RGB; where a photo is kept, of its size."""
        self.seconds = 0.0
        if self._shown is None or self._shown[0] is not scene:
            if scene.kept is None:
                image = self.synthesised(scene)
            elif scene.kept.edited.any():
                image = composite(scene.kept, self.synthesised(scene))
            else:
                image = scene.kept.photo
            self._shown = scene, image
        return self._shown[1]

    def synthesised(self, scene: Scene) -> np.ndarray:
        """What the model makes of a scene, whether a photo is kept or not, ``(H, W, 3)`` uint8 RGB."""
        self.seconds = 0.0
        if self._synthesised is None or not _look_alike(self._synthesised[0], scene):
            start = time.perf_counter()
            styles = {key: torch.tensor(style) for key, style in scene.styles.items()}
            latent = None if scene.latent is None else torch.tensor(scene.latent)
            instance = scene.instance if self._inferencer.reads_instances else None
            result = self._inferencer.synthesize(scene.label, instance, styles, SEED, latent=latent)
            image = result['outputs']['image'].expand(3, -1, -1)  # a gray one has a single channel
            self._synthesised = scene, image.permute(1, 2, 0).contiguous().numpy()
            self.seconds = time.perf_counter() - start
        return self._synthesised[1]


def _look_alike(one: Scene, other: Scene) -> bool:
    """Whether two scenes differ in nothing that the model reads, so far as that is quickly seen."""
    return (one.label is other.label and one.instance is other.instance and one.styles is other.styles
            and one.latent is other.latent)
