"""A study's config, and what is trained in it: the four arms of the comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.apis.building import open_model
from semsynth.arguments import check_value
from semsynth.config import load_config, read_config, scene_datasets
from semsynth.config_files import find_config, is_config
from semsynth.data.files import spread
from semsynth.engine.launch import check_synthesizer, check_trainable
from semsynth.errors import did_you_mean
from semsynth.registry import DATASETS
from semsynth.studies.synthetic_data.losses import MARGIN
from semsynth.studies.synthetic_data.maps import training_scenes

REAL, SYNTHETIC, BOTH, LONGER = 'real', 'synthetic', 'both', 'real_longer'
ARMS = {REAL: 'real', SYNTHETIC: 'synthetic', BOTH: 'real + synthetic', LONGER: 'real for longer'}
"""What segmentors are trained on, by name of the folder: its name in the table."""
KEYS: dict[str, Any] = dict(
    title=str, data_root=str | None, generator=dict, segmentor=dict, judge=dict | None, photos=int | None,
    per_map=int | None, even=bool, margin=float, steps=int | None, longer=float, seed=int)
"""What a study's config may say."""
DEFAULTS: dict[str, Any] = dict(
    judge=None, photos=None, per_map=None, even=False, margin=MARGIN, steps=None, longer=2, seed=0)
"""What it says where it does not, but for the title, which is its name."""
PARTS: dict[str, dict[str, Any]] = dict(
    generator=dict(config=str, checkpoint=str | None, options=dict, styles=str | None),
    segmentor=dict(config=str, options=dict), judge=dict(config=str, checkpoint=str))
"""What its parts may say."""
OF_TRAINING = ('size', 'flip', 'jitter', 'pipeline')
"""What synthetic scenes have in common with the real ones: how they are varied in training."""


@dataclass(frozen=True)
class Plan:
    """A study, read and completed.

    Args:
        name: of its config.
        title: of its table, with the number of photos where these are some of the training split.
        generator: config of the synthesizer, on the photos of the study.
        checkpoint: its trained weights; None has the study train it.
        styles: file of the styles of a synthesizer that has some, or None.
        segmentor: config that all arms train, on the photos of the study.
        judge: config of the judge that filters; None takes the first segmentor that was trained on the real photos.
        photos: how many real photos there are to learn from.
        out_of: of how many in the training split.
        per_map, even, margin, seed: as of ``make_synthetic_data``.
        steps: of training on real photos, and on synthetic ones.
        longer: how many times as many are made on both, and on real ones for longer.
        settings: what the config says.
    """

    name: str
    title: str
    generator: Config
    checkpoint: str | None
    styles: str | None
    segmentor: Config
    judge: Mapping[str, Any] | None
    photos: int
    out_of: int
    per_map: int | None
    even: bool
    margin: float
    seed: int
    steps: int
    longer: float
    settings: Mapping[str, Any]

    def steps_of(self, arm: str) -> int:
        """How many steps an arm is trained."""
        return round(self.steps * self.longer) if arm in (BOTH, LONGER) else self.steps

    def arm(self, arm: str, seed: int, data: Mapping[str, Any], scores: Path) -> Config:
        """The config of one training.

        Args:
            arm: one of ``ARMS``.
            seed: of weights, order of the scenes and draws.
            data: the synthetic data set, as its note says it, with ``data_root``; not read by arms without it.
            scores: the file of its scores.
        """
        config = Config(self.segmentor.to_dict())
        real = config.train_dataloader.dataset.to_dict()
        made = {**data, **{key: real[key] for key in OF_TRAINING if real.get(key) is not None}}
        config.train_dataloader.dataset = {
            SYNTHETIC: made, BOTH: dict(type='MixedScenes', datasets=[real, made])}.get(arm, real)
        steps = self.steps_of(arm)
        config.merge_from_dict({
            'randomness.seed': seed, 'train_cfg.max_iters': steps, 'train_cfg.val_interval': steps,
            'experiment_name': f'{self.name}_{arm}_{seed}'})
        config.val_evaluator = dict(type='ClassIoU', out=str(scores))
        return config


def read_plan(config: str | Path, options: Mapping[str, Any] | None = None) -> Plan:
    """Read and check a study's config.

    Args:
        config: path or name, such as ``'semsynth::synthetic_studies/toycity.py'``.
        options: entries to override, such as ``{'steps': 100, 'generator.checkpoint': 'iter_800.pth'}``.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: an entry is missing, unknown or wrong; the generator and the segmentor do not learn from the same
            photos, or the checkpoint was trained on others.
        DataError: the data are missing.
    """
    said, name = _read(config, options or {}), Path(config).stem
    entries = dict(title=name) | DEFAULTS | said
    shared = {} if said.get('data_root') is None else dict(data_root=said['data_root'])
    generator = dict(options={}, checkpoint=None, styles=None) | said['generator']
    segmentor = dict(options={}) | said['segmentor']
    trained = read_config(generator['config'], {**shared, **generator['options']})
    check_synthesizer(trained)
    learner = load_config(segmentor['config'], {**shared, **segmentor['options']})
    check_trainable(learner)
    if not learner.get('val_dataloader') or not learner.train_dataloader.dataset.get('class_map'):
        raise ValueError(f'{segmentor["config"]} is to be the config of a segmentor, such as those in '
                         'semsynth::segmentors, with a class_map in its train_dataloader and with a val_dataloader.')
    places, total = _shared_photos(trained, learner, entries['photos'])
    steps = entries['steps'] or learner.train_cfg.get('max_iters')
    if not steps:
        raise ValueError(f'Nothing says for how many steps to train: set steps in {config}, or train_cfg.max_iters in '
                         f'{segmentor["config"]}.')
    if entries['longer'] <= 1:
        raise ValueError(f'longer={entries["longer"]}: expected more than 1: so many times as long as on real photos '
                         'alone is trained on both, and on the real ones for the comparison.')
    if generator['checkpoint']:
        generator['checkpoint'] = _trained_weights(generator['checkpoint'], places, total)
    return Plan(
        name=name, title=_title(entries['title'], len(places), total), generator=trained,
        checkpoint=generator['checkpoint'], styles=generator['styles'], segmentor=learner, photos=len(places),
        out_of=total, steps=steps, settings=said,
        **{key: entries[key] for key in ('judge', 'per_map', 'even', 'margin', 'seed', 'longer')})


def _title(title: str, photos: int, out_of: int) -> str:
    return title if photos == out_of else f'{title}, {photos} of {out_of} photos'


def _read(config: str | Path, options: Mapping[str, Any]) -> dict[str, Any]:
    path = find_config(config)
    if not path.is_file() or not is_config(path):
        raise FileNotFoundError(f'There is no config {config}: name that of a study, such as '
                                'semsynth::synthetic_studies/toycity.py.')
    read = Config.fromfile(path)
    read.merge_from_dict(dict(options))
    said = read.to_dict()
    for name, value in said.items():
        if name not in KEYS:
            raise ValueError(f'{config}: {name} is no entry of a study: '
                             + did_you_mean(name, KEYS, f'there are {", ".join(KEYS)}.'))
        check_value(str(config), name, value, KEYS[name])
    for name, known in PARTS.items():
        part = said.get(name) or {}
        if strangers := [key for key in part if key not in known]:
            raise ValueError(f'{config}: {name} has no entry {strangers[0]}: it has {", ".join(known)}.')
        if not part.get('config') and name != 'judge':  # without which the study has one
            raise ValueError(f'{config} does not say {name}=dict(config=...): name a config, such as '
                             "'semsynth::segmentors/unet_toycity.py' for the segmentor.")
        for key, value in part.items():
            check_value(str(config), f'{name}.{key}', value, known[key])
    return said


def _shared_photos(generator: Config, segmentor: Config, photos: int | None) -> tuple[list[int], int]:
    """The photos that both configs learn from, by their places in the training split, and how many these are.

    Args:
        generator: of the synthesizer; its data set gets the number of photos, where one is given.
        segmentor: likewise.
        photos: how many there are to be; None for as many as the configs say.
    """
    parts = [training_scenes(each) for each in (generator, segmentor)]
    # Counted as completed: the generator's stages, which training goes through, are completed one by one, and later.
    total, other = (_count(training_scenes(load_config(each))) for each in (generator, segmentor))
    if total != other:
        raise ValueError(f'The generator learns from {total} photos and the segmentor from {other}, but a study gives '
                         'both the same ones: name configs of one data set, in one folder (data_root).')
    if photos:
        if photos > total:
            raise ValueError(f'photos={photos}, but the training split has {total}: set a smaller number, or None.')
        for each in parts:
            each.update(most_scenes=photos, indices=None)
    places, others = (_places(each, total) for each in parts)
    if places != others:
        raise ValueError(f'The generator learns from {len(places)} photos and the segmentor from {len(others)}, or '
                         'others, as their configs say, but a study gives both the same ones: set photos to a number.')
    return places, total


def _count(settings: Mapping[str, Any]) -> int:
    with DefaultScope.overwrite_default_scope('semsynth'):
        return len(DATASETS.build({**settings, 'edges': None, 'indices': None, 'most_scenes': None}))


def _places(settings: Mapping[str, Any], total: int) -> list[int]:
    """Which of all scenes a data set reads, by their places in it."""
    places, indices = list(range(total)), settings.get('indices')
    if settings.get('most_scenes') is not None:
        places = spread(places, settings['most_scenes'])
    if indices is None:
        return places
    return places[:indices] if isinstance(indices, int) else [places[index] for index in indices]


def _trained_weights(checkpoint: str, places: Sequence[int], total: int) -> str:
    """The file of a trained generator's weights; refused where it has seen other photos than those of the study."""
    stored = open_model(checkpoint)
    datasets = [dataset for place, dataset in scene_datasets(stored.config) if place.startswith('train')]
    found = _places(datasets[0], total) if datasets else list(range(total))
    if found != places:
        raise ValueError(f'{checkpoint} was trained on {len(found)} photos, but the study gives {len(places)} of '
                         f'{total}, or others: what it saw would be in its images. Leave generator.checkpoint out, so '
                         'that the study trains it.')
    return str(stored.checkpoint)
