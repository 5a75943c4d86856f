"""Weights that mmengine fetches by address or name, such as ``init_cfg=dict(type='Pretrained', ...)`` of a backbone.

They are read as any file is: mmengine's own loaders turn to the unsafe pickle, and would run what a download holds.
"""

from __future__ import annotations

from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from semsynth.weights import find_weights, load_checkpoint, weights_in

TABLES = {'modelzoo': get_torchvision_models, 'torchvision': get_torchvision_models, 'mmcls': get_mmcls_models,
          'open-mmlab': get_external_models, 'openmmlab': get_external_models}
"""What gives the addresses of published networks by name, for each kind of name (``torchvision://resnet50``)."""


@CheckpointLoader.register_scheme(prefixes=('http://', 'https://', *(f'{kind}://' for kind in TABLES)), force=True)
def load_from_address(filename: str, map_location=None) -> dict:
    """Download weights, or find them as ``find_weights`` does, and read them as data.

    Args:
        filename: address, or ``KIND://NAME``.
        map_location: not used; tensors come on the CPU and are copied to where they belong.

    Raises:
        FileNotFoundError: they are nowhere, and cannot be downloaded.
        ValueError: there is no network of that name, or the file holds something else than tensors and plain values.
    """
    kind, name = filename.split('://', 1)
    if kind not in TABLES:
        return load_checkpoint(find_weights(filename))
    addresses, name = TABLES[kind](), get_deprecated_model_names().get(name, name)
    if name not in addresses:
        raise ValueError(f'{filename} is none of the networks that mmengine knows: name a file, or its address.')
    path = find_weights(addresses[name])
    stored = load_checkpoint(path)
    if kind != 'mmcls':
        return stored
    return dict(state_dict={name.removeprefix('backbone.'): value for name, value in weights_in(stored, path).items()
                            if name.startswith('backbone.')})


@CheckpointLoader.register_scheme(prefixes=(r'(\S+\:)?s3://', r'(\S+\:)?petrel://', 'pavi://'), force=True)
def load_from_storage(filename: str, map_location=None) -> dict:
    """Refuse what only mmengine's unsafe loaders could read."""
    raise ValueError(f'{filename} is not read: download it, and name the file.')
