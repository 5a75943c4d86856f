"""A published folder: which files it has, and what reading it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

FORMAT = 1
"""Version of ``config.json``."""
CONFIG, WEIGHTS, STYLES, CARD, SAMPLES = 'config.json', 'model.safetensors', 'styles.npz', 'README.md', 'samples'
FILES = (CONFIG, WEIGHTS, STYLES, CARD, f'{SAMPLES}/*')
"""All that a published folder has, as patterns; the first two are always there."""
LARGEST_CONFIG = 2**20
"""Bytes of the longest config that is read."""


@dataclass(frozen=True)
class Published:
    """What was read from a published folder.

    Args:
        folder: that was read.
        config: the model, as a config of inference: ``model``, and ``layouts``, which says what label maps mean to it,
            and that the samples are its own data.
        weights: the file of the weights.
        facts: what the publisher says of the model: ``name``, ``dataset``, ``iterations``, ``weights`` (their
            precision), ``license`` and ``scores``.
    """

    folder: Path
    config: Config
    weights: Path
    facts: dict[str, Any]


def is_published(folder: str | Path) -> bool:
    """Whether a folder's config is one that semsynth wrote; other libraries call their files likewise."""
    path = Path(folder, CONFIG)
    try:
        return path.is_file() and 'semsynth' in read_content(path)
    except (OSError, ValueError):
        return False


def file_in(folder: Path, name: str) -> Path:
    """The path of a file of a published folder.

    A link may lead anywhere, so that none is followed but those of huggingface_hub's own cache.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is a link.
    """
    path, cache = folder / name, folder.absolute().parents[1:2]
    if not path.is_file():
        if not folder.is_dir():
            raise FileNotFoundError(f'There is no folder {folder}.')
        newest = max(folder.glob('*.pth'), key=lambda found: found.stat().st_mtime, default=None)
        raise FileNotFoundError(f'{folder} is no published folder: it has no file {name}.' + (
            f' To use a checkpoint in it, name its file, such as {newest}.' if newest else ''))
    in_cache = folder.absolute().parent.name == 'snapshots' and path.resolve().parent == Path(*cache, 'blobs').resolve()
    if path.is_symlink() and not in_cache:
        raise ValueError(f'{path} is a link, and links in published folders are not followed: put the file itself '
                         'there.')
    return path


def read_content(path: Path) -> dict[str, Any]:
    """What ``config.json`` holds, not checked yet.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is too long, or no JSON of a dict.
    """
    if path.stat().st_size > LARGEST_CONFIG:
        raise ValueError(f'{path} has {path.stat().st_size} bytes, and a config of a published model at most '
                         f'{LARGEST_CONFIG}: it is none.')
    try:
        content = json.loads(path.read_text(encoding='utf-8'), parse_constant=_refuse_constant)
        if strange := next((text for text in _texts(content) if not text.isprintable()), None):
            raise ValueError(f'{strange[:50]!r} is no text')  # it could steer the terminal that it is shown in
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path} is no JSON ({error!s:.100}): copy or download it again.') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path} is no config of a published model: it holds a {type(content).__name__}.')
    return content


def _texts(node: object) -> Iterator[str]:
    """All text in some JSON."""
    if isinstance(node, str):
        yield node
    for part in [*node, *node.values()] if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _texts(part)


def _refuse_constant(name: str) -> None:
    raise ValueError(f'{name} is no number')
