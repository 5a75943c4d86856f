"""Editor: change a layout, and the image follows (pix2pixHD, 4.3). No page, no window: what such things call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semsynth.apis.inferencer import Inferencer
from semsynth.editing import edits, shapes
from semsynth.editing.labelling import index_table, label_photo
from semsynth.editing.numbering import Numbering
from semsynth.editing.project import load_project, save_project, write_instance, write_label
from semsynth.editing.reading import Source, read_scene
from semsynth.editing.scene import History, Object, Scene, Style
from semsynth.segmentors import Segmentor
from semsynth.styles import StyleBank
from semsynth.writing import write_png

SEED = 0
"""Of the styles that nobody chose, and of a latent."""


class Editor:
    """A scene that can be changed, and its image.

    Every operation checks its arguments first: where it raises, nothing has changed. Coordinates are pixels of the
    layout, x to the right, y down; an id is an object's in ``instance``.

    Args:
        inferencer: of a trained model.
        segmentor: labels the photos that :meth:`open_photo` opens.

    Attributes:
        classes: names by class index.
        palette: ``[r, g, b]`` by class index.
        things: indices of the classes that come in instances.
        from_photos: indices of the classes that the segmentor can find in a photo.

    Raises:
        ValueError: the model reads no label maps, or the segmentor does not fit its classes.
    """

    def __init__(self, inferencer: Inferencer, segmentor: Segmentor | None = None):
        dataset = inferencer.dataset
        if dataset.label_space is None:
            raise ValueError('The model reads image-like inputs, no label maps: there are no classes to edit.')
        self.inferencer, self.segmentor = inferencer, segmentor
        self.classes, self.palette = tuple(dataset.metainfo['classes']), dataset.metainfo['palette']
        self.things = frozenset(dataset.metainfo['things'])
        self.from_photos = frozenset()
        if segmentor is not None:
            segmentor.check_layout(dataset.label_space.num_classes, dataset.label_space.unknown)
            self.from_photos = frozenset(index_table(segmentor).values())
        self._numbering = Numbering(dataset.label_space, self.things)
        self._scene: Scene | None = None
        self._history = History()
        self._image: np.ndarray | None = None

    # What there is

    @property
    def label(self) -> np.ndarray:
        """Class indices, ``(H, W)``, read-only."""
        return _read_only(self._opened.label)

    @property
    def instance(self) -> np.ndarray:
        """Object ids, ``(H, W)`` int64, read-only. Where the layout came without, each connected component of a thing
        is an object, and so is all that is of one other class; a model that reads no instances does not see them."""
        return _read_only(self._opened.instance)

    @property
    def image(self) -> np.ndarray:
        """The synthesised image, ``(H, W, 3)`` uint8 RGB; made when it is first read after an edit, then kept."""
        if self._image is None:
            scene = self._opened
            styles = {identity: torch.tensor(style) for identity, style in scene.styles.items()}
            with torch.inference_mode():
                result = self.inferencer.synthesize(scene.label, self._instance_of(scene), styles, SEED)
            self._image = result['outputs']['image'].permute(1, 2, 0).contiguous().numpy()
        return _read_only(self._image)

    def objects(self) -> list[Object]:
        """The objects, in the order of their ids."""
        return list(self._opened.objects.values())

    def object_at(self, x: int, y: int) -> int:
        """The id of the object at a pixel."""
        self._check_pixel(x, y)
        return int(self._opened.instance[y, x])

    # Opening

    def open(self, label: Source, instance: Source | None = None, photo: Source | None = None) -> None:
        """Open a layout; what was open before, and its history, is gone.

        Args:
            label: path of a label map in the data set's ids; or class indices ``(H, W)``, which keep their size.
            instance: path of its instance map, or object ids ``(H, W)``; without one, connected components are objects.
            photo: path or ``(H, W, 3)`` uint8 RGB: its objects get the styles that they have there.

        Raises:
            ValueError: a file or array does not fit, or the model has no styles to take from a photo.
        """
        label, instance, photo = self._read(label, instance, photo)
        self._start(label, instance, photo)

    def open_photo(self, photo: Source) -> None:
        """Open the layout that the segmentor finds in a photo, with the styles of the photo where the model has some.

        Args:
            photo: a path, resized to what the model reads; or ``(H, W, 3)`` uint8 RGB, which keeps its size.

        Raises:
            ValueError: there is no segmentor, or the photo cannot be read.
        """
        if self.segmentor is None:
            raise ValueError('A photo needs a segmentor that labels it, but the editor was made without one.')
        photo = read_scene(self.inferencer.dataset, photo=photo)[2]
        label, instance, _ = self._read(label_photo(self.segmentor, photo))
        self._start(label, instance, photo if self._style_channels else None)

    # Edits of the layout

    def paint(self, mask: np.ndarray, class_index: int, instance: int | None = None) -> int:
        """Paint the pixels of a mask.

        Args:
            mask: ``(H, W)`` bool.
            class_index: the class that they get.
            instance: id of an object of that class to extend. By default a thing becomes a new object, and anything
                else joins the largest region of its class.

        Returns:
            The id that they belong to now.

        Raises:
            ValueError: the mask is empty or of another size, there is no such class, or the object is of another one.
        """
        scene, mask = self._opened, np.asarray(mask)
        if mask.shape != scene.label.shape or mask.dtype != bool:
            raise ValueError(f'mask is {mask.shape} {mask.dtype}, instead of {scene.label.shape} bool.')
        self._check_class(class_index)
        if not mask.any():
            raise ValueError('Nothing lies within the picture there: the mask is empty.')
        if instance is None:
            instance = self._numbering.target(scene.label, scene.instance, class_index)
        elif (found := self._object(instance)).class_index != class_index:
            raise ValueError(f'The object {instance} is {self.classes[found.class_index]}, so that painting '
                             f'{self.classes[class_index]} cannot extend it.')
        self._commit(*edits.paint(scene.label, scene.instance, mask, class_index, instance))
        return instance

    def brush(self, points: Sequence[tuple[float, float]], radius: int, class_index: int,
              instance: int | None = None) -> int:
        """Paint along points ``(x, y)`` with a round brush; radius 0 is one pixel wide. Otherwise as :meth:`paint`."""
        points = _check_points(points, 1)
        if not 0 <= radius <= 10000:
            raise ValueError(f'radius={radius} is no size of a brush: it has 0 pixels or more.')
        return self.paint(shapes.stroke(self._opened.label.shape, points, int(radius)), class_index, instance)

    def fill(self, x: int, y: int, class_index: int, instance: int | None = None) -> int:
        """Paint the connected pixels of one object around a pixel. Otherwise as :meth:`paint`."""
        self._check_pixel(x, y)
        return self.paint(shapes.region(self._opened.label, self._opened.instance, x, y), class_index, instance)

    def add(self, class_index: int, mask: np.ndarray | None = None,
            polygon: Sequence[tuple[float, float]] | None = None) -> int:
        """Add an object of a class, given as a mask ``(H, W)`` bool or by three or more corners ``(x, y)``; of a class
        that does not come in instances, a region.

        Returns:
            Its id.
        """
        if (mask is None) == (polygon is None):
            raise ValueError('add takes either a mask or a polygon.')
        if polygon is not None:
            mask = shapes.polygon(self._opened.label.shape, _check_points(polygon, 3))
        return self.paint(mask, class_index)

    def relabel(self, id: int, class_index: int) -> int:
        """Give an object another class, and with it an id of that class and a style drawn anew.

        Returns:
            Its id: a new one for a thing; that of the class's largest region, which it joins, for another class.
        """
        found = self._object(id)
        self._check_class(class_index)
        if found.class_index == class_index:
            return id
        return self.paint(self._opened.instance == id, class_index)

    def paste(self, label: Source, instance: Source | None, id: int, dx: int = 0, dy: int = 0) -> int:
        """Add an object of another layout.

        Args:
            label: the layout's label map, as of :meth:`open`.
            instance: its instance map, or None.
            id: the object there; its class must be its own.
            dx: by how much to move it to the right of its place there.
            dy: by how much to move it down.

        Returns:
            Its id here.
        """
        scene = self._opened
        label, instance, _ = self._read(label, instance)
        found = self._object(id, Scene(label, instance, {}), 'the other layout')
        return self.paint(shapes.shift(instance == id, scene.label.shape, int(dx), int(dy)), found.class_index)

    def move(self, id: int, dx: int, dy: int) -> None:
        """Move an object right by dx and down by dy, in front of what is there.

        Its old place is filled from its surroundings; what lies beyond the frame is lost. It keeps its id and style.
        """
        self._object(id)
        scene = self._opened
        mask = scene.instance == id
        if not shapes.shift(mask, mask.shape, int(dx), int(dy)).any():
            raise ValueError(f'Moved by {dx}, {dy} the object {id} would lie outside the picture: remove it instead.')
        self._check_surroundings(mask)
        self._commit(*edits.move(scene.label, scene.instance, id, int(dx), int(dy), self.things))

    def remove(self, id: int) -> None:
        """Remove an object; its place is filled from its surroundings, which are no things where there are others."""
        self._object(id)
        scene = self._opened
        self._check_surroundings(scene.instance == id)
        self._commit(*edits.remove(scene.label, scene.instance, id, self.things))

    # Styles

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
        if not self._style_channels:
            raise ValueError('The model was trained without styles: there is none to give to an object.')
        key = self._key(found)
        if cluster is not None:
            chosen = self._bank.cluster(found.class_index, cluster)
        elif like is not None:
            chosen = self.style_of(like)
        elif vector is not None:
            chosen = torch.as_tensor(vector, dtype=torch.float32)
        elif photo is not None:
            chosen = self._style_in_photo(*photo)
        else:
            chosen = self._bank.pick(found.class_index, key, seed)
        self._commit(styles={**self._opened.styles, key: self._check_style(chosen)})

    def style_of(self, id: int) -> Tensor:
        """The style of an object, ``(F,)``: the one that it was given, else the one that was drawn for it."""
        found = self._object(id, whole=False)
        if not self._style_channels:
            raise ValueError('The model was trained without styles: no object has one.')
        key = self._key(found)
        own = self._opened.styles.get(key)
        bank = self.inferencer.styles or StyleBank.neutral(self._style_channels)
        return bank.pick(found.class_index, key, SEED).clone() if own is None else torch.tensor(own)

    # History and files

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return bool(self._history.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to redo."""
        return bool(self._history.future)

    def undo(self) -> None:
        """Go back to before the last edit."""
        if not self.can_undo:
            raise ValueError('There is nothing to undo.')
        self._show(self._history.undo(self._opened))

    def redo(self) -> None:
        """Do again what was undone last; not after another edit."""
        if not self.can_redo:
            raise ValueError('There is nothing to redo.')
        self._show(self._history.redo(self._opened))

    def save(self, path: str | Path) -> Path:
        """Write a project file: the scene and its styles as they are, without the history; whole or not at all."""
        return save_project(path, self._opened, self.classes)

    def load(self, path: str | Path) -> None:
        """Open a project file; what was open before, and its history, is gone.

        Raises:
            DataError: it is none, or is of a model with other classes or styles.
        """
        scene = load_project(path, self.classes)
        for style in scene.styles.values():
            self._check_style(torch.tensor(style), f'{path}: ')
        self._show(scene)
        self._history = History()

    def export(self, folder: str | Path, name: str) -> dict[str, Path]:
        """Write ``NAME.png``, the image, and the layout as the data set's own files: maps of ids, with the endings of
        its label and instance maps where those differ, else ``NAME_label.png`` and ``NAME_instance.png``.

        Returns:
            The paths of ``label``, ``instance`` and ``image``.
        """
        scene, ends = self._opened, self.inferencer.dataset.suffixes
        endings = {kind: ends[kind][0] for kind in ('label', 'instance')}
        if endings['label'] == endings['instance']:
            endings = dict(label='_label.png', instance='_instance.png')
        paths = {kind: Path(folder, f'{name}{ending}') for kind, ending in endings.items()}
        return dict(label=write_label(paths['label'], scene.label, self.inferencer.dataset.label_space),
                    instance=write_instance(paths['instance'], scene.instance),
                    image=write_png(Path(folder, f'{name}.png'), self.image))

    # Within

    @property
    def _opened(self) -> Scene:
        if self._scene is None:
            raise ValueError('Nothing is open: open a layout first.')
        return self._scene

    @property
    def _style_channels(self) -> int:
        return self.inferencer.model.style_channels

    @property
    def _bank(self) -> StyleBank:
        if self.inferencer.styles is None:
            raise ValueError('The model has no file of styles to choose from: make one with tools/encode_styles.py.')
        return self.inferencer.styles

    def _read(self, label: Source, instance: Source | None = None, photo: Source | None = None) -> tuple:
        label, instance, photo = read_scene(self.inferencer.dataset, label, instance, photo)
        return label, self._numbering.instances(label) if instance is None else instance, photo

    def _instance_of(self, scene: Scene) -> np.ndarray | None:
        return scene.instance if self.inferencer.reads_instances else None

    def _start(self, label: np.ndarray, instance: np.ndarray, photo: np.ndarray | None) -> None:
        scene = Scene(label, instance, {})
        if photo is not None:
            found = self.inferencer.encode(photo, label, self._instance_of(scene))
            scene = replace(scene, styles={key: self._check_style(style) for key, style in found.items()})
        self._show(scene)
        self._history = History()

    def _show(self, scene: Scene) -> None:
        self._scene, self._image = scene, None

    def _commit(self, label: np.ndarray | None = None, instance: np.ndarray | None = None,
                styles: dict[int, Style] | None = None) -> None:
        before = self._opened
        after = Scene(before.label if label is None else label, before.instance if instance is None else instance,
                      before.styles if styles is None else styles)
        # An id that is free again, and given to something else, must not bring its old style along.
        keys = {self._key(part) for part in after.objects.values()}
        after = replace(after, styles={key: style for key, style in after.styles.items() if key in keys})
        if not after.same(before):
            self._history.push(before)
            self._show(after)

    def _key(self, found: Object) -> int:
        """What a style belongs to: an object; for a model that reads no instances, a class."""
        return found.id if self.inferencer.reads_instances else found.class_index

    def _style_in_photo(self, photo: Source, label: Source, instance: Source | None, id: int) -> Tensor:
        label, instance, photo = self._read(label, instance, photo)
        scene = Scene(label, instance, {})
        found = self._object(id, scene, 'the layout of the photo', whole=False)
        return self.inferencer.encode(photo, label, self._instance_of(scene))[self._key(found)]

    def _check_style(self, style: Tensor, source: str = '') -> Style:
        if style.shape != (self._style_channels,) or not style.isfinite().all():
            raise ValueError(f'{source}A style of this model has {self._style_channels} finite numbers, not '
                             f'{style.tolist()}.')
        return tuple(style.tolist())

    def _object(self, id: int, scene: Scene | None = None, where: str = 'the layout', whole: bool = True) -> Object:
        found = (scene or self._opened).objects.get(id)
        if found is None:
            raise ValueError(f'There is no object {id} in {where}.')
        if whole and found.classes > 1:
            raise ValueError(f'The id {id} covers {found.classes} classes in {where}: it is no object that could be '
                             'edited as one; paint or fill instead.')
        return found

    def _check_class(self, class_index: int) -> None:
        if not 0 <= class_index < len(self.classes):
            raise ValueError(f'There is no class {class_index}: there are 0..{len(self.classes) - 1}.')

    def _check_pixel(self, x: int, y: int) -> None:
        height, width = self._opened.label.shape
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError(f'({x}, {y}) lies outside of the picture, which has {width}x{height} pixels.')

    def _check_surroundings(self, mask: np.ndarray) -> None:
        if mask.all():
            raise ValueError('The object is all that there is: nothing surrounds it to fill its place with.')


def _check_points(points: Sequence[tuple[float, float]], least: int) -> np.ndarray:
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < least or not (np.abs(array) < 2**15).all():
        raise ValueError(f'points are {least} or more pairs (x, y), not {points}.')
    return array


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view
