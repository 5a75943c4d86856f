"""Weights of networks: where the files of frozen ones come from, and how they are told apart."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlparse

import torch
from torch import nn

FOLDER_VARIABLE = 'SEMSYNTH_WEIGHTS'


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
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
