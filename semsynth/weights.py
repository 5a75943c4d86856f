"""Weight files: reading them as data, so that nothing in them can run code, and finding those of frozen networks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from torch import nn

from semsynth.safe_reading.safetensors_file import read_safetensors
from semsynth.safe_reading.stored_tensors import read_stored

FOLDER_VARIABLE = 'SEMSYNTH_WEIGHTS'
TRAINING_PARTS = ('optimizer', 'message_hub')
"""What a checkpoint of a training has beside weights and ``meta``."""


def load_checkpoint(path: str | Path) -> dict:
    """Read a file of weights onto the CPU, as data; torch's are compared with their checksums, safetensors have none.

    Returns:
        What the file holds. Where that has a ``state_dict``, as a training's has, its parts have the kinds that they
        should have, and there is a ``meta``, perhaps empty.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is damaged, no checkpoint, or it holds objects other than tensors and plain values.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(_absent(path))
    if path.suffix == '.safetensors':
        return dict(state_dict=read_safetensors(path), meta={})
    stored = read_stored(path)
    if not isinstance(stored, dict):
        raise ValueError(f'{path} is no checkpoint: it holds a {type(stored).__name__}, not tensors by name.')
    if 'state_dict' in stored:
        stored['meta'] = stored.get('meta') or {}
        for part in ('state_dict', *TRAINING_PARTS, 'meta', 'ema_state_dict', 'frozen_moments'):
            if not isinstance(stored.get(part, {}), dict):
                raise ValueError(f'{path} is no checkpoint: its {part} is a {type(stored[part]).__name__}, not a dict.')
    return stored


def weights_in(stored: dict, path: str | Path) -> dict[str, torch.Tensor]:
    """The weights of a network in a file: its ``state_dict``, or all that the file holds.

    Args:
        stored: by ``load_checkpoint``.
        path: for the message.

    Raises:
        ValueError: there is something else than tensors by name, or a weight is not finite.
    """
    weights = stored.get('state_dict', stored)
    for name, value in weights.items():
        if not isinstance(name, str) or not torch.is_tensor(value):
            raise ValueError(f'{path} holds no weights of a network: {name!r} is a {type(value).__name__}, where '
                             'tensors by name were expected; use another file.')
    if not weights:
        raise ValueError(f'{path} holds no weights; use another file.')
    check_finite(weights, path)
    return weights


def not_finite(weights: Mapping[str, torch.Tensor]) -> str | None:
    """The name of the first tensor that holds NaN or infinity, or None."""
    return next((name for name, value in weights.items()
                 if value.is_floating_point() and not value.isfinite().all()), None)


def check_finite(weights: Mapping[str, torch.Tensor], path: str | Path) -> None:
    """Raise ValueError where a weight in a file is not finite."""
    if name := not_finite(weights):
        raise ValueError(f'{path} holds weights that are not finite, first of all {name}: nothing can be computed with '
                         'them. Use an earlier checkpoint, or another file.')


def check_resumable(stored: dict, path: str | Path) -> None:
    """Refuse to resume from what is no checkpoint of a training.

    Raises:
        ValueError: a part is missing; says how to start anew from the weights. Or a weight that was trained, beside its
            average, is not finite.
    """
    meta = stored.get('meta', {})
    missing = [part for part in TRAINING_PARTS if part not in stored]
    missing += [f'meta.{count}' for count in ('epoch', 'iter') if type(meta.get(count)) is not int]
    if missing:
        raise ValueError(f'{path} is no checkpoint of a training, which could be resumed: it has no '
                         f'{", ".join(missing)}. To start anew from its weights, train into another folder without '
                         f'--resume and with --cfg-options load_from={path}.')
    check_finite(stored.get('ema_state_dict', {}), path)


def _absent(path: Path) -> str:
    if path.is_dir():
        return f'{path} is a folder: name a checkpoint in it.'
    return f'There is no checkpoint {path}.' if not path.exists() else f'{path} is no file.'


def find_weights(source: str | Path) -> Path:
    """The file of a frozen network's weights.

    Looked for in this order: ``source`` as a path; its file name in the folder that the environment variable
    ``SEMSYNTH_WEIGHTS`` names; where ``source`` is a URL, torch's own download cache, then the download.

    Args:
        source: path or URL.

    Raises:
        FileNotFoundError: it is nowhere; the message says which file to put where.
    """
    address = str(source)
    name = Path(urlparse(address).path).name
    folder = os.environ.get(FOLDER_VARIABLE)
    is_url = urlparse(address).scheme in ('http', 'https')
    cache = Path(torch.hub.get_dir(), 'checkpoints')
    for place in ([] if is_url else [Path(address)]) + ([Path(folder, name)] if folder else []) + [cache / name]:
        if place.is_file():
            return place
    if is_url:
        return _download(address, cache / name)
    raise FileNotFoundError(f'There is no weight file {address}: correct the path, or put {name} into a folder and '
                            f'name that folder in the environment variable {FOLDER_VARIABLE}.')


def find_packaged_weights(source: str | Path | None, package: str, file: str, install: str,
                          others: Iterable[str] = ()) -> Path:
    """The file of a frozen network's weights that are installed as a Python package, which is not imported.

    Looked for in this order: ``source`` alone, as ``find_weights`` does; by name in the folder that the environment
    variable ``SEMSYNTH_WEIGHTS`` names; in the package.

    Args:
        source: path; None where there is none.
        package: name by which the package would be imported.
        file: path of the file in the package.
        install: the command that installs the package.
        others: names of files in that folder that would do as well.

    Raises:
        FileNotFoundError: it is nowhere; the message says what to install.
    """
    if source is not None:
        return find_weights(source)
    name, folder, found = Path(file).name, os.environ.get(FOLDER_VARIABLE), find_spec(package)
    roots = list(found.submodule_search_locations or ()) if found else []
    in_folder = [Path(folder, each) for each in (name, *others)] if folder else []
    for place in in_folder + [Path(root, file) for root in roots]:
        if place.is_file():
            return place
    raise FileNotFoundError(f'The weights {name} are not on this machine: run {install}, or put the file into a folder '
                            f'and name that folder in the environment variable {FOLDER_VARIABLE}.')


def _download(address: str, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(address, str(target))
    except (URLError, OSError) as error:
        raise FileNotFoundError(
            f'The weights {target.name} are not on this machine and {address} could not be reached ({error}): download '
            f'it elsewhere and put it into the folder that the environment variable {FOLDER_VARIABLE} names, '
            f'or into {target.parent}.') from error
    return target


def hash_weights(network: nn.Module) -> str:
    """The first 16 digits of the SHA-256 over names and values of a network's weights."""
    return hash_tensors(network.state_dict())


def hash_tensors(tensors: Mapping[str, torch.Tensor]) -> str:
    """The first 16 digits of the SHA-256 over names and values of tensors."""
    digest = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
