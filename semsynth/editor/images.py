"""Images: what a model makes of scenes, with the photos that are kept."""

from __future__ import annotations

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
    """

    def __init__(self, inferencer: Inferencer):
        self._inferencer = inferencer
        self._shown: tuple[Scene, np.ndarray] | None = None
        self._synthesised: tuple[Scene, np.ndarray] | None = None

    def of(self, scene: Scene) -> np.ndarray:
        """The image of a scene, ``(H, W, 3)`` uint8 RGB; where a photo is kept, of its size."""
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
        if self._synthesised is None or not _look_alike(self._synthesised[0], scene):
            styles = {key: torch.tensor(style) for key, style in scene.styles.items()}
            latent = None if scene.latent is None else torch.tensor(scene.latent)
            instance = scene.instance if self._inferencer.reads_instances else None
            result = self._inferencer.synthesize(scene.label, instance, styles, SEED, latent=latent)
            image = result['outputs']['image'].expand(3, -1, -1)  # a gray one has a single channel
            self._synthesised = scene, image.permute(1, 2, 0).contiguous().numpy()
        return self._synthesised[1]


def _look_alike(one: Scene, other: Scene) -> bool:
    """Whether two scenes differ in nothing that the model reads, so far as that is quickly seen."""
    return (one.label is other.label and one.instance is other.instance and one.styles is other.styles
            and one.latent is other.latent)
