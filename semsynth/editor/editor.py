"""Editor: a layout that can be changed, and the image that a model synthesises from it (pix2pixHD, 4.3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.data.layout_reader import Source
from semsynth.editor import shapes
from semsynth.editor.layout_editor import LayoutEditor, read_only
from semsynth.editor.project import load_project, save_project, write_instance, write_label
from semsynth.editor.scene import Object, Scene, Style
from semsynth.segmentors import Segmentor, label_photo
from semsynth.styles import StyleBank
from semsynth.writing import check_out_file, write_png

SEED = 0
"""Seed of a latent, and of the styles that were not chosen."""


class Editor(LayoutEditor):
    """A layout under edit, the styles of its objects, and the image that a model synthesises from both.

    Args:
        inferencer: of a trained model.
        segmentor: labels the photos that ``open_photo`` opens.

    Attributes:
        classes: names by class index.
        palette: ``[r, g, b]`` by class index.
        things: indices of the classes that come in instances.
        from_photos: indices of the classes that the segmentor can find in a photo.

    Raises:
        ValueError: the model reads no label maps, or the segmentor does not fit its classes.
    """

    def __init__(self, inferencer: Inferencer, segmentor: Segmentor | None = None):
        self.inferencer, self.segmentor, self._reader = inferencer, segmentor, inferencer.reader
        space = self._reader.label_space
        if space is None:
            raise ValueError('The model reads image-like inputs, no label maps: there are no classes to edit.')
        super().__init__(space, self._reader.things)
        self.palette = self._reader.palette
        self.from_photos: frozenset[int] = frozenset()
        if segmentor is not None:
            segmentor.check_layout(space.num_classes, space.unknown)
            self.from_photos = frozenset(segmentor.indices().values())
        self._drawn: tuple[Scene, np.ndarray] | None = None
        self._files: set[str | Path] = set()  # that a scene or a style was read from

    @property
    def image(self) -> np.ndarray:
        """The synthesised image, ``(H, W, 3)`` uint8 RGB; made when it is first read after an edit, then kept."""
        scene = self.scene
        if self._drawn is None or self._drawn[0] is not scene:
            styles = {key: torch.tensor(style) for key, style in scene.styles.items()}
            result = self.inferencer.synthesize(scene.label, self._read_by_model(scene), styles, SEED)
            image = result['outputs']['image'].expand(3, -1, -1)  # a gray one has a single channel
            self._drawn = scene, image.permute(1, 2, 0).contiguous().numpy()
        return read_only(self._drawn[1])

    def open(self, label: Source, instance: Source | None = None, photo: Source | None = None) -> None:
        """Open a layout in place of the one that is open, whose history is dropped.

        Args:
            label: path of a label map in the data set's ids; or class indices ``(H, W)``, which keep their size.
            instance: path of its instance map, or object ids ``(H, W)``; None: each connected component of a thing is
                an object, and so is all that is of one other class.
            photo: path or ``(H, W, 3)`` uint8 RGB: its objects get the styles that they have there.

        Raises:
            ValueError: a file or array does not fit, or the model has no styles to take from a photo.
        """
        scene, photo = self._read(label, instance, photo)
        self._start(scene if photo is None else self._like_photo(scene, photo))

    def open_photo(self, photo: Source) -> None:
        """Open the layout that the segmentor finds in a photo, with the styles of the photo where the model has some.

        Args:
            photo: a path, resized to what the model reads; or ``(H, W, 3)`` uint8 RGB, which keeps its size.

        Raises:
            ValueError: there is no segmentor, or the photo cannot be read.
        """
        if self.segmentor is None:
            raise ValueError('A photo needs a segmentor that labels it, but the editor was made without one.')
        self._files |= _paths(photo)
        photo = self._reader.read(photo=photo)['photo']
        scene, _ = self._read(label_photo(self.segmentor, photo))
        self._start(self._like_photo(scene, photo) if self._style_channels else scene)

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
        other, _ = self._read(label, instance)
        found = self._object(id, other)
        mask = shapes.shift(other.instance == id, self.scene.label.shape, int(dx), int(dy))
        return self.paint(mask, found.class_index)

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
        ways = dict(cluster=cluster, like=like, vector=vector, photo=photo, seed=seed)
        given = [name for name, value in ways.items() if value is not None]
        if len(given) != 1:
            raise ValueError(f'style takes one of {", ".join(ways)}, not {" and ".join(given) or "none of them"}.')
        self._check_styled()
        key = self._style_key(found)
        if cluster is not None:
            chosen = self._bank.cluster(found.class_index, cluster)
        elif like is not None:
            chosen = self.style_of(like)
        elif vector is not None:
            chosen = _vector(vector)
        elif photo is not None:
            if len(photo) != 4:
                raise ValueError(f'photo has {len(photo)} parts, instead of a photo, its label map, its instance map '
                                 'or None, and the id of an object.')
            chosen = self._style_in_photo(*photo)
        else:
            chosen = self._bank.pick(found.class_index, key, cast(int, seed))  # the one way that is left
        self._commit(styles={**self.scene.styles, key: self._check_style(chosen)})

    def style_of(self, id: int) -> Tensor:
        """The style of an object, ``(F,)``: the one that it was given, else the one that is drawn for it."""
        found = self._object(id, whole=False)
        self._check_styled()
        key = self._style_key(found)
        if key in self.scene.styles:
            return torch.tensor(self.scene.styles[key])
        bank = self.inferencer.styles or StyleBank.neutral(self._style_channels)
        return bank.pick(found.class_index, key, SEED)

    def save(self, path: str | Path) -> Path:
        """Write a project file: the scene and its styles, without the history. The file is whole or is not written.

        Raises:
            ValueError: the path is no place for a file, or a file that a scene was read from.
        """
        return save_project(check_out_file(path, self._files), self.scene, self.classes, self._styles_of)

    def load(self, path: str | Path) -> None:
        """Open a project file in place of the layout that is open, whose history is dropped.

        Raises:
            ValueError: it is none, or is of a model with other classes or styles.
        """
        scene = load_project(path, self.classes, self._styles_of)
        arrays = self._reader.read(scene.label, scene.instance)
        for style in scene.styles.values():
            self._check_style(torch.tensor(style), f'{path} is of another model. ')
        self._start(Scene(arrays['label'], arrays['instance'], scene.styles))

    def export(self, folder: str | Path, name: str) -> dict[str, Path]:
        """Write ``NAME.png``, the image, and the layout as files of the data set: maps of its ids, under its endings of
        label and instance maps; where these do not differ, ``NAME_label.png`` and ``NAME_instance.png``.

        Returns:
            The paths of ``label``, ``instance`` (``.tif`` where ids need more than 16 bits) and ``image``.

        Raises:
            ValueError: the folder is no place for files, or one of them is a file that a scene was read from.
        """
        scene, image = self.scene, self.image
        endings = [self._reader.suffixes[kind][0] for kind in ('label', 'instance')]
        label, instance = endings if endings[0] != endings[1] else ('_label.png', '_instance.png')
        for ending in (label, instance, f'{Path(instance).stem}.tif', '.png'):
            check_out_file(Path(folder, name + ending), self._files)
        written = write_instance(Path(folder, name + instance), scene.instance)  # first: it may be refused
        return dict(label=write_label(Path(folder, name + label), scene.label, self._numbering.label_space),
                    instance=written, image=write_png(Path(folder, f'{name}.png'), image))

    @property
    def _style_channels(self) -> int:
        return self.inferencer.model.style_channels

    @property
    def _styles_of(self) -> str:
        return 'objects' if self.inferencer.reads_instances else 'classes'

    @property
    def _bank(self) -> StyleBank:
        if self.inferencer.styles is None:
            raise ValueError('The model has no file of styles to choose from: make one with semsynth encode_styles.')
        return self.inferencer.styles

    def _read(self, label: Source, instance: Source | None = None,
              photo: Source | None = None) -> tuple[Scene, np.ndarray | None]:
        self._files |= _paths(label, instance, photo)
        arrays = self._reader.read(label, instance, photo)
        if instance is None:
            arrays['instance'] = self._numbering.instances(arrays['label'])
        return Scene(arrays['label'], arrays['instance'], {}), arrays.get('photo')

    def _read_by_model(self, scene: Scene) -> np.ndarray | None:
        return scene.instance if self.inferencer.reads_instances else None

    def _like_photo(self, scene: Scene, photo: np.ndarray) -> Scene:
        found = self.inferencer.encode(photo, scene.label, self._read_by_model(scene))
        return Scene(scene.label, scene.instance, {key: self._check_style(style) for key, style in found.items()})

    def _style_in_photo(self, photo: Source, label: Source, instance: Source | None, id: int) -> Tensor:
        scene, photo = self._read(label, instance, photo)
        key = self._style_key(self._object(id, scene, whole=False))
        return torch.tensor(self._like_photo(scene, cast(np.ndarray, photo)).styles[key])

    def _style_key(self, found: Object) -> int:
        return found.id if self.inferencer.reads_instances else found.class_index

    def _style_keys(self, scene: Scene) -> Collection[int]:
        if self.inferencer.reads_instances:
            return scene.objects
        return {class_index for found in scene.objects.values() for class_index in found.areas}

    def _check_styled(self) -> None:
        if not self._style_channels:
            raise ValueError('The model was trained without styles: there is none to give to an object.')

    def _check_style(self, style: Tensor, context: str = '') -> Style:
        if style.shape != (self._style_channels,) or not style.isfinite().all():
            raise ValueError(f'{context}A style of this model has {self._style_channels} finite numbers, not '
                             f'{style.tolist()}.')
        return tuple(style.tolist())


def _paths(*sources: Source | None) -> set[str | Path]:
    return {source for source in sources if isinstance(source, str | Path)}


def _vector(numbers: Sequence[float] | Tensor) -> Tensor:
    try:
        return torch.as_tensor(numbers, dtype=torch.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f'A style is given as numbers, not as {numbers!r}.') from error
