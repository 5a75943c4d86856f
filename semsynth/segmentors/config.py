"""Configs of mmseg segmentors: where they are found, and what an offline build leaves out of them."""

from __future__ import annotations

from copy import deepcopy
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import yaml
from mmengine.config import Config, ConfigDict

from semsynth.config_files import find_config

PACKAGED = 'mmseg::'


def model_config(source: str | Path | dict) -> ConfigDict:
    """The model dict of a segmentor, with nothing in it that downloads weights.

    Args:
        source: path of an mmengine config, ``'mmseg::segformer/NAME.py'`` (a config that mmseg packages),
            ``'semsynth::segmentors/NAME.py'`` (one of this library's own), or a model dict, which is copied.

    Raises:
        FileNotFoundError: there is no such config.
        ValueError: it has no model, or the model does not say how it wants its images.
    """
    if isinstance(source, dict):
        model = ConfigDict(deepcopy(source))
    else:
        config = Config.fromfile(path_of_config(str(source)))
        if not config.get('model'):
            raise ValueError(f'segmentor: {source} has no model; name the config of an mmseg segmentor.')
        model = config.model
        if 'generator' in model:
            raise ValueError(f'segmentor: {source} is the config of a synthesizer; name that of a segmentor, such as '
                             'semsynth::segmentors/unet_toycity.py.')
        if config.get('data_preprocessor'):
            model.setdefault('data_preprocessor', config.data_preprocessor)
    preprocessor = model.get('data_preprocessor') or {}
    if preprocessor.get('mean') is None or preprocessor.get('std') is None:
        raise ValueError('segmentor: its config must say how it wants its images: '
                         'data_preprocessor=dict(type=, mean=, std=, bgr_to_rgb=).')
    model.pop('_scope_', None)
    return _without_downloads(model)


def published_weights(source: str) -> str | None:
    """The address of the weights that mmseg publishes for a config which it packages, or None.

    Args:
        source: ``'mmseg::segformer/NAME.py'``; of all others nothing is known.
    """
    if not source.startswith(PACKAGED):
        return None
    for table in _packaged(source).parent.glob('metafile.y*ml'):
        for model in yaml.safe_load(table.read_text(encoding='utf-8')).get('Models') or ():
            if str(model.get('Config')).endswith(f'configs/{source.removeprefix(PACKAGED)}'):
                return model.get('Weights')
    return None


def path_of_config(source: str) -> Path:
    """The file of a segmentor's config; ``source`` and the error are as of ``model_config``."""
    if source.startswith(PACKAGED):
        path = _packaged(source)
    else:
        path = find_config(source)
    if not path.is_file():
        raise FileNotFoundError(f"segmentor: there is no config {path}; give the path of an mmseg config, or "
                                f"'{PACKAGED}FOLDER/NAME.py' for one that mmseg packages.")
    return path


def _packaged(source: str) -> Path:
    # By path: get_config('mmseg::...') asks for a distribution called mmsegmentation, which ours is not.
    package = cast(str, cast(ModuleSpec, find_spec('mmseg')).origin)
    return Path(package).parent / '.mim' / 'configs' / source.removeprefix(PACKAGED)


def _without_downloads(part: Any) -> Any:
    """The weights come from our checkpoint: pretrained backbones would only be downloaded and overwritten."""
    if isinstance(part, list | tuple):
        return type(part)(map(_without_downloads, part))
    if not isinstance(part, dict):
        return part
    for key, value in part.items():
        names_weights = key == 'pretrained' or (key == 'init_cfg' and _is_pretrained(value))
        part[key] = None if names_weights else _without_downloads(value)
    return part


def _is_pretrained(init: Any) -> bool:
    return any(isinstance(one, dict) and one.get('type') == 'Pretrained'
               for one in (init if isinstance(init, list | tuple) else [init]))
