"""LayoutEditor: a layout that can be changed, with undo and redo, without a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from semsynth.data import objects
from semsynth.data.numbering import Numbering
from semsynth.editor import edits, shapes
from semsynth.editor.history import History, Step
from semsynth.editor.scene import Object, Scene
from semsynth.editor.shapes import Points
from semsynth.label_spaces import LabelSpace


class LayoutEditor:
    """A layout under edit, and its history.

    Every operation checks its arguments first: where it raises, nothing has changed. Coordinates are pixels, x to the
    right, y down; an id is an object's in ``instance``. An operation that changes nothing is no step of the history.

    Args:
        label_space: names and ids of the classes.
        things: indices of the classes that come in instances.

    Attributes:
        classes: names by class index.
    """

    def __init__(self, label_space: LabelSpace, things: frozenset[int]):
        self.classes, self.things = tuple(label_space.classes), things
        self._numbering = Numbering(label_space, things)
        self._opened: Scene | None = None
        self._history = History()

    @property
    def scene(self) -> Scene:
        """The layout and its styles as they are now. It never changes: an edit makes another one."""
        if self._opened is None:
            raise ValueError('Nothing is open: open a layout first.')
        return self._opened

    @property
    def label(self) -> np.ndarray:
        """Class indices, ``(H, W)``, read-only."""
        return read_only(self.scene.label)

    @property
    def instance(self) -> np.ndarray:
        """Object ids, ``(H, W)`` int64, read-only. Where the layout came without, each connected component of a thing
        is an object, and so is all that is of one other class."""
        return read_only(self.scene.instance)

    def objects(self) -> list[Object]:
        """The objects, in the order of their ids."""
        return list(self.scene.objects.values())

    def object_at(self, x: int, y: int) -> int:
        """The id of the object at a pixel."""
        self._check_pixel(x, y)
        return int(self.scene.instance[y, x])

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
        scene, mask = self.scene, np.asarray(mask)
        self._check_class(class_index)
        if mask.shape != scene.label.shape or mask.dtype != bool:
            raise ValueError(f'mask is {mask.shape} {mask.dtype}, instead of {scene.label.shape} bool.')
        if not mask.any():
            raise ValueError('The mask is empty: nothing of it lies within the picture.')
        if instance is None:
            return self._paste(mask, class_index)
        if (found := self._object(instance)).class_index != class_index:
            raise ValueError(f'The object {instance} is {self.classes[found.class_index]}: painting '
                             f'{self.classes[class_index]} cannot extend it.')
        self._commit_maps(mask, *edits.paint(scene.label, scene.instance, mask, class_index, instance))
        return instance

    def paste(self, label: np.ndarray, instance: np.ndarray, id: int, dx: int = 0, dy: int = 0) -> int:
        """Paste an object of another layout, in front of what is there: at the place that it has there, or right of it
        by dx and down by dy.

        Args:
            label: that layout's class indices, ``(h, w)``; such as ``label`` of another editor.
            instance: its object ids.
            id: of the object there.
            dx: pixels to the right.
            dy: pixels down.

        Returns:
            Its id here: a new one for a thing, otherwise that of the class's largest region, which it joins.

        Raises:
            ValueError: there is no such object or class, the maps differ in size, or nothing of it would lie in the
                picture.
        """
        label, instance = np.asarray(label), np.asarray(instance)
        if label.shape != instance.shape or label.ndim != 2:
            raise ValueError(f'label is {label.shape} and instance {instance.shape}, instead of two maps of one size.')
        class_index = self._object(id, Scene(label, instance, {})).class_index
        self._check_class(class_index)
        mask = shapes.shift(instance == id, self.scene.label.shape, int(dx), int(dy))
        if not mask.any():
            raise ValueError(f'Pasted at {dx}, {dy} the object {id} would lie outside the picture.')
        return self._paste(mask, class_index)

    def brush(self, points: Points, radius: int, class_index: int, instance: int | None = None) -> int:
        """Paint along points ``(x, y)`` with a round brush; radius 0 is one pixel wide. Otherwise as ``paint``."""
        size = self.scene.label.shape
        if not 0 <= radius <= max(size):
            raise ValueError(f'radius={radius}: a brush for this picture has a radius of 0..{max(size)} pixels.')
        return self.paint(shapes.stroke(size, points, int(radius)), class_index, instance)

    def fill(self, x: int, y: int, class_index: int, instance: int | None = None) -> int:
        """Paint the connected pixels of one object around a pixel, unless they have the class already. Otherwise as
        ``paint``."""
        self._check_pixel(x, y)
        if instance is None and self.scene.label[y, x] == class_index:
            return self.object_at(x, y)
        return self.paint(shapes.region(self.scene.label, self.scene.instance, x, y), class_index, instance)

    def add(self, class_index: int, mask: np.ndarray | None = None, polygon: Points | None = None) -> int:
        """Add an object of a class, either as a mask ``(H, W)`` bool or by three or more corners ``(x, y)``.

        Returns:
            Its id: a new one for a thing, otherwise that of the class's largest region.

        Raises:
            ValueError: as of ``paint``; both mask and corners are given, or neither, or too few corners.
        """
        if mask is not None and polygon is None:
            return self.paint(mask, class_index)
        if polygon is not None and mask is None:
            return self.polygon(polygon, class_index)
        raise ValueError('add takes either a mask or a polygon.')

    def polygon(self, points: Points, class_index: int, instance: int | None = None) -> int:
        """Paint within three or more corners ``(x, y)``, outline included. Otherwise as ``paint``."""
        return self.paint(shapes.polygon(self.scene.label.shape, points), class_index, instance)

    def relabel(self, id: int, class_index: int) -> int:
        """Give an object another class, and with it an id of that class and another style.

        Returns:
            Its id: a new one for a thing, otherwise that of the class's largest region, which it joins.
        """
        found = self._object(id)
        self._check_class(class_index)
        return id if found.class_index == class_index else self.paint(self.scene.instance == id, class_index)

    def move(self, id: int, dx: int, dy: int) -> None:
        """Move an object right by dx and down by dy, in front of what is there.

        Its old place is filled from its surroundings; what lies beyond the frame is lost. It keeps its id and style.

        Raises:
            ValueError: there is no such object, it is all that there is, or nothing of it would stay in the picture.
        """
        scene, mask = self.scene, self._mask_with_surroundings(id)
        moved = shapes.shift(mask, mask.shape, int(dx), int(dy))
        if not moved.any():
            raise ValueError(f'Moved by {dx}, {dy} the object {id} would lie outside the picture: remove it instead.')
        maps = edits.move(scene.label, scene.instance, id, int(dx), int(dy), self.things)
        self._commit_maps(mask | moved, *maps)

    def remove(self, id: int) -> None:
        """Remove an object; its place is filled from its surroundings.

        Raises:
            ValueError: there is no such object, or it is all that there is.
        """
        scene, mask = self.scene, self._mask_with_surroundings(id)
        self._commit_maps(mask, *edits.fill(scene.label, scene.instance, mask, self.things))

    @property
    def past(self) -> tuple[Step, ...]:
        """The steps back, the newest last."""
        return tuple(self._history.past)

    @property
    def steps(self) -> int:
        """Number of edits that can be undone."""
        return len(self._history.past)

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return bool(self._history.past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an edit to redo."""
        return bool(self._history.future)

    def undo(self) -> None:
        """Undo the last edit; a ValueError where there is none."""
        if not self.can_undo:
            raise ValueError('There is nothing to undo.')
        self._opened = self._history.undo(self.scene)

    def redo(self) -> None:
        """Redo the edit that was undone last; a ValueError where there is none, or after another edit."""
        if not self.can_redo:
            raise ValueError('There is nothing to redo.')
        self._opened = self._history.redo(self.scene)

    @contextmanager
    def kept_on_failure(self) -> Iterator[None]:
        """A context in which an error leaves the layout and its history unchanged."""
        opened, history = self._opened, self._history
        past, future = [*history.past], [*history.future]  # edits change these lists
        try:
            yield
        except BaseException:
            self._opened, self._history = opened, history
            history.past, history.future = past, future
            raise

    def _start(self, scene: Scene, past: Sequence[Step] = ()) -> None:
        self._opened, self._history = scene, History(past)

    def _paste(self, mask: np.ndarray, class_index: int) -> int:
        """Paint an object of its own, and give its id."""
        scene = self.scene
        areas = {found.id: found.areas for found in scene.objects.values()}
        label, instance, identity = objects.paste(
            scene.label, scene.instance, mask, class_index, self._numbering, areas)
        self._commit_maps(mask, label, instance)
        return identity

    def _commit_maps(self, mask: np.ndarray, label: np.ndarray, instance: np.ndarray) -> None:
        """Make the edit of a mask's pixels the current scene."""
        after = replace(self.scene, label=label, instance=instance)
        # An id that is free again, and given to something else, must not bring its old style along.
        keys = self._style_keys(after) if after.styles else ()
        self._commit(replace(after, styles={key: style for key, style in after.styles.items() if key in keys}), mask)

    def _commit(self, after: Scene, mask: np.ndarray | None = None) -> None:
        """Make a scene the current one, unless it is the same; of a kept photo, the mask's pixels are no longer."""
        if after.kept and mask is not None:
            after = replace(after, kept=replace(after.kept, edited=after.kept.edited | mask))
        if not after.same(self.scene):
            self._history.push(self.scene, after)
            self._opened = after

    def _style_keys(self, scene: Scene) -> Collection[int]:
        """What styles belong to in a scene."""
        return scene.objects

    def _object(self, id: int, scene: Scene | None = None, whole: bool = True) -> Object:
        found = (scene or self.scene).objects.get(id)
        where = 'that layout' if scene else 'the layout'
        if found is None:
            raise ValueError(f'There is no object {id} in {where}.')
        if whole and found.classes > 1:
            raise ValueError(f'The id {id} covers {found.classes} classes in {where}: it is no object that could be '
                             'edited as one; paint or fill instead.')
        return found

    def _mask_with_surroundings(self, id: int) -> np.ndarray:
        if self._object(id).area == self.scene.instance.size:
            raise ValueError(f'The object {id} is all that there is: nothing surrounds it to fill its place with.')
        return self.scene.instance == id

    def _check_class(self, class_index: int) -> None:
        if class_index not in range(len(self.classes)):
            raise ValueError(f'There is no class {class_index}: there are 0..{len(self.classes) - 1}.')

    def _check_pixel(self, x: int, y: int) -> None:
        height, width = self.scene.label.shape
        if x not in range(width) or y not in range(height):
            raise ValueError(f'({x}, {y}) is no pixel of the picture, which is {width} wide and {height} high.')


def read_only(array: np.ndarray) -> np.ndarray:
    """A read-only view of an array."""
    view = array.view()
    view.flags.writeable = False
    return view
