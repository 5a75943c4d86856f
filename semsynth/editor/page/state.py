"""What the page is told of a scene, and what is selected in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from semsynth.editor.editor import Editor
from semsynth.editor.scene import Object, Scene


def layout_state(scene: Scene | None, more: dict[str, Any],
                 cluster: Callable[[Object], int | None] = lambda found: None) -> bytes:
    """A scene as bytes, as ``semsynth.editor.page.app`` describes them: JSON and the runs of equal pixels.

    Args:
        scene: None where nothing is open.
        more: further entries of the JSON.
        cluster: number of the cluster that is an object's style.
    """
    if scene is None:
        return _packed(more | dict(width=0, height=0, objects=[], runs=0), [])
    height, width = scene.label.shape
    runs, objects = scene.runs, scene.objects
    places = np.searchsorted(list(objects), runs.ids)
    listed = [dict(id=found.id, kind=found.class_index, area=found.area, box=found.box, whole=found.classes == 1,
                   cluster=cluster(found)) for found in objects.values()]
    return _packed(more | dict(width=width, height=height, objects=listed, runs=len(runs.ends)),
                   [runs.ends, places, runs.classes])


def _packed(entries: dict[str, Any], numbers: list[np.ndarray]) -> bytes:
    head = json.dumps(entries).encode()
    head += b' ' * (-len(head) % 4)
    return b''.join([len(head).to_bytes(4, 'little'), head, *(each.astype('<u4').tobytes() for each in numbers)])


class Selection:
    """The object that is selected, through edits, undo and redo.

    Args:
        editor: whose object it is.
    """

    def __init__(self, editor: Editor):
        self._editor = editor
        self._chosen: int | None = None
        self._steps: list[tuple[int | None, int | None]] = []

    @property
    def id(self) -> int | None:
        """Of the object; None where none is selected, or it is gone."""
        return self._chosen if self._chosen in self._editor.scene.objects else None

    def choose(self, id: int | None) -> None:
        """Select an object, or none."""
        self._chosen = id

    def forget(self) -> None:
        """Another scene was opened, perhaps with edits that can be undone."""
        self._chosen, self._steps = None, [(None, None)] * self._editor.steps

    @contextmanager
    def remembered(self) -> Iterator[None]:
        """A context in which an edit is made: its undo brings back what is selected now, its redo what is then."""
        before, step = self.id, self._editor.steps
        yield
        if self._editor.steps > step:
            self._steps[step:] = [(before, self._chosen)]

    def undo(self) -> None:
        """Undo an edit."""
        self._editor.undo()
        self._chosen = self._steps[self._editor.steps][0]

    def redo(self) -> None:
        """Redo an edit."""
        self._editor.redo()
        self._chosen = self._steps[self._editor.steps - 1][1]

    def painting(self, edit: Callable[..., int]) -> Callable[..., None]:
        """An edit whose object is selected where it is a thing; with ``extend`` what is selected is extended, where it
        has the class and is whole."""
        def edit_and_select(extend: bool = False, **arguments) -> None:
            found = self._editor.scene.objects[self.id] if extend and self.id is not None else None
            if found and found.classes == 1 and found.class_index == arguments.get('class_index'):
                arguments['instance'] = found.id
            painted = edit(**arguments)
            if self._editor.scene.objects[painted].class_index in self._editor.things:
                self._chosen = painted
        return edit_and_select
