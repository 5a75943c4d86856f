"""What ``config.json`` says of a trained model: all that inference needs, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.apis.publishing.known_types import UNREAD
from semsynth.data.pipeline import FIXED
from semsynth.data.scene_dataset import SceneDataset
from semsynth.data.transforms import CannyEdges, EdgesAsRaw, KeepFullSize, LoadEdges, PackScene, ResizeScene
from semsynth.registry import DATASETS
from semsynth.stored_config import unseen_scenes

NEEDED = ('type', 'data_preprocessor', 'generator', 'encoder', 'channels_last')
"""Entries of a model's config that inference needs; styles are a file of their own."""


def describe_model(config: Config) -> dict[str, Any]:
    """The config of a trained model without what only training needs.

    Args:
        config: of the training.
    """
    return {name: _plain(value) for name, value in config.model.to_dict().items() if name in NEEDED and value}


def test_set_of(config: Config) -> SceneDataset:
    """The test set of a config, or what ``unseen_scenes`` takes for it; its files are not looked at."""
    with DefaultScope.overwrite_default_scope('semsynth'):
        return DATASETS.build({**unseen_scenes(config), 'lazy_init': True, 'edges': None})


def describe_layouts(dataset: SceneDataset) -> dict[str, Any]:
    """What a data set's files of layouts mean: classes, colours, ids, endings of names, and the size of layouts.

    Raises:
        ValueError: its scenes go through other transforms than loading and resizing, which only code could say.
    """
    facts = {name: value for name, value in dataset.layout_facts.items() if name not in ('data_root', 'folders')}
    suffixes = {kind: ends for kind, ends in facts['suffixes'].items() if kind != 'edge'}
    return facts | dict(suffixes=suffixes, size=_size(dataset))


def _size(dataset: SceneDataset) -> list[int | None]:
    transforms = dataset.pipeline.transforms
    others = [part for part in transforms if not isinstance(part, (
        *FIXED, CannyEdges, EdgesAsRaw, KeepFullSize, LoadEdges, PackScene))]
    scales = [part.scale for part in transforms if isinstance(part, ResizeScene) and not part.keep_ratio]
    if others or len(scales) != 1:
        names = ', '.join(type(part).__name__ for part in others or transforms) or 'no transform'
        raise ValueError(f'The pipeline of the test set has {names}, but a published model says no more of its layouts '
                         'than one size: give the test set a size in place of a pipeline.')
    return [scales[0][1], scales[0][0]]


def _plain(value: Any) -> Any:
    """A setting as JSON has it; types by their names, and no files of weights to begin training from."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if name not in UNREAD}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, type):
        return value.__name__
    return value.removeprefix('semsynth.') if isinstance(value, str) else value
