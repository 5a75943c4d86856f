"""From a trained model's files to its network, without the parts that only training needs."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import DefaultScope

from semsynth.apis.publishing.folder import SAMPLES
from semsynth.apis.publishing.reading import read_published
from semsynth.completion import work_dir_of
from semsynth.config import load_config
from semsynth.config_files import find_config, is_config, named_alike
from semsynth.data.layout_reader import LayoutReader
from semsynth.engine.checkpoint import check_fits, latest_good_checkpoint
from semsynth.engine.launch import check_synthesizer
from semsynth.errors import DataError
from semsynth.models import Synthesizer
from semsynth.registry import MODELS
from semsynth.stored_config import NoLayoutsError, import_own_modules, layout_facts, stored_config, stored_layouts
from semsynth.weights import hash_weights, load_checkpoint, weights_in

TRAINED_ONLY = {**dict.fromkeys(('discriminator', 'segmentor', 'losses', 'views', 'frozen')), 'compiled': False}
"""Entries of a model's config that only training needs, with the values that leave them out."""


@dataclass
class TrainedModel:
    """A trained model, read from its files but not built.

    Args:
        config: of its training, with what was overridden.
        checkpoint: the file of its weights; None where it is not trained.
        stored: what that file holds.
        samples: label maps that came with it, to try it on.
    """

    config: Config
    checkpoint: Path | None = None
    stored: dict[str, Any] = field(default_factory=dict)
    samples: tuple[Path, ...] = ()

    @property
    def meta(self) -> dict[str, Any]:
        """What the checkpoint says of its training."""
        return self.stored.get('meta', {})


def open_model(model: str | Path | Config, checkpoint: str | Path | None = None,
               cfg_options: dict | None = None) -> TrainedModel:
    """Read a trained model's files.

    Args:
        model: path of a checkpoint, which carries its config, or of a published folder; the name of one of ours, such
            as ``'semsynth::models/toycity'``; or a config, its path or its name, to go with the checkpoint.
        checkpoint: path of the weights, only beside a config; None leaves it untrained.
        cfg_options: entries of the config to override.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is no trained model, the checkpoint carries no config, or there are two of them.
    """
    if isinstance(model, Config) or is_config(model):
        path = None if checkpoint is None else Path(checkpoint)
        return TrainedModel(load_config(model, cfg_options), path, {} if path is None else _read(path))
    if checkpoint is not None:
        raise ValueError(f'{model} is no config, by its ending, to go with the checkpoint {checkpoint}: name a config '
                         'and its checkpoint, or a checkpoint alone.')
    path = find_config(str(model))
    if path.is_dir():
        import_own_modules(cfg_options)
        published = read_published(path)
        return TrainedModel(load_config(published.config, cfg_options), published.weights, _read(published.weights),
                            tuple(sorted(path.glob(f'{SAMPLES}/labels/*'))))
    if not path.exists():
        raise FileNotFoundError(f'There is no checkpoint {model}: ' + (
            named_alike(path) or 'name a file of weights, a published folder, or semsynth::models/toycity, which comes '
            'with semsynth.'))
    stored = _read(path)
    config = stored_config(stored.get('meta', {}), path, cfg_options)
    return TrainedModel(load_config(config, cfg_options), path, stored)


def newest_checkpoint(config: Config) -> Path | None:
    """The newest checkpoint that a training of a config has left in its work dir, or None."""
    return latest_good_checkpoint(work_dir_of(config))


def warn_untrained(config: Config) -> None:
    """Warn that a config is used without a checkpoint, and name its newest one."""
    newest = newest_checkpoint(config)
    print_log(f'{config.filename} is a config without a checkpoint: the model is not trained, and its images are noise.'
              + (f' Name {newest} after it to use what was trained.' if newest else ''), logger='current',
              level=logging.WARNING)


def _read(path: Path) -> dict[str, Any]:
    """A checkpoint, without what only resuming needs."""
    stored = load_checkpoint(path)
    return {part: stored[part] for part in ('state_dict', 'meta')} if 'state_dict' in stored else stored


def build_for_inference(config: Config, checkpoint: str | Path | None, stored: dict | None = None) -> Synthesizer:
    """The parts of a config's model that synthesise, in eval mode; no weights of frozen networks are needed.

    Args:
        config: of the training.
        checkpoint: path; None leaves the weights as they are initialised.
        stored: what the checkpoint holds, where it has been read already.

    Raises:
        ValueError: the config is no synthesizer's. The checkpoint's weights do not fit; the message lists what differs.
            Or the file of styles was made with another checkpoint's encoder.
    """
    check_synthesizer(config)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build({**config.model, **TRAINED_ONLY})
    if checkpoint is not None:
        weights = weights_in(load_checkpoint(checkpoint) if stored is None else stored, checkpoint)
        read = {name: value for name, value in weights.items() if name.startswith(('generator.', 'encoder.'))}
        check_fits(model.state_dict(), read or weights, checkpoint, f'the model of {config.filename}')
        model.load_state_dict(read)
        if model.styles and model.styles.encoder not in ('', hash_weights(model.encoder)):
            raise ValueError(f'The styles in {config.model.styles} were not made with the encoder in {checkpoint}: '
                             'make them anew with semsynth encode_styles.')
    return model.eval()


def build_reader(trained: TrainedModel) -> LayoutReader:
    """What reads layouts for a model: by the config's ``layouts`` or its data set, of which no file is looked at.

    Where the data set cannot be asked, as one of a plugin that is not there, the checkpoint says what it knows.

    Raises:
        NoLayoutsError: nothing says what label maps mean.
        DataError: a file that would say it is absent.
    """
    try:
        return LayoutReader(**layout_facts(trained.config))
    except (DataError, NoLayoutsError):
        meta = trained.meta.get('dataset_meta') or {}
        classes, layouts = list(meta.get('classes') or ()), stored_layouts(trained.meta)
        if layouts:
            return LayoutReader(**layouts)
        if not classes:
            raise
    print_log(f'{trained.checkpoint} does not say which ids its label maps have: they are read as class indices, '
              f'0..{len(classes) - 1}.', logger='current', level=logging.WARNING)
    return LayoutReader(classes, meta.get('palette') or (), meta.get('unknown'),
                        things=[classes[index] for index in meta.get('things', ())],
                        size=trained.config.get('image_size'))
