"""Opening: scenes from files or arrays, and what their photos give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semsynth.data.layout_reader import LayoutReader, Source, photo_of
from semsynth.data.numbering import Numbering
from semsynth.editor.history import Rest, Step
from semsynth.editor.looks import Looks
from semsynth.editor.project import load_project
from semsynth.editor.scene import Kept, Scene, check_feather
from semsynth.editor.styling import Styling


class Opening:
    """Makes scenes of files or arrays.

    Args:
        reader: reads them.
        numbering: of the objects of layouts that have no instance map.
        styling: the styles that the model has.
        looks: the latents that the model has.

    Attributes:
        files: all that were read.
    """

    def __init__(self, reader: LayoutReader, numbering: Numbering, styling: Styling, looks: Looks):
        self._reader, self._numbering, self._styling, self._looks = reader, numbering, styling, looks
        self.files: set[str | Path] = set()

    def scene(self, label: Source, instance: Source | None = None) -> Scene:
        """A layout; without an instance map it gets one."""
        return self._read(label, instance)[0]

    def scene_of_photo(self, photo: Source, label: Source, instance: Source | None = None,
                       feather: int | None = None) -> Scene:
        """A layout with the styles and the latent of its photo, as far as the model has encoders for these.

        Args:
            photo: of the same scene.
            label: the layout's label map; an array may go with a photo in a file, of the size to which it is resized.
            instance: its instance map, or None.
            feather: width of the rim around edits, where the photo is kept; None: it is not.
        """
        if isinstance(label, np.ndarray) and not isinstance(photo, np.ndarray):
            scene, resized = self._read(label, instance, self.resized(photo))
        else:
            scene, resized = self._read(label, instance, photo)
        return replace(
            scene, styles=self._styling.in_photo(scene, resized) if self._styling.channels else {},
            latent=self._looks.check(self.latent_of(photo, scene)) if self._looks.from_photos else None,
            kept=None if feather is None else Kept(
                photo_of(photo), np.zeros(scene.label.shape, bool), check_feather(feather)))

    def project(self, path: str | Path, classes: Sequence[str]) -> tuple[Scene, Sequence[Step]]:
        """The scene of a project file of a model with such classes, and the steps that led to it."""
        scene, past = load_project(path, classes, self._styling.owners)
        context = f'{path} is of another model. '
        for part in (Rest.of(scene), *(step.rest for step in past if step.rest)):
            for style in part.styles.values():
                self._styling.check(torch.tensor(style), context)
            if part.latent is not None:
                self._looks.check(part.latent, context)
        arrays = self._reader.read(scene.label, scene.instance)
        return replace(scene, label=arrays['label'], instance=arrays['instance']), past

    def resized(self, photo: Source) -> np.ndarray:
        """A photo of the size that the model reads, ``(H, W, 3)`` uint8 RGB; an array keeps its own."""
        self._note(photo)
        return self._reader.read(photo=photo)['photo']

    def latent_of(self, photo: Source, scene: Scene) -> Tensor:
        """The latent of any photo, for the layout of a scene."""
        self._note(photo)
        return self._looks.of_photo(photo_of(photo), scene.label.shape)

    def _read(self, label: Source, instance: Source | None, photo: Source | None = None) -> tuple[Scene, np.ndarray]:
        self._note(label, instance, photo)
        arrays = self._reader.read(label, instance, photo)
        if instance is None:
            arrays['instance'] = self._numbering.instances(arrays['label'])
        return Scene(arrays['label'], arrays['instance'], {}), arrays.get('photo', np.zeros((0, 0, 3), np.uint8))

    def _note(self, *sources: Source | None) -> None:
        self.files |= {source for source in sources if isinstance(source, str | Path)}
