"""Editor: a layout that can be changed, and the image that a model synthesises from it (pix2pixHD, 4.3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.data.layout_reader import Source
from semsynth.editor.history import Step
from semsynth.editor.images import Images
from semsynth.editor.layout_editor import LayoutEditor, read_only
from semsynth.editor.looks import Looks
from semsynth.editor.opening import Opening
from semsynth.editor.project import export_scene, save_project
from semsynth.editor.scene import FEATHER, Scene, check_feather
from semsynth.editor.styling import Styling
from semsynth.editor.styling import vector as as_vector
from semsynth.segmentors import Segmentor, label_photo
from semsynth.writing import check_out_file

SIDES, SIZE = range(1, 2**13 + 1), (256, 512)
"""Of an empty canvas: what its sides may be, and height and width where the model tells none."""


class Editor(LayoutEditor):
    """A layout under edit, the styles of its objects, and the image that a model synthesises from both.

    Args:
        inferencer: of a trained model.
        segmentor: labels the photos that ``open_photo`` opens.

    Attributes:
        classes: names by class index.
        palette: ``[r, g, b]`` by class index.
        ignored: index of the class that means none, or None.
        things: indices of the classes that come in instances.
        from_photos: indices of the classes that the segmentor can find in a photo.
        styling: the styles that the model has.
        looks: the latents that the model has.
        images: makes the images by the model, and says how long that took.

    Raises:
        ValueError: the model reads no label maps, or the segmentor does not fit its classes.
    """

    def __init__(self, inferencer: Inferencer, segmentor: Segmentor | None = None):
        self.inferencer, self.segmentor, self._reader = inferencer, segmentor, inferencer.reader
        space = self._reader.label_space
        if space is None:
            raise ValueError('The model reads image-like inputs, no label maps: there are no classes to edit.')
        super().__init__(space, self._reader.things)
        self.palette, self.ignored = self._reader.palette, space.unknown
        self.from_photos: frozenset[int] = frozenset()
        if segmentor is not None:
            segmentor.check_layout(space.num_classes, space.unknown)
            self.from_photos = frozenset(segmentor.indices().values())
        self.styling, self.looks, self.images = Styling(inferencer), Looks(inferencer), Images(inferencer)
        self._opening = Opening(self._reader, self._numbering, self.styling, self.looks)

    @property
    def image(self) -> np.ndarray:
        """The synthesised image, ``(H, W, 3)`` uint8 RGB; made when it is first read after an edit, then kept.

        Where a photo is kept, it is the photo, of its own size, with the synthesised image in place of what was edited.
        """
        return read_only(self.images.of(self.scene))

    @property
    def synthesised(self) -> np.ndarray:
        """The image that the model makes of the whole layout, also where a photo is kept."""
        return read_only(self.images.synthesised(self.scene))

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        """Height and width of the only images that the model makes; None where it makes any."""
        return self.inferencer.model.generator.fixed_size

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images that the model was trained for, so far as it tells."""
        height, width = self.fixed_size or self._reader.size or SIZE
        return height or SIZE[0], width or SIZE[1]

    def blank(self, height: int, width: int, class_index: int = 0) -> None:
        """Open an empty canvas, all of one class, in place of the layout that is open, whose history is dropped.

        Raises:
            ValueError: there is no such class, or the model makes no images of this size.
        """
        self._check_class(class_index)
        if height not in SIDES or width not in SIDES:
            raise ValueError(f'The canvas is {width} pixels wide and {height} high, instead of 1..{SIDES[-1]}.')
        self._start(self._opening.scene(np.full((height, width), class_index)))

    def open(self, label: Source, instance: Source | None = None, photo: Source | None = None, *,
             keep_photo: bool = False, feather: int = FEATHER) -> None:
        """Open a layout in place of the one that is open, whose history is dropped.

        Args:
            label: path of a label map in the data set's ids; or class indices ``(H, W)``, which keep their size.
            instance: path of its instance map, or object ids ``(H, W)``; None: each connected component of a thing is
                an object, and so is all that is of one other class.
            photo: path or ``(H, W, 3)`` uint8 RGB: its objects get the styles that they have there, and the whole its
                latent, as far as the model has encoders for these.
            keep_photo: whether the image is the photo itself, at its own size, but for what is edited.
            feather: width in pixels of the photo of the rim around an edit, in which it passes into the photo.

        Raises:
            ValueError: a file or array does not fit, there is no photo to keep, or the model has nothing to take from
                one that is not kept.
        """
        if keep_photo and photo is None:
            raise ValueError('keep_photo=True, but there is no photo to keep: give one.')
        if not (photo is None or keep_photo or self.styling.channels or self.looks.from_photos):
            raise ValueError('The model was trained without styles and without an encoder of latents, and takes '
                             'nothing from a photo: open the layout without it, or keep the photo (keep_photo=True).')
        self._start(self._opening.scene(label, instance) if photo is None else self._opening.scene_of_photo(
            photo, label, instance, feather if keep_photo else None))

    def open_photo(self, photo: Source, *, keep_photo: bool = False, feather: int = FEATHER) -> None:
        """Open the layout that the segmentor finds in a photo, with styles and latent of the photo, as far as the model
        has encoders for these.

        Args:
            photo: a path, resized to what the model reads; or ``(H, W, 3)`` uint8 RGB, which keeps its size.
            keep_photo: as of ``open``.
            feather: as of ``open``.

        Raises:
            ValueError: there is no segmentor, or the photo cannot be read.
        """
        if self.segmentor is None:
            raise ValueError('A photo alone needs a segmentor that labels it (--segmentor CONFIG CHECKPOINT, in Python '
                             'Editor(inferencer, segmentor)): start the editor with one, or give the label map, too.')
        label = label_photo(self.segmentor, self._opening.resized(photo))
        self._start(self._opening.scene_of_photo(photo, label, None, feather if keep_photo else None))

    def look(self, *, seed: int | None = None, photo: Source | None = None,
             vector: Sequence[float] | Tensor | None = None) -> None:
        """Give the image another look, such as another weather, by one of the ways. The styles of objects stay.

        Args:
            seed: draws a latent.
            photo: whose latent it gets, a path or ``(h, w, 3)`` uint8 RGB, of any scene and size.
            vector: the Z numbers of the latent.

        Raises:
            ValueError: the model has no latent, or no encoder that makes one of a photo; not exactly one way is given,
                or it does not fit.
        """
        _one_of('look', seed=seed, photo=photo, vector=vector)
        self.looks.require()
        if seed is not None:
            latent = self.looks.drawn(seed)
        elif photo is not None:
            latent = self._opening.latent_of(photo, self.scene)
        else:
            latent = as_vector(cast(Sequence[float], vector))
        self._commit(replace(self.scene, latent=self.looks.check(latent)))

    @property
    def latent(self) -> Tensor:
        """The latent of the look, ``(Z,)``."""
        chosen = self.scene.latent
        return self.looks.drawn() if chosen is None else torch.tensor(chosen)

    def feather(self, width: int) -> None:
        """Let edits pass into the kept photo over so many of its pixels.

        Raises:
            ValueError: no photo is kept, or the width is below 0.
        """
        kept = self.scene.kept
        if kept is None:
            raise ValueError('No photo is kept that an edit could pass into: open one with keep_photo=True.')
        self._commit(replace(self.scene, kept=replace(kept, feather=check_feather(width))))

    def paste(self, label: Source, instance: Source | None, id: int, dx: int = 0, dy: int = 0) -> int:
        """Add an object of another layout.

        Args:
            label: the layout's label map, as of ``open``.
            instance: its instance map, or None, as of ``open``.
            id: the object there.
            dx: by how much to move it to the right of its place there.
            dy: by how much to move it down.

        Returns:
            Its id here, as of ``add``.
        """
        other = self._opening.scene(label, instance)
        return super().paste(other.label, other.instance, id, dx, dy)

    def style(self, id: int, *, cluster: int | None = None, like: int | None = None,
              vector: Sequence[float] | Tensor | None = None,
              photo: tuple[Source, Source, Source | None, int] | None = None, seed: int | None = None) -> None:
        """Give an object a style, by one of the ways. A model that reads no instances has one style a class.

        Args:
            id: the object.
            cluster: number of one of the clusters of its class in the model's style bank.
            like: another object, whose style it gets.
            vector: the F numbers themselves.
            photo: a photo, its label map, its instance map or None, and the id of an object there.
            seed: draws one of the clusters of its class.

        Raises:
            ValueError: the model has no styles, not exactly one way is given, or it does not fit.
        """
        found = self._object(id, whole=False)
        _one_of('style', cluster=cluster, like=like, vector=vector, photo=photo, seed=seed)
        self.styling.require()
        key = self.styling.key(found)
        if cluster is not None:
            chosen = self.styling.bank.cluster(found.class_index, cluster)
        elif like is not None:
            chosen = self.style_of(like)
        elif vector is not None:
            chosen = as_vector(vector)
        elif photo is not None:
            if len(photo) != 4:
                raise ValueError(f'photo has {len(photo)} parts, instead of a photo, its label map, its instance map '
                                 'or None, and the id of an object.')
            chosen = self._style_in_photo(*photo)
        else:
            chosen = self.styling.bank.pick(found.class_index, key, cast(int, seed))  # the one way that is left
        styles = {**self.scene.styles, key: self.styling.check(chosen)}
        self._commit(replace(self.scene, styles=styles), self.styling.pixels(self.scene, key))

    def style_of(self, id: int) -> Tensor:
        """The style of an object, ``(F,)``: the one that it was given, else the one that is drawn for it."""
        found = self._object(id, whole=False)
        self.styling.require()
        return self.styling.of(self.scene, found)

    def save(self, path: str | Path, *, history: bool = False) -> Path:
        """Write a project file: the scene and its styles. The file is whole or is not written.

        Args:
            path: of the file.
            history: whether its last edits go with it, and can be undone when it is opened again.

        Raises:
            ValueError: the path is no place for a file, or a file that a scene was read from.
        """
        return save_project(check_out_file(path, self._opening.files), self.scene, self.classes, self.styling.owners,
                            self.past if history else ())

    def load(self, path: str | Path) -> None:
        """Open a project file in place of the layout that is open, whose history is dropped.

        Raises:
            ValueError: it is none, or is of a model with other classes or styles.
        """
        self._start(*self._opening.project(path, self.classes))

    def export(self, folder: str | Path, name: str) -> dict[str, Path]:
        """Write ``NAME.png``, the image, and the layout as files of the data set: maps of its ids, under its endings of
        label and instance maps; where these do not differ, ``NAME_label.png`` and ``NAME_instance.png``.

        Returns:
            The paths of ``label``, ``instance`` (``.tif`` where ids need more than 16 bits) and ``image``.

        Raises:
            ValueError: the folder is no place for files, or one of them is a file that a scene was read from.
        """
        return export_scene(self.scene, self.image, self._reader, Path(folder), name, self._opening.files)

    def _start(self, scene: Scene, past: Sequence[Step] = ()) -> None:
        fixed, (height, width) = self.fixed_size, scene.label.shape
        if fixed not in (None, (height, width)):
            raise ValueError(f'The layout is {width} pixels wide and {height} high, but this model makes images of '
                             f'{fixed[1]}x{fixed[0]} alone, since its latent fixes their size.')
        super()._start(scene, past)

    def _style_in_photo(self, photo: Source, label: Source, instance: Source | None, id: int) -> Tensor:
        scene = self._opening.scene(label, instance)
        found = self._object(id, scene, whole=False)
        styled = self._opening.scene_of_photo(photo, label, instance)
        return torch.tensor(styled.styles[self.styling.key(found)])

    def _style_keys(self, scene: Scene) -> Collection[int]:
        return self.styling.keys(scene)


def _one_of(what: str, **ways: object) -> None:
    given = [name for name, value in ways.items() if value is not None]
    if len(given) != 1:
        raise ValueError(f'{what} takes one of {", ".join(ways)}, not {" and ".join(given) or "none of them"}.')
