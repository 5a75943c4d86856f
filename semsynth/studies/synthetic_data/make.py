"""A labelled training set of synthesised images, without the pixels that a judge disagrees on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from semsynth.apis import Inferencer
from semsynth.apis.importing import config_name
from semsynth.apis.layout_files import LayoutFile, places_of
from semsynth.apis.progress import told
from semsynth.arguments import check_arguments
from semsynth.data.pictures import read_photo
from semsynth.engine.work_folder import LOCK, locked
from semsynth.errors import counted
from semsynth.label_spaces import NO_CLASS, class_table, identity_table
from semsynth.models.synthesizer import NO_STYLES
from semsynth.seeds import seed_of
from semsynth.segmentors import Segmentor
from semsynth.studies.synthetic_data.configs import mmseg_config, own_config, scenes
from semsynth.studies.synthetic_data.folder import NOTE, SyntheticClasses, SyntheticFolder, earlier_note
from semsynth.studies.synthetic_data.judging import find_judge
from semsynth.studies.synthetic_data.losses import Tally, count, hardness, ignored, images_per_map, pixel_losses, tally
from semsynth.visualise import to_picture
from semsynth.weights import hash_weights
from semsynth.writing import check_out_folder, hash_settings, write_whole

PER_MAP = 4
"""Images of each map, on average, of a model that draws something at random."""
AT_ONCE = 8
"""Images that a judge looks at together."""


@dataclass(frozen=True)
class Synthetic:
    """A synthetic data set that was made.

    Args:
        out: its folder.
        note: what its note says.
        config: the path of its config.
    """

    out: Path
    note: dict[str, Any]
    config: Path


@dataclass(frozen=True)
class _Picture:
    """One image to make: of a map, by its number from 0."""

    layout: LayoutFile
    number: int

    @property
    def name(self) -> str:
        return f'{self.layout.name}_{self.number + 1}'


@check_arguments
def make_synthetic_data(inferencer: Inferencer, layouts: Sequence[LayoutFile], out: str | Path, *,
                        judge: dict | None = None, filtered: bool = True, per_map: int | None = None,
                        even: bool = False, margin: float = 1.25, seed: int = 0) -> Synthetic:
    """Make a training set of synthesised images and their label maps, with configs to train segmentors on it.

    A pixel is ignored where the judge's loss is more than ``margin`` times the mean loss of its class over the
    synthetic set, and hard maps are drawn more often, as FreeMask (NeurIPS 2023) does. What was cut off goes on.

    Args:
        inferencer: of the trained model; its file of styles, if there is one, gives every image other styles.
        layouts: by ``find_maps``.
        out: the folder to make; nothing in it is overwritten but what an earlier start with the same arguments left.
        judge: config of the segmentor that filters, trained on real photos; by default the config's ``judge``.
            One that is given without ``input_size`` looks at images at the size that its training had, where it knows
            that size and it has the images' proportions.
        filtered: whether a judge looks; otherwise no pixel is ignored, and all maps count alike.
        per_map: images of each map, on average; by default 4, and 1 of a model that draws nothing at random.
        even: whether all maps have as many images, instead of hard ones more.
        margin: over the mean loss of its class, from which a pixel is ignored.
        seed: another one gives other images.

    Raises:
        ValueError: the training of the model saw the judge, there is none, several images of a map would be the same,
            or ``out`` is no place for them.
        DataError: a label map is unsound.
        FileNotFoundError: the judge's weights are missing.
    """
    draws = bool(inferencer.model.latent_dim or inferencer.styles)
    if inferencer.model.style_channels and inferencer.styles is None:
        raise ValueError(NO_STYLES)
    per_map = (PER_MAP if draws else 1) if per_map is None else per_map
    if per_map < 1 or margin <= 0:
        raise ValueError(f'per_map={per_map}, margin={margin}: expected at least one image of each map, and a margin '
                         'above 0, such as 1.25.')
    if per_map > 1 and not draws:
        raise ValueError(f'per_map={per_map}, but the model reads neither a latent nor styles, so that all images of a '
                         'map would be the same: make one of each (--per-map 1), and train on them flipped.')
    network, judge_size = find_judge(inferencer, judge) if filtered else (None, None)
    classes = _classes(inferencer, network)
    places = places_of(layouts)  # what is made within them would be found among them the next time
    out = check_out_folder(out, places, [*inferencer.reader.folders.values(), *filter(os.path.isdir, places)])
    settings = dict(
        model=hash_weights(inferencer.model), judge=network and network.weights_hash,
        margin=margin if network else None, judge_size=judge_size,
        per_map=per_map, even=even or network is None, seed=seed, maps=len(layouts),
        layouts=hash_settings(names=[layout.name for layout in layouts]),
        styles=inferencer.styles and hash_settings(file=str(inferencer.config.model.styles)))
    earlier_note(out, settings)  # what is refused leaves nothing there, no lock either
    with locked(out, 'making of synthetic data', 'wait for it, or name another folder'):
        note = earlier_note(out, settings)
        if not note.get('done'):
            folder = SyntheticFolder(out, classes)
            folder.write_note(note | dict(settings=settings, done=False))
            work = _Work(inferencer, network, folder, seed, all(layout.instance for layout in layouts))
            note = work.run(layouts, per_map, even, margin) | dict(
                settings=settings, made_of=_made_of(inferencer, judge, network), done=True)
            note['dataset'] = scenes(classes, work.instances) | dict(class_map=list(classes.table))
            config = _write_configs(folder, note)
            folder.write_note(note | dict(config=config))
        note = earlier_note(out, settings)
        (out / LOCK).unlink(missing_ok=True)  # nothing is left to do in it
    return Synthetic(out, note, out / note['config'])


class _Work:
    """The making of a data set."""

    def __init__(self, inferencer: Inferencer, judge: Segmentor | None, folder: SyntheticFolder, seed: int,
                 instances: bool):
        inferencer.model.generator.head.drop_extras()
        self.inferencer, self.judge, self.folder, self.seed = inferencer, judge, folder, seed
        self.instances = instances  # whether all maps have some

    def run(self, layouts: Sequence[LayoutFile], per_map: int, even: bool, margin: float) -> dict[str, Any]:
        """Make the files; what the note says of them."""
        pictures = [_Picture(layout, 0) for layout in layouts]
        self._synthesise(pictures)
        numbers, sums = [per_map] * len(layouts), Tally(np.zeros(0, np.int64), np.zeros(0))
        if self.judge:
            tallies = self._tallies(self.judge, pictures)
            sums = sum(tallies[1:], tallies[0])
            if not even:
                numbers = images_per_map([hardness(each.pixels, sums.means) for each in tallies], per_map)
        more = [_Picture(layout, number) for layout, count in zip(layouts, numbers, strict=True)
                for number in range(1, count)]
        self._synthesise(more)
        if self.judge and more:
            sums = sum(self._tallies(self.judge, more), sums)
        return self._write_maps(sorted([*pictures, *more], key=lambda each: (each.layout.name, each.number)), sums,
                                margin)

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

    def _tallies(self, judge: Segmentor, pictures: Sequence[_Picture]) -> list[Tally]:
        return [tally(losses, classes, judge.num_classes)
                for _, losses, classes, *_ in self._judged(pictures, 'Judging')]

    def _write_maps(self, pictures: Sequence[_Picture], sums: Tally, margin: float) -> dict[str, Any]:
        """Write the label maps without the pixels that are ignored; what the note says of them."""
        kinds = self.judge.num_classes if self.judge else 0
        total, left_out, right = np.zeros((3, kinds), np.int64)
        of_images, pixels_in_all = {}, 0
        for picture, losses, classes, agrees, label, instance in self._judged(pictures, 'Writing label maps'):
            out = torch.zeros(label.shape, dtype=torch.bool)
            if self.judge:
                out = ignored(losses, classes, sums.means, margin)
                total += count(classes[classes != NO_CLASS], kinds)
                left_out += count(classes[out], kinds)
                right += count(classes[agrees], kinds)
            self.folder.write_maps(picture.name, label, out.cpu().numpy(), instance if self.instances else None)
            of_images[picture.name] = dict(map=picture.layout.name, ignored=round(out.float().mean().item(), 4))
            pixels_in_all += label.size
        judged = []
        for index, name in enumerate(self._names()):
            pixels, mean = int(total[index]), float(sums.means[index])
            figures = dict(mean_loss=mean, threshold=margin * mean, accuracy=right[index] / max(pixels, 1),
                           ignored=left_out[index] / max(pixels, 1))
            judged.append(dict(name=name, pixels=pixels) | {
                key: float(value) if pixels else None for key, value in figures.items()})
        return dict(images=len(pictures), pixels=pixels_in_all, ignored=float(left_out.sum() / pixels_in_all),
                    accuracy=float(right.sum() / max(total.sum(), 1)) if self.judge else None, classes=judged,
                    scenes=of_images)

    def _names(self) -> list[str]:
        known = [name for name, _ in self.folder.classes.segmentor_classes]
        own = self.judge.classes if self.judge else ()
        return [known[index] if index < len(known) else name for index, name in enumerate(own)]

    def _judged(self, pictures: Sequence[_Picture], what: str) -> Iterator[tuple]:
        """Each picture with what ``pixel_losses`` finds in it, its label map and its instance map."""
        read = ((picture, read_photo(str(self.folder.image(picture.name)))[..., ::-1], *self._layout(picture))
                for picture in told(pictures, what, len(pictures)))
        for _, alike in groupby(read, lambda each: each[1].shape):
            while group := list(islice(alike, AT_ONCE)):
                if self.judge is None:
                    yield from ((picture, None, None, None, label, instance) for picture, _, label, instance in group)
                    continue
                images = torch.from_numpy(np.stack([image for _, image, *_ in group]))
                labels = torch.from_numpy(np.stack([label for *_, label, _ in group]))
                found = pixel_losses(self.judge, images.permute(0, 3, 1, 2), labels.long())
                for (picture, _, label, instance), *judged in zip(group, *found, strict=True):
                    yield picture, *judged, label, instance


def _classes(inferencer: Inferencer, judge: Segmentor | None) -> SyntheticClasses:
    reader, count = inferencer.reader, len(inferencer.classes)
    if judge is not None:
        table = judge.table[:count].tolist()
    elif inferencer.config.get('class_map') in (None, 'identity'):
        table = identity_table(count, reader.unknown)
    else:
        table = class_table(inferencer.config.class_map, count, reader.unknown).tolist()
    things = [inferencer.classes[index] for index in sorted(reader.things)]
    return SyntheticClasses.of(inferencer.classes, reader.palette, reader.unknown, things, table)


def _made_of(inferencer: Inferencer, judge: dict | None, network: Segmentor | None) -> dict[str, Any]:
    """The files that the note names; their weights are in its settings."""
    judged = dict(judge or inferencer.config.get('judge') or {}) if network else {}
    named = dict(checkpoint=inferencer.checkpoint, judge=judged.get('config'), judge_weights=judged.get('checkpoint'))
    return {name: str(value) if isinstance(value, str | Path) else None for name, value in named.items()} | dict(
        device=inferencer.device.type)


def _write_configs(folder: SyntheticFolder, note: Mapping[str, Any]) -> str:
    """Write the configs; the name of this library's own."""
    name = config_name(folder.out.resolve().name)
    height, width = read_photo(str(folder.image(next(iter(note['scenes']))))).shape[:2]
    about = (f'{counted(note["images"], "synthetic image")} of {counted(note["settings"]["maps"], "label map")}; '
             f'{NOTE} says how they were made.')
    texts = {f'{name}.py': own_config(about, folder.classes, (height, width), note['dataset']['instances']),
             f'mmseg_{name}.py': mmseg_config(about, folder.classes)}
    for file, text in texts.items():
        write_whole(folder.out / file, text.encode())
    return f'{name}.py'
