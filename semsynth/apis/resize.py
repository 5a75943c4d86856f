"""A copy of a config's data at the config's size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.config import load_config
from semsynth.data.prepare import resize_datasets
from semsynth.data.scene_dataset import SceneDataset
from semsynth.registry import DATASETS
from semsynth.writing import write_whole

SPLITS = ('train', 'val', 'test')


def resize_data(config: str | Path | Config, out: str | Path, splits: Sequence[str] = SPLITS,
                cfg_options: dict | None = None) -> dict[str, int]:
    """Write the data of a config as its pipelines resize them; see
    ``resize_datasets``.

    Args:
        config: path or config.
        out: folder of the copy, the ``data_root`` to train from.
        splits: of which dataloaders, those that the config has; they stand for all scenes of their folders.
        cfg_options: entries of the config to override.

    Returns:
        The number of scenes by folder.

    Raises:
        ValueError: a pipeline would give other pixels from a copy, or ``out`` holds something else.
        DataError: files are missing or cannot be read; one line a problem. The sound scenes are written all the same.
    """
    config = load_config(config, cfg_options)
    loaders = [config[f'{split}_dataloader'] for split in splits if config.get(f'{split}_dataloader')]
    datasets = []
    with DefaultScope.overwrite_default_scope('semsynth'):
        for settings in [loader.dataset for loader in loaders]:
            if not issubclass(DATASETS.get(settings.type) or object, SceneDataset):
                raise ValueError(f'{config.filename} has data of the type {settings.type}, which is no data set of '
                                 'scenes: only those of semsynth.data can be copied.')
            if (settings.get('edges') or {}).get('full_size'):
                raise ValueError(f'{config.filename} has edges={dict(settings.edges)}, those of photos as they are on '
                                 'disk, and a copy has smaller photos: train from the data as they are.')
            datasets.append(DATASETS.build({**settings, 'edges': None, 'indices': None}))
    if not datasets:
        raise ValueError(f'{config.filename} has no data for {", ".join(splits)}: name another --split.')
    counts = resize_datasets(datasets, out)
    for classes in [loader.dataset.get('classes') for loader in loaders]:
        if isinstance(classes, str) and (file := Path(datasets[0].data_root, classes)).is_file():
            write_whole(Path(out, classes), file.read_bytes())
    return counts
