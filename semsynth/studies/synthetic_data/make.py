"""A labelled training set of synthesised images, without the pixels that a judge disagrees on."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semsynth.apis import Inferencer
from semsynth.apis.importing import config_name
from semsynth.apis.layout_files import LayoutFile, places_of
from semsynth.arguments import check_arguments
from semsynth.data.pictures import read_photo
from semsynth.engine.work_folder import LOCK, locked
from semsynth.errors import counted
from semsynth.label_spaces import class_table, identity_table
from semsynth.models.synthesizer import NO_STYLES
from semsynth.segmentors import Segmentor
from semsynth.studies.synthetic_data.configs import mmseg_config, own_config, scenes
from semsynth.studies.synthetic_data.folder import NOTE, SyntheticClasses, SyntheticFolder, earlier_note
from semsynth.studies.synthetic_data.images import SyntheticImages
from semsynth.studies.synthetic_data.judging import find_judge
from semsynth.studies.synthetic_data.losses import MARGIN
from semsynth.weights import hash_weights
from semsynth.writing import check_out_folder, hash_settings, write_whole

PER_MAP = 4
"""Images of each map, on average, of a model that draws something at random."""


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


@check_arguments
def make_synthetic_data(inferencer: Inferencer, layouts: Sequence[LayoutFile], out: str | Path, *,
                        judge: dict | None = None, filtered: bool = True, per_map: int | None = None,
                        even: bool = False, margin: float = MARGIN, seed: int = 0) -> Synthetic:
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
            images = SyntheticImages(inferencer, network, folder, layouts, seed)
            note = images.make(per_map, even, margin) | dict(
                settings=settings, made_of=_made_of(inferencer, judge, network), done=True)
            note['dataset'] = scenes(classes, images.instances) | dict(class_map=list(classes.table))
            config = _write_configs(folder, note)
            folder.write_note(note | dict(config=config))
        note = earlier_note(out, settings)
        (out / LOCK).unlink(missing_ok=True)  # nothing is left to do in it
    return Synthetic(out, note, out / note['config'])


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
