"""Benchmark of boundary maps and one-hot channels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.layout import boundary_map, one_hot
from semsynth.studies.benchmark.maps import draw_bands, read_map
from semsynth.studies.benchmark.measuring import Step, Version, check_versions


def plain_boundary_map(instance: Tensor) -> Tensor:
    """Neighbour by neighbour. What ``boundary_map`` computes, with the same arguments."""
    height, width = instance.shape[1:]
    framed = F.pad(instance.unsqueeze(1).double(), (1, 1, 1, 1), mode='replicate')  # not in integers, says torch
    boundary = torch.zeros_like(instance, dtype=torch.bool)
    for down, right in (0, 1), (1, 0), (1, 2), (2, 1):
        boundary |= framed[:, 0, down:down + height, right:right + width] != instance
    return boundary.unsqueeze(1).float()


def plain_one_hot(label: Tensor, num_classes: int) -> Tensor:
    """Class by class. What ``one_hot`` computes, with the same arguments."""
    return torch.stack([(label == number).float() for number in range(num_classes)], dim=1)


VERSIONS = dict(fast=(boundary_map, one_hot), plain=(plain_boundary_map, plain_one_hot))


def layout(device: str, sizes: Sequence[tuple[int, int]], classes: Sequence[int], maps: Sequence[str | Path] = (),
           versions: Sequence[str] = tuple(VERSIONS)) -> list[list[Version]]:
    """Boundary map and one-hot channels, each alone.

    Args:
        device: what it runs on.
        sizes: heights and widths of the map.
        classes: numbers of one-hot channels.
        maps: files of instance maps, resized; their ids modulo the number of classes are the classes. None: 65 bands
            are drawn.
        versions: names of ``VERSIONS``.

    Raises:
        ValueError: there is no such version.
        DataError: a file is missing or unsound.
    """
    check_versions(versions, VERSIONS)
    groups = []
    paths: Sequence[str | Path | None] = maps or [None]
    for path in paths:
        for height, width in sizes:
            ids = (draw_bands(65, height, width) if path is None else read_map(path, height, width)).to(device)
            columns = {'map': 'bands' if path is None else Path(path).stem, 'size': f'{height}x{width}'}
            groups.append(_versions({**columns, 'channels': 'boundary'}, 0, versions, ids))
            groups += [_versions({**columns, 'channels': f'one-hot, {number} classes'}, 1, versions, ids % number,
                                 number) for number in classes]
    return groups


def _versions(columns: dict[str, object], place: int, versions: Sequence[str], *arguments: object) -> list[Version]:
    return [Version({**columns, 'version': version}, partial(_step, VERSIONS[version][place], *arguments), 'channels')
            for version in versions]


def _step(make: Callable[..., Tensor], *arguments: object) -> Step:
    return lambda: [make(*arguments)]
