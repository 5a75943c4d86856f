"""Session: one browser tab's editor, with the data that the page shows; it does not know how these travel."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.data.layout_reader import Source
from semsynth.editor.editor import Editor
from semsynth.editor.page.state import Selection, layout_state
from semsynth.editor.project import save_project
from semsynth.editor.scene import Object, Scene
from semsynth.segmentors import Segmentor

KEPT = 4
"""Number of layouts from uploaded files that stay to be pasted from."""
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 97, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
"""Of the image on the page. At 1024x2048, a PNG takes 0.1 to 0.2 s longer; downloads are PNG."""


class Shown(NamedTuple):
    """An image on the page.

    Args:
        version: of the scene that it shows.
        content: JPEG.
        seconds: that the model took; 0 where it was not needed.
    """

    version: int
    content: bytes
    seconds: float


class Download(NamedTuple):
    """A file of a scene.

    Args:
        name: of the file.
        content: of the file.
        version: of the scene.
    """

    name: str
    content: bytes
    version: int


class Session:
    """An editor, the layouts that it can open, what is selected, and what the page shows.

    Edits do not wait for the model: while it makes an image, strokes are applied, and the next image is of the scene
    that they led to.

    Args:
        inferencer: of a trained model; sessions share it.
        layouts: to choose from.
        segmentor: labels photos; None: photos without label maps cannot be opened.
        model: held by whoever uses the model.

    Attributes:
        version: number of the scene, of its layout and styles.
    """

    def __init__(self, inferencer: Inferencer, layouts: Sequence[LayoutFile] = (), segmentor: Segmentor | None = None,
                 model: Lock | None = None):
        self.editor = Editor(inferencer, segmentor)
        self.layouts: dict[str, tuple[Source, Source | None]] = {
            layout.name: (layout.label, layout.instance) for layout in layouts}
        self.name: str | None = None
        self.version = 0
        self._uploaded: list[str] = []
        self._model, self._editing = model or Lock(), Lock()  # taken in this order
        self._selection = Selection(self.editor)
        self._seen: Scene | None = None
        self._batch = 0
        self._shown = Shown(-1, b'', 0)

    def setup(self) -> dict:
        """What stays the same while the page is open."""
        editor = self.editor
        return dict(
            setup=dict(classes=editor.classes, palette=editor.palette, things=sorted(editor.things),
                       ignored=editor.ignored, styled=self._styled, clusters=self._clusters(),
                       latent=bool(editor.looks.length), looks_of_photos=editor.looks.from_photos,
                       labels_photos=editor.segmentor is not None, photo_gives=self._photo_gives(),
                       size=dict(height=editor.size[0], width=editor.size[1], fixed=editor.fixed_size is not None)),
            layouts=list(self.layouts))

    def edit(self, actions: Sequence[Mapping[str, Any]], batch: int | None = None) -> bytes:
        """Carry out what the page's user did, in its order.

        Args:
            actions: each with its ``operation`` and its arguments. One that is refused changes nothing.
            batch: number of this list, from 1 on: one that came before, over a broken connection, is left out.

        Returns:
            The state, with the last refusal as its ``message``.
        """
        message = None
        with self._editing:
            if batch is not None:
                actions, self._batch = actions if batch > self._batch else [], max(batch, self._batch)
            for action in actions:
                try:
                    self._act(**action)
                except (ValueError, TypeError) as refusal:
                    message = str(refusal)
            return self._state(message)

    def image(self, whole: bool = False) -> Shown:
        """The image of the scene as it is when the model is free; with ``whole`` without the photo that is kept."""
        with self._model:
            return self._draw(whole)

    def open(self, name: str) -> bytes:
        """Open one of the layouts."""
        return self._start(name, self.editor.open, *self._layout(name))

    def open_blank(self, width: int, height: int, class_index: int = 0) -> bytes:
        """Open an empty canvas."""
        return self._start('canvas', self.editor.blank, height, width, class_index)

    def open_files(self, label: str | None = None, instance: str | None = None, photo: str | None = None,
                   project: str | None = None, name: str | None = None, **options) -> bytes:
        """Open a label map with what belongs to it, a photo alone, which the segmentor labels, or a project; all are
        paths, or None. A project may have a name of its own. The options are those of ``Editor.open`` for a photo."""
        if project is not None and (label, instance, photo) == (None, None, None):
            return self._start(name or Path(project).stem, self.editor.load, project)
        if photo is not None and (label, instance, project) == (None, None, None):
            return self._start(Path(photo).stem, partial(self.editor.open_photo, **options), photo)
        if label is None or project is not None:
            raise ValueError('Give a label map with what belongs to it, or a photo alone, or a project alone.')
        name = Path(label).stem
        self._start(name, partial(self.editor.open, **options), label, instance, photo)
        self._keep(name)
        return self.edit([])

    def look_like(self, photo: str | None = None) -> bytes:
        """Give the image the look of a photo, a path."""
        if photo is None:
            raise ValueError('Give a photo, whose look the image is to have.')
        with self._model, self._editing, self._selection.remembered():
            self.editor.look(photo=photo)
        return self.edit([])

    def other(self, name: str) -> bytes:
        """Another layout, to paste from."""
        other = Editor(self.editor.inferencer)
        other.open(*self._layout(name))
        return layout_state(other.scene, dict(name=name), lambda found: None)

    def file(self, part: str, history: bool = False) -> Download:
        """A file of the scene: ``label``, ``instance``, ``image``, or ``project`` with or without its last edits."""
        if self.name is None:
            raise ValueError('Nothing is open: open a layout first.')
        # an opened file's name has the ending that export adds
        name = Path(self.name).name.removesuffix(Path(self.editor.inferencer.reader.suffixes['label'][0]).stem)
        editor = self.editor
        with TemporaryDirectory() as folder:
            if part == 'project':
                with self._editing:  # not while it is written: edits would wait
                    version, scene, past = self._count(), editor.scene, editor.past if history else ()
                path = save_project(Path(folder, f'{name}.npz'), scene, editor.classes, editor.styling.owners, past)
            else:
                with self._model:
                    version, path = self.version, editor.export(folder, name)[part]
            return Download(path.name, path.read_bytes(), version)

    def _act(self, operation: str, **arguments) -> None:
        editor, select = self.editor, self._selection
        edits: dict[str, Callable] = dict(
            brush=select.painting(editor.brush), polygon=select.painting(editor.polygon),
            fill=select.painting(editor.fill), relabel=select.painting(editor.relabel),
            paste=select.painting(self._paste), move=editor.move, remove=editor.remove, style=self._style,
            look=self._look, feather=editor.feather)
        others: dict[str, Callable] = dict(select=select.choose, undo=select.undo, redo=select.redo)
        if operation in others:
            others[operation](**arguments)
        elif operation in edits:
            with select.remembered():
                edits[operation](**arguments)
        else:
            raise ValueError(f'The page asked for {operation}, but there are {", ".join([*edits, *others])}.')

    def _start(self, name: str, how: Callable, *sources: Source | int | None) -> bytes:
        with self._model, self._editing:
            with self.editor.kept_on_failure():  # the image may fail, too
                how(*sources)
                self._count()
                self._draw()
            self.name = name
            self._selection.forget()
            return self._state()

    def _keep(self, name: str) -> None:
        if name in self._uploaded:
            self._uploaded.remove(name)
        self._uploaded.append(name)
        self.layouts[name] = self.editor.label, self.editor.instance
        if len(self._uploaded) > KEPT:
            del self.layouts[self._uploaded.pop(0)]

    def _layout(self, name: str) -> tuple[Source, Source | None]:
        if name not in self.layouts:
            raise ValueError(f'There is no layout {name} here, or no longer.')
        return self.layouts[name]

    def _paste(self, name: str, id: int, dx: int = 0, dy: int = 0) -> int:
        return self.editor.paste(*self._layout(name), id, dx, dy)

    # The page names no files: these are not all ways that the editor has.
    def _style(self, id: int, cluster: int | None = None, like: int | None = None, seed: int | None = None) -> None:
        self.editor.style(id, cluster=cluster, like=like, seed=seed)

    def _look(self, seed: int) -> None:
        self.editor.look(seed=seed)

    def _count(self) -> int:
        """The version of the scene as it is now."""
        if self.editor.scene is not self._seen:
            self._seen, self.version = self.editor.scene, self.version + 1
        return self.version

    def _draw(self, whole: bool = False) -> Shown:
        editor, version = self.editor, self.version  # an edit meanwhile makes the image newer than it says
        if whole:
            return Shown(version, _jpeg(editor.synthesised), editor.images.seconds)
        if self._shown.version != version:
            self._shown = Shown(version, _jpeg(editor.image), editor.images.seconds)
        return self._shown

    def _state(self, message: str | None = None) -> bytes:
        common = dict(name=self.name, layouts=list(self.layouts), message=message)
        if self.name is None:
            return layout_state(None, common)
        editor, kept = self.editor, self.editor.scene.kept
        return layout_state(editor.scene, common | dict(
            version=self._count(), undo=editor.can_undo, redo=editor.can_redo, selected=self._selection.id,
            photo=kept is not None, feather=kept and kept.feather), self._cluster)

    @property
    def _styled(self) -> bool:
        return bool(self.editor.styling.channels)

    def _photo_gives(self) -> str:
        """What a photo beside a label map gives, unless it is kept itself, in words."""
        return ' and '.join(['styles'] * self._styled + ['look'] * self.editor.looks.from_photos)

    def _cluster(self, found: Object) -> int | None:
        """Number of the cluster that is an object's style, where it is one."""
        bank = self.editor.inferencer.styles
        if not self._styled or bank is None:
            return None
        same = (bank.clusters(found.class_index) == self.editor.style_of(found.id)).all(dim=1).nonzero()
        return int(same[0]) if len(same) else None

    def _clusters(self) -> list[list[str | None]]:
        """A picture of each cluster of each class, None where the file of styles has no pictures."""
        bank, classes = self.editor.inferencer.styles, range(len(self.editor.classes))
        if not self._styled or bank is None:
            return [[] for _ in classes]
        return [[_picture(each) for each in bank.thumbnails_of(owner)] or [None] * int((bank.owners == owner).sum())
                for owner in classes]


def _jpeg(image: np.ndarray) -> bytes:
    return cv2.imencode('.jpg', image[..., ::-1], QUALITY)[1].tobytes()


def _picture(pixels: np.ndarray) -> str:
    """A small RGB picture as the data URL of a PNG."""
    content = cv2.imencode('.png', pixels[..., ::-1])[1]
    return f'data:image/png;base64,{b64encode(content.tobytes()).decode()}'
