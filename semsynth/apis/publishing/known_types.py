"""What the config of a published model may name: parts that are registered, with plain values as arguments.

Such a config may come from a stranger. So a type is looked up among registered names alone (mmengine imports anything
that has a dot in its name), parts stand only where a part is expected, and no argument names a file to be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from mmengine.registry import MODELS as ENGINE_MODELS
from mmengine.registry import Registry

from semsynth.arguments import SHORTENED, check_value, kinds_of_arguments
from semsynth.data.preprocessor import LayoutPreprocessor
from semsynth.layers.backbones import mmseg_models
from semsynth.models import Synthesizer
from semsynth.registry import ENCODERS, GENERATORS, HEADS, MODELS

LARGEST = 2**13
"""No whole number of a network's settings is larger."""
MOST_LAYERS = 128
"""Of one kind, such as ``num_blocks``, and of encoders: more would only take time to build."""
UNREAD = ('init_cfg', 'pretrained')
"""Arguments of parts that name files to be read at building. The weights of a published model are its own."""
_NAME = re.compile(r'[A-Za-z]\w*')
_LAYERS = ('torch.nn.modules.', 'mmcv.cnn.bricks.', 'mmseg.models.utils.')
"""The modules of the layers that backbones of mmseg may be told to use."""
_BACKBONES = 'mmseg.models.backbones.'
_BUILDERS = ('TIMMBackbone',)
"""Of mmseg's backbones, those that build any network of another library, and may download its weights."""


def check_model(model: Any, owner: str) -> None:
    """Refuse the config of a model that is not made of known parts and plain values.

    Args:
        model: ``dict(generator=..., data_preprocessor=..., encoder=..., channels_last=...)``.
        owner: begins messages.

    Raises:
        ValueError: says which entry, and why.
    """
    check_value(owner, 'model', model, dict)
    known = ('type', 'data_preprocessor', 'generator', 'encoder', 'channels_last')
    if strangers := [name for name in model if name not in known]:
        raise ValueError(f'{owner}: model.{strangers[0]} is nothing that a published model has: it has '
                         f'{", ".join(known)}.')
    check_value(owner, 'model.channels_last', model.get('channels_last', False), bool)
    _kind(model.get('type', 'Synthesizer'), MODELS, Synthesizer, owner, 'model')
    _check_part(model.get('data_preprocessor'), MODELS, owner, 'model.data_preprocessor', LayoutPreprocessor)
    _check_part(model.get('generator'), GENERATORS, owner, 'model.generator')
    encoders = model.get('encoder') or []
    encoders = [encoders] if isinstance(encoders, dict) else encoders
    check_value(owner, 'model.encoder', encoders, list[dict])
    _check_count(len(encoders), MOST_LAYERS, owner, 'model.encoder')
    for number, encoder in enumerate(encoders):
        _check_part(encoder, ENCODERS, owner, f'model.encoder.{number}')


def _check_part(part: Any, registry: Registry, owner: str, place: str, default: type | None = None) -> None:
    check_value(owner, place, part, dict)
    kind = _kind(part.get('type', default and default.__name__), registry, default, owner, place)
    arguments = kinds_of_arguments(kind)
    for name, value in part.items():
        inside, annotation = f'{place}.{name}', arguments.get(name)
        _check_name(name, owner, inside)
        if name == 'type' or value is None:
            continue
        if name in UNREAD or Path in (annotation, *get_args(annotation)):
            raise ValueError(f'{owner}: {inside} names a file, and a published model reads none: remove it.')
        if name == 'head':
            _check_part(value, HEADS, owner, inside)
        elif name == 'backbone' and isinstance(value, dict):
            _check_backbone(value, owner, inside)
        else:
            _check_plain(value, owner, inside)


def _kind(name: Any, registry: Registry, base: type | None, owner: str, place: str) -> type:
    """The registered class of a name; mmengine's own look-up would import what is not registered."""
    registry.import_from_location()
    found = registry.get(name) if isinstance(name, str) and name in registry.module_dict else None
    if found is None or (base and not issubclass(found, base)):
        raise ValueError(f'{owner}: {place}.type={SHORTENED.repr(name)} is no {registry.name} that semsynth knows. If '
                         'it is a plugin, import the module that registers it first, or install the package that has '
                         'it as an entry point: a published folder never imports anything by itself.')
    return found


def _check_name(name: str, owner: str, place: str) -> None:
    """Refuse names that mean something to mmengine, such as ``_scope_``, which has a package imported."""
    if not _NAME.fullmatch(name):
        raise ValueError(f'{owner}: {place} is no name of an argument.')


def _check_plain(value: Any, owner: str, place: str) -> None:
    """Refuse all but numbers, text and lists; a dict could be taken for a part."""
    if isinstance(value, list):
        for number, each in enumerate(value):
            _check_plain(each, owner, f'{place}.{number}')
    elif isinstance(value, dict):
        raise ValueError(f'{owner}: {place}={SHORTENED.repr(value)}, where no part is expected, but a plain value.')
    elif isinstance(value, int):
        name = place.rpartition('.')[2]
        _check_count(abs(value), MOST_LAYERS if name.startswith('num_') and name != 'num_classes' else LARGEST, owner,
                     place)


def _check_count(count: int, most: int, owner: str, place: str) -> None:
    if count > most:
        raise ValueError(f'{owner}: {place}: {count:.9g}, expected {most} at most.')


def _check_backbone(backbone: Mapping, owner: str, place: str) -> None:
    """Refuse all but backbones of mmseg, told to use layers of torch, mmcv and mmseg."""
    mmseg_models()  # registers them
    from mmseg.registry import MODELS as MMSEG_MODELS

    _check_registered(backbone, MMSEG_MODELS.module_dict, (_BACKBONES,), owner, place, 'backbone of mmseg')
    layers = {**ENGINE_MODELS.module_dict, **MMSEG_MODELS.module_dict}
    for name, value in backbone.items():
        if name != 'type':
            _check_settings(value, layers, owner, f'{place}.{name}')


def _check_settings(value: Any, layers: Mapping[str, type], owner: str, place: str) -> None:
    """As ``_check_plain``, but dicts may be settings of layers."""
    if place.rpartition('.')[2] in UNREAD and value is not None:
        raise ValueError(f'{owner}: {place} names a file, and a published model reads none: remove it.')
    if isinstance(value, list):
        for number, each in enumerate(value):
            _check_settings(each, layers, owner, f'{place}.{number}')
    elif isinstance(value, dict):
        if 'type' in value:
            _check_registered(value, layers, _LAYERS, owner, place, 'layer of torch, mmcv or mmseg')
        for name, each in value.items():
            _check_name(name, owner, f'{place}.{name}')
            if name != 'type':
                _check_settings(each, layers, owner, f'{place}.{name}')
    else:
        _check_plain(value, owner, place)


def _check_registered(part: Mapping, known: Mapping[str, type], modules: tuple[str, ...], owner: str, place: str,
                      what: str) -> None:
    name = part.get('type')
    found = known.get(name) if isinstance(name, str) else None
    if found is None or name in _BUILDERS or not found.__module__.startswith(modules):
        raise ValueError(f'{owner}: {place}.type={SHORTENED.repr(name)} is no {what}.')
