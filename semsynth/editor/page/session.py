"""Session: one browser tab's editor, with the data that the page shows; it does not depend on Gradio."""

from __future__ import annotations

import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import cv2
import numpy as np

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.editor.editor import Editor
from semsynth.editor.scene import Object
from semsynth.segmentors import Segmentor
from semsynth.visualise import colour_labels

EDITS = ('brush', 'fill', 'relabel', 'add', 'move', 'remove', 'style', 'undo', 'redo')
"""Operations of the editor that the page asks for by name."""


class Session:
    """An editor, the layouts that it can open, and what the page shows of both.

    Each operation returns a view: a dict of what has changed for the page, which JSON can hold. An operation that the
    editor refuses changes nothing, and its view says why.

    Args:
        inferencer: of a trained model; sessions share it.
        layouts: to choose from.
        segmentor: labels photos; None: photos without label maps cannot be opened.
    """

    def __init__(self, inferencer: Inferencer, layouts: Sequence[LayoutFile] = (), segmentor: Segmentor | None = None):
        self.editor = Editor(inferencer, segmentor)
        self.layouts = {layout.name: layout for layout in layouts}
        self.name: str | None = None

    def start(self) -> dict:
        """The first view: what stays the same, and the first of the layouts."""
        setup = dict(classes=self.editor.classes, palette=self.editor.palette, things=sorted(self.editor.things),
                     styled=self._styled, clusters=self._clusters())
        first = next(iter(self.layouts), None)
        return dict(setup=setup) | self._listed() | ({} if first is None else self._try(self._open, first))

    def act(self, operation: str, number: int = 0, **arguments) -> dict:
        """Carry out an operation of the page's user.

        Args:
            operation: one of ``EDITS``, or ``open``, ``look_at``, ``paste``, ``download``.
            number: of this action; its view says that it is ``done``.
            arguments: of the operation.

        Raises:
            ValueError: there is no such operation.
        """
        operations = {name: getattr(self.editor, name) for name in EDITS} | dict(
            paste=self._paste, open=self._open, look_at=self._look_at, download=self._download)
        if operation not in operations:
            raise ValueError(f'The page asked for {operation}, but there are {", ".join(operations)}.')
        return dict(self._try(operations[operation], **arguments), done=number)

    @property
    def photo_serves(self) -> str:
        """The uses that the page has for a photo, in words; empty where it has none."""
        uses = ['its photo, which gives the styles'] * self._styled + [
            'a photo alone, to be labelled'] * (self.editor.segmentor is not None)
        return ', or '.join(uses).capitalize()

    def open_files(self, label: str | None, instance: str | None, photo: str | None, project: str | None) -> dict:
        """Open a label map with what belongs to it, a photo alone, which the segmentor labels, or a project; all are
        paths, or None."""
        return self._try(self._open_files, label, instance, photo, project)

    def _open(self, name: str) -> dict:
        return self._start(name, self.editor.open, self.layouts[name].label, self.layouts[name].instance)

    def _open_files(self, label: str | None, instance: str | None, photo: str | None, project: str | None) -> dict:
        if project is not None and (label, instance, photo) == (None, None, None):
            return self._start(Path(project).stem, self.editor.load, project)
        if photo is not None and (label, instance, project) == (None, None, None):
            return self._start(Path(photo).stem, self.editor.open_photo, photo)
        if label is None or project is not None:
            raise ValueError('Give a label map with what belongs to it, or a photo alone, or a project alone.')
        name = Path(label).stem
        view = self._start(name, self.editor.open, label, instance, photo)
        self.layouts[name] = LayoutFile(name, label, instance)
        return view | self._listed()

    def _start(self, name: str, how: Callable, *sources: str | None) -> dict:
        with self.editor.kept_on_failure():  # the image may fail, too
            how(*sources)
            view = self.view()
        self.name = name
        return view | dict(selected=None) | self._listed()

    def _listed(self) -> dict:
        return dict(layouts=list(self.layouts), name=self.name)

    def _try(self, how: Callable, *sources: str | None, **arguments) -> dict:
        """The view of an operation; of one of the editor's, the scene as it is then and what it returned."""
        try:
            answer = how(*sources, **arguments)
        except ValueError as refusal:
            return dict(message=str(refusal))
        return answer if isinstance(answer, dict) else self.view() | ({} if answer is None else dict(selected=answer))

    def view(self) -> dict:
        """All that the page shows of the scene as it is now."""
        start = time.perf_counter()
        image = self.editor.image
        seconds = time.perf_counter() - start
        height, width = self.editor.label.shape
        return dict(width=width, height=height, image=_picture(image), seconds=seconds, undo=self.editor.can_undo,
                    redo=self.editor.can_redo, **self._drawn(self.editor))

    def _drawn(self, editor: Editor) -> dict:
        """A layout as pictures, in the classes' colours and with each object's place in the list of objects as a
        24-bit colour; and that list."""
        objects = editor.objects()
        place = np.searchsorted([found.id for found in objects], editor.instance)
        numbers = np.stack([place & 255, place >> 8 & 255, place >> 16], axis=-1).astype(np.uint8)
        return dict(layout=_picture(colour_labels(editor.label, editor.palette)), places=_picture(numbers),
                    objects=[dict(id=found.id, kind=found.class_index, area=found.area, box=found.box,
                                  whole=found.classes == 1,
                                  cluster=self._cluster(found) if editor is self.editor else None)
                             for found in objects])

    @property
    def _styled(self) -> bool:
        return bool(self.editor.inferencer.model.style_channels)

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

    def _look_at(self, name: str) -> dict:
        """Another layout, to paste from."""
        other = Editor(self.editor.inferencer)
        other.open(self.layouts[name].label, self.layouts[name].instance)
        return dict(other=dict(name=name, width=other.label.shape[1], height=other.label.shape[0],
                               **self._drawn(other)))

    def _paste(self, name: str, id: int) -> int:
        return self.editor.paste(self.layouts[name].label, self.layouts[name].instance, id)

    def _download(self, part: str) -> dict:
        """A file of the scene: ``label``, ``instance``, ``image`` or ``project``."""
        # an opened file's name has the ending that export adds
        name = cast(str, self.name).removesuffix(Path(self.editor.inferencer.dataset.suffixes['label'][0]).stem)
        with TemporaryDirectory() as folder:
            path = (self.editor.save(Path(folder, f'{name}.npz')) if part == 'project' else
                    self.editor.export(folder, name)[part])
            return dict(file=dict(name=path.name, content=b64encode(path.read_bytes()).decode()))


def _picture(pixels: np.ndarray) -> str:
    """An RGB picture as the data URL of a PNG."""
    # The lowest compression: at 1024x2048 a tenth of a second sooner than the default.
    content = cv2.imencode('.png', pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])[1]
    return f'data:image/png;base64,{b64encode(content.tobytes()).decode()}'
