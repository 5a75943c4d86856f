"""The images of a synthetic data set and their label maps: synthesised, looked at by a judge, and written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, NamedTuple

import numpy as np
import torch

from semsynth.apis import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.apis.progress import told
from semsynth.data.pictures import read_rgb
from semsynth.label_spaces import NO_CLASS
from semsynth.seeds import seed_of
from semsynth.segmentors import Segmentor
from semsynth.studies.synthetic_data.folder import SyntheticFolder
from semsynth.studies.synthetic_data.losses import (
    PixelLosses,
    Tally,
    count_pixels,
    hardness,
    ignored,
    images_per_map,
    pixel_losses,
    tally,
)
from semsynth.visualise import to_picture

AT_ONCE = 8
"""Images that a judge looks at together."""


@dataclass(frozen=True)
class _Picture:
    """One image to make: of a map, by its number from 0."""

    layout: LayoutFile
    number: int

    @property
    def name(self) -> str:
        return f'{self.layout.name}_{self.number + 1}'


class _Scene(NamedTuple):
    """An image that is there: its label map and instance map, ``(H, W)``, and what the judge finds, if there is one."""

    picture: _Picture
    label: np.ndarray
    instance: np.ndarray | None
    found: PixelLosses | None


class SyntheticImages:
    """The images of some label maps, as many of each as its hardness asks for.

    Args:
        inferencer: of the trained model.
        judge: looks at each image; None where no pixel is to be ignored, and all maps count alike.
        folder: where they are written.
        layouts: the label maps.
        seed: another one gives other images.

    Attributes:
        instances: whether all maps have instances.
    """

    def __init__(self, inferencer: Inferencer, judge: Segmentor | None, folder: SyntheticFolder,
                 layouts: Sequence[LayoutFile], seed: int):
        inferencer.model.generator.head.drop_extras()
        self.inferencer, self.judge, self.folder, self.layouts, self.seed = inferencer, judge, folder, layouts, seed
        self.instances = all(layout.instance for layout in layouts)

    def make(self, per_map: int, even: bool, margin: float) -> dict[str, Any]:
        """Make the files; what the note says of them.

        Args:
            per_map: images of each map, on average.
            even: whether all maps have as many images, instead of hard ones more.
            margin: over the mean loss of its class, from which a pixel is ignored.
        """
        first = [_Picture(layout, 0) for layout in self.layouts]
        self._synthesise(first)
        tallies = self._tallies(first)
        total = sum(tallies, Tally.none())
        numbers = [per_map] * len(self.layouts)
        if self.judge and not even:
            numbers = images_per_map([hardness(each.pixels, total.means) for each in tallies], per_map)
        more = [_Picture(layout, number) for layout, images in zip(self.layouts, numbers, strict=True)
                for number in range(1, images)]
        self._synthesise(more)
        total = sum(self._tallies(more), total)
        pictures = sorted([*first, *more], key=lambda each: (each.layout.name, each.number))
        return self._write_maps(pictures, total.means, margin)

    def _synthesise(self, pictures: Sequence[_Picture]) -> None:
        """Make the images that are not there yet."""
        todo = [each for each in pictures if not self.folder.image(each.name).exists()]
        for each in told(todo, 'Synthesising', len(todo)):
            label, instance = self._layout(each)
            result = self.inferencer.synthesize(label, instance if self.inferencer.reads_instances else None,
                                                seed=seed_of(each.layout.name, each.number, self.seed), name=each.name)
            picture = to_picture(result['outputs']['image'])
            self.folder.write_image(each.name, np.broadcast_to(picture[..., None], (*picture.shape, 3))
                                    if picture.ndim == 2 else picture)

    def _layout(self, picture: _Picture) -> tuple[np.ndarray, np.ndarray | None]:
        arrays = self.inferencer.reader.read(picture.layout.label, picture.layout.instance)
        return arrays['label'], arrays.get('instance')

    def _tallies(self, pictures: Sequence[_Picture]) -> list[Tally]:
        """The judge's losses on each image; none without a judge."""
        if self.judge is None or not pictures:
            return []
        return [tally(scene.found.losses, scene.found.classes, self.judge.num_classes)
                for scene in self._scenes(pictures, 'Judging') if scene.found]

    def _write_maps(self, pictures: Sequence[_Picture], means: np.ndarray, margin: float) -> dict[str, Any]:
        """Write the label maps without the pixels that are ignored; what the note says of them."""
        num_classes = self.judge.num_classes if self.judge else 0
        total, left_out, right = np.zeros((3, num_classes), np.int64)
        of_images, pixels_in_all = {}, 0
        for picture, label, instance, found in self._scenes(pictures, 'Writing label maps'):
            out = torch.zeros(label.shape, dtype=torch.bool)
            if found:
                out = ignored(found.losses, found.classes, means, margin)
                total += count_pixels(found.classes[found.classes != NO_CLASS], num_classes)
                left_out += count_pixels(found.classes[out], num_classes)
                right += count_pixels(found.classes[found.agrees], num_classes)
            self.folder.write_maps(picture.name, label, out.cpu().numpy(), instance if self.instances else None)
            of_images[picture.name] = dict(map=picture.layout.name, ignored=round(out.float().mean().item(), 4))
            pixels_in_all += label.size
        return dict(images=len(pictures), pixels=pixels_in_all, ignored=float(left_out.sum() / pixels_in_all),
                    accuracy=float(right.sum() / max(total.sum(), 1)) if self.judge else None,
                    classes=self._by_class(total, left_out, right, means, margin), scenes=of_images)

    def _by_class(self, total: np.ndarray, left_out: np.ndarray, right: np.ndarray, means: np.ndarray,
                  margin: float) -> list[dict[str, Any]]:
        """What the note says of each of the judge's classes, None for what is not known without a pixel of it.

        Args:
            total, left_out, right: pixels of each class: all, those that are ignored, and those that the judge takes
                for their class.
            means: loss of each class.
            margin: as of ``make``.
        """
        rows = []
        for index, name in enumerate(self._names()):
            pixels = int(total[index])
            figures = dict(mean_loss=means[index], threshold=margin * means[index],
                           accuracy=right[index] / max(pixels, 1), ignored=left_out[index] / max(pixels, 1))
            rows.append(dict(name=name, pixels=pixels) | {
                key: float(value) if pixels else None for key, value in figures.items()})
        return rows

    def _names(self) -> list[str]:
        """Names of the judge's classes: those of the label maps where they have them."""
        known = [name for name, _ in self.folder.classes.segmentor_classes]
        own = self.judge.classes if self.judge else ()
        return [known[index] if index < len(known) else name for index, name in enumerate(own)]

    def _scenes(self, pictures: Sequence[_Picture], what: str) -> Iterator[_Scene]:
        """Each image with its maps and what the judge finds in it; ``what`` is done, for the progress."""
        read = ((picture, *self._layout(picture)) for picture in told(pictures, what, len(pictures)))
        if self.judge is None:
            yield from (_Scene(picture, label, instance, None) for picture, label, instance in read)
            return
        for _, alike in groupby(read, lambda each: each[1].shape):
            while group := list(islice(alike, AT_ONCE)):
                images = torch.from_numpy(np.stack([
                    read_rgb(self.folder.image(picture.name)) for picture, *_ in group]))
                labels = torch.from_numpy(np.stack([label for _, label, _ in group]))
                found = pixel_losses(self.judge, images.permute(0, 3, 1, 2), labels.long())
                for scene, *own in zip(group, *found, strict=True):
                    yield _Scene(*scene, PixelLosses(*own))
