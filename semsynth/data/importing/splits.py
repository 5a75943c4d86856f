"""Splits of an import: the source's own, or drawn by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

SHARE = 0.1
"""Of scenes to validate on, where nothing else is said."""


def choose_splits(names: Sequence[str], own: Mapping[str, str], val: float | None, seed: int) -> dict[str, str]:
    """The split of each scene, by name.

    Args:
        names: of the scenes.
        own: the source's own splits; they count where there is no ``val``, and scenes to train on and others.
        val: the share of scenes to validate on, or None.
        seed: of the draw.
    """
    kinds = {own.get(name, 'train') for name in names}
    if val is None and 'train' in kinds and len(kinds) > 1:
        return {name: own.get(name, 'train') for name in names}
    return split_by_name(names, SHARE if val is None else val, seed)


def split_by_name(names: Sequence[str], share: float, seed: int) -> dict[str, str]:
    """``'train'`` or ``'val'`` for each scene, by a hash of its name.

    So a scene stays in its split when others are added. At least one scene is for training, and, of two or more, one
    for validation, unless the share is 0.

    Args:
        names: of the scenes.
        share: for validation, 0 to 1.
        seed: other seeds give other splits.
    """
    places = {name: int.from_bytes(hashlib.sha256(f'{seed}:{name}'.encode()).digest()[:8]) / 2**64 for name in names}
    order = sorted(names, key=lambda name: places[name])
    count = sum(place < share for place in places.values())
    count = min(max(count, share > 0), max(len(names) - 1, 0))
    val = set(order[:count])
    return {name: 'val' if name in val else 'train' for name in names}
