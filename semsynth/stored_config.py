"""What a checkpoint carries beside its weights: the config of its training, read as data, and what its layouts mean."""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.config import is_composed, merge_options, plain, scene_datasets
from semsynth.config_files import import_modules
from semsynth.data.pipeline import without_edges
from semsynth.registry import DATASETS, UnknownType, is_registered
from semsynth.settings import OPTION

PARTS = ('test', 'val', 'default_hooks.pictures', 'train')
"""Whose layouts a model is to read, the first that there is."""


class NoLayoutsError(ValueError):
    """Nothing says what label maps of a model mean."""


def stored_config(meta: Mapping[str, Any], path: str | Path, cfg_options: Mapping | None = None) -> Config:
    """The config that a checkpoint carries, with ``layouts``, as if it had been read from a file.

    It is data: nothing in it runs, and its ``custom_imports`` are not followed. A part whose type is registered nowhere
    is left as it is, and refused where it is built.

    Args:
        meta: the checkpoint's.
        path: of the checkpoint, which the config is then called by.
        cfg_options: of these, ``custom_imports`` are imported: the user's own modules.

    Raises:
        ValueError: it carries none, or one that no training wrote.
    """
    text = meta.get('cfg')
    if not isinstance(text, str):
        raise ValueError(f'{path} does not carry the config of its training: name the config too, before it.')
    import_own_modules(cfg_options)
    settings = read_settings(text)
    settings.pop('custom_imports', None)
    model = settings.get('model')
    if not isinstance(model, dict):
        raise ValueError(f'{path} carries a config without a model: name the config too, before it.')
    settings = {name: _marked(value) for name, value in settings.items()} | dict(
        model={name: _marked(value) for name, value in model.items()})
    if layouts := stored_layouts(meta):
        settings['layouts'] = layouts
    return Config(settings, cfg_text=text, filename=str(path))


def stored_layouts(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint says that files of layouts mean, as of ``layout_facts``; nothing where it does not say."""
    layouts = meta.get('layouts')
    return _marked(layouts) if isinstance(layouts, dict) else {}


def import_own_modules(cfg_options: Mapping | None) -> None:
    """Import what ``custom_imports`` among the options names: a user's own modules, for files that import nothing.

    Raises:
        ValueError: there is no such module.
    """
    modules = {name: value for name, value in (cfg_options or {}).items() if name.startswith('custom_imports')}
    import_modules(merge_options(Config(), modules), OPTION)


def read_settings(text: str) -> dict[str, Any]:
    """The settings in a config's text as mmengine writes it into checkpoints; read, not run.

    Raises:
        ValueError: there is something else in it than settings.
    """
    try:
        lines = cast(list[ast.Assign], ast.parse(text).body)  # others have no targets
        return {cast(ast.Name, line.targets[0]).id: _value(line.value) for line in lines}
    except (SyntaxError, AttributeError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f'The config in the checkpoint cannot be read ({error}): it was not written by a training; '
                         'use another checkpoint.') from error


def unseen_scenes(config: Config) -> dict[str, Any]:
    """The settings of a config's test set; where it has none, of those of validation, of its pictures, or of training.

    Raises:
        NoLayoutsError: it has no data set of scenes.
    """
    datasets = dict(scene_datasets(config))
    settings = next((datasets[place] for part in PARTS for place in datasets if place.startswith(part)), None)
    if settings is None:
        raise NoLayoutsError(f'{config.filename} has neither a data set of scenes nor layouts, so that nothing says '
                             'what ids in label maps mean: put a data set of semsynth::_base_ among its _base_.')
    return settings


def layout_facts(config: Config) -> dict[str, Any]:
    """What files of layouts mean to a config's model, as plain data: the arguments of a ``LayoutReader``.

    They are the config's ``layouts``, or else what its test set says: one of validation or training where there is no
    test set. No file of it is looked at.

    Raises:
        NoLayoutsError: it has no data set of scenes.
        DataError: a file that names its classes is absent.
    """
    if config.get('layouts'):
        return config.layouts.to_dict()
    settings = unseen_scenes(config)
    with DefaultScope.overwrite_default_scope('semsynth'):
        facts = DATASETS.build({**settings, 'lazy_init': True, 'edges': None}).layout_facts
    if settings.get('size') and (not settings.get('pipeline') or is_composed(settings)):
        return facts | dict(size=list(settings['size']))
    return facts | dict(pipeline=plain(without_edges(settings.get('pipeline') or ())))


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == 'dict':
        parts = [_value(part) for part in node.args] + [{part.arg: _value(part.value)} for part in node.keywords]
        return {key: value for part in parts for key, value in part.items()}
    if isinstance(node, ast.Dict):
        keys = cast(list[ast.expr], node.keys)  # mmengine writes no **others
        return {_value(key): _value(value) for key, value in zip(keys, node.values, strict=True)}
    if isinstance(node, ast.List | ast.Tuple):
        parts = [_value(part) for part in node.elts]
        return parts if isinstance(node, ast.List) else tuple(parts)
    if isinstance(node, ast.Name) and node.id in ('inf', 'nan'):
        return float(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Name):
        return -math.inf if node.operand.id == 'inf' else ast.unparse(node)
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def _marked(node: Any) -> Any:
    """Settings in which a part of an unknown type, or that holds one, is nothing but that type."""
    if isinstance(node, dict):
        if ('type' in node or '_scope_' in node) and (stranger := _stranger(node)) is not None:
            return dict(type=UnknownType(stranger))
        return {key: _marked(value) for key, value in node.items()}
    return type(node)(map(_marked, node)) if isinstance(node, list | tuple) else node


def _stranger(node: Any) -> str | None:
    """The first type in a setting that is registered nowhere."""
    if isinstance(node, dict):
        if 'type' in node and not is_registered(node['type']):
            return str(node['type'])
        if '_scope_' in node:  # mmengine would import the package of that name
            return str(node['_scope_'])
    parts = node.values() if isinstance(node, dict) else node if isinstance(node, list | tuple) else ()
    return next((found for part in parts if (found := _stranger(part)) is not None), None)
