"""The report of a check of a data set: counts of pixels and ids, problems and warnings."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from semsynth.errors import first_few
from semsynth.label_spaces import LabelSpace

Colour = tuple[int, int, int]
_FEW_IDS = 4
"""The most ids that a mask of two classes has."""


class Layout(NamedTuple):
    """Counts of one layout.

    Args:
        path: its file.
        size: height and width.
        ids: pixels of each id, as the file holds them; none of image-like inputs.
        colours: the id of each colour that the file's palette gives to one id that occurs.
        ranges: least and largest number of each channel of an image-like input.
    """

    path: str
    size: tuple[int, int]
    ids: dict[int, int]
    colours: dict[Colour, int]
    ranges: list[tuple[float, float]]


@dataclass
class Report:
    """The report of a check of a whole data set.

    Args:
        space: what the ids mean; None where layouts are image-like inputs.
        problems: one sentence each: the data are not as the data set wants them.
        scenes: number of scenes.
        photos: number of scenes with a photo.

    Attributes:
        sizes: number of layouts of each size (height, width).
        id_pixels, id_files: pixels of each id that occurs, and the label maps in which it does.
        ranges: least and largest number in each channel of image-like inputs, as the files hold them.
    """

    space: LabelSpace | None
    problems: list[str]
    scenes: int = 0
    photos: int = 0
    sizes: Counter = field(default_factory=Counter, init=False)
    id_pixels: Counter = field(default_factory=Counter, init=False)
    id_files: dict[int, list[str]] = field(default_factory=dict, init=False)
    ranges: list[tuple[float, float]] = field(default_factory=list, init=False)
    _colours: dict[Colour, tuple[int, str]] = field(default_factory=dict, init=False)
    _colours_clash: bool = field(default=False, init=False)
    _complaints: dict[str, tuple[str, list[str]]] = field(default_factory=dict, init=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes' names, by index."""
        return self.space.classes if self.space else ()

    @property
    def pixels(self) -> np.ndarray:
        """Pixels of each class."""
        counts = np.zeros(len(self.classes), np.int64)
        for number, index in self._known().items():
            counts[index] += self.id_pixels[number]
        return counts

    @property
    def images(self) -> np.ndarray:
        """Number of label maps in which each class occurs."""
        files: list[set[str]] = [set() for _ in self.classes]
        for number, index in self._known().items():
            files[index].update(self.id_files[number])
        return np.array([len(each) for each in files], np.int64)

    def ids_of(self, index: int) -> list[int]:
        """The ids that occur and mean a class, ascending."""
        return sorted(number for number, meant in self._known().items() if meant == index)

    def complain(self, scene: str, sentence: str, kind: str) -> None:
        """Note what is wrong with a scene.

        Args:
            scene: its name.
            sentence: on its files.
            kind: the same for all scenes of which the same is to be said.
        """
        self._complaints.setdefault(kind, (sentence, []))[1].append(scene)

    def add(self, layout: Layout) -> None:
        """Count one layout."""
        self.sizes[layout.size] += 1
        for number, pixels in layout.ids.items():
            self.id_pixels[number] += pixels
            self.id_files.setdefault(number, []).append(layout.path)
        for colour, number in layout.colours.items():
            other, path = self._colours.setdefault(colour, (number, layout.path))
            if other != number and not self._colours_clash:  # said once: more of the kind follow
                self._colours_clash = True
                self.problems.append(
                    f'The palettes of label maps differ: the colour {colour} is the id {other} in {path}, but {number} '
                    f'in {layout.path}: save all with one palette, or the ids themselves as gray PNG.')
        self.ranges = [(min(low, lowest), max(high, highest)) for (low, high), (lowest, highest) in
                       zip(layout.ranges, self.ranges, strict=True)] if self.ranges else layout.ranges

    def sum_up(self) -> None:
        """Add to the problems what is wrong with the scenes, each kind once, and the ids that are no class."""
        for sentence, scenes in self._complaints.values():
            more = f' {len(scenes) - 1} more likewise ({first_few(scenes[1:])}).' if len(scenes) > 1 else ''
            self.problems.append(f'{sentence}{more}')
        strangers = sorted(set(self.id_pixels) - set(self._known()))
        if strangers and self.space:
            files = sorted({path for number in strangers for path in self.id_files[number]})
            self.problems.append(f'{first_few(files)} ({len(files)} of {self.sizes.total()} label maps) '
                                 f'hold{"s" * (len(files) == 1)} {self.space.about_strangers(strangers)}')

    def warnings(self) -> list[str]:
        """Sentences on what is allowed but seldom intended: classes that never occur, or one class everywhere."""
        named, images = self._named(), self.images
        absent = [self.classes[index] for index in named if not images[index]]
        if not self.id_pixels or not absent:
            return self.one_class()
        return [f'{len(absent)} of {len(named)} classes occur in no label map ({first_few(absent, 5)}): '
                'nothing is learnt of them, and scores leave them out.', *self.one_class()]

    def one_class(self) -> list[str]:
        """The sentence on label maps without two classes to tell apart, such as masks of 0 and 255 with 255 unknown."""
        images, count = self.images, self.sizes.total()
        there = [index for index in self._named() if images[index]]
        if not self.id_pixels or len(there) > 1:
            return []
        sentence = (f'{f"Only the class {self.classes[there[0]]}" if there else "No class"} occurs in the '
                    f'{count} label map{"s" * (count > 1)} read')
        others = sorted(set(self._known()) - {number for index in there for number in self.ids_of(index)})
        if self._unknown is None or not others:
            return [f'{sentence}, so that there is nothing to tell apart: check the ids in the label maps.']
        share = self.pixels[self._unknown] / self.pixels.sum()
        sentence += (f', and all else, {share:.1%} of the pixels, is unknown ({self.classes[self._unknown]}, the '
                     f'id{"s" * (len(others) > 1)} {first_few(others, 5)})')
        if not there or len(self.id_pixels) > _FEW_IDS:
            return [f'{sentence}: check the ids in the label maps.']
        id_map = {number: int(number in others) for number in sorted(self._known())}
        return [f'{sentence}. If that is a class of its own, such as the foreground of a mask, set '
                f"classes=({self.classes[there[0]]!r}, 'foreground'), unknown=None, id_map={id_map}, unknown_ids=()."]

    def _named(self) -> list[int]:
        """The classes except the unknown one."""
        return [index for index in range(len(self.classes)) if index != self._unknown]

    @property
    def _unknown(self) -> int | None:
        return self.space.unknown if self.space else None

    def _known(self) -> dict[int, int]:
        """The index of each id that occurs and has one."""
        known = self.space.index_of_ids if self.space else {}
        return {number: known[number] for number in self.id_pixels if number in known}
