"""Images that are judged in a model's place: found for the layouts of a config, and what the result says of them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import DefaultScope
from rich.console import Console

from semsynth.data.given_images import GivenImages, find_given_images
from semsynth.data.scene_dataset import SceneDataset
from semsynth.errors import counted, first_few
from semsynth.evaluators import Evaluator
from semsynth.registry import DATASETS

AS_PHOTOS = 'as photos are (bicubic, antialiased)'


@dataclass(frozen=True)
class Given:
    """Images for a config's layouts.

    Args:
        images: the files.
        fitted: how those of another size than their layouts are made to fit; None where there are none.
        full_size: for each evaluator whether it takes the images as they are on disk.
    """

    images: GivenImages
    fitted: str | None
    full_size: Sequence[bool]

    @property
    def facts(self) -> dict[str, Any]:
        """What the result file says of them."""
        return dict(folder=self.images.folder, count=len(self.images.paths), hash=self.images.hash,
                    surplus=len(self.images.surplus),
                    surplus_names=list(self.images.surplus[:3]), sizes=_in_words(self.images.sizes), fitted=self.fitted)

    @property
    def independence(self) -> str:
        """The first line of the result file."""
        return ('unknown: the images are given, and nothing says what networks their maker was trained with; a judge '
                'that was among them gives scores that say little.')

    def state_in(self, evaluators: Sequence[Evaluator]) -> None:
        """Have the protocols say how images were made to fit."""
        for evaluator, full_size in zip(evaluators, self.full_size, strict=True):
            if self.fitted:
                evaluator.protocol['fitted'] = 'from their own size to each label map\'s' if full_size else self.fitted


def find_given(config: Config, folder: str | Path, ending: str | None = None) -> Given:
    """Find the images of a config's test set in a folder; warn of those that belong to no layout, or have other sizes.

    Args:
        config: read, with its settings shared out.
        folder: of the images.
        ending: what ends their names behind the layouts'.

    Raises:
        DataError: as of ``find_given_images``.
        ValueError: an evaluator judges another output than the image.
    """
    entries = config.test_evaluator
    entries = entries if isinstance(entries, list | tuple) else [entries]
    if other := [entry.output for entry in entries if entry.get('output', 'image') != 'image']:
        raise ValueError(f'test_evaluator judges the output {other[0]!r}, but a folder holds images alone: override '
                         'test_evaluator, or drop that entry.')
    with DefaultScope.overwrite_default_scope('semsynth'):
        dataset = DATASETS.build(config.test_dataloader.dataset)
    known = dataset.suffixes if isinstance(dataset, SceneDataset) else {}
    endings = [*([ending] if ending else []), *(end for ends in known.values() for end in ends)]
    names = scene_names(dataset)
    Console(highlight=False).print(f'Reading {counted(len(names), "image")} of {folder}', markup=False, soft_wrap=True)
    images = find_given_images(folder, names, endings)
    if images.surplus:
        print_log(f'{counted(len(images.surplus), "image")} in {folder} belong to no layout of the test set and are '
                  f'left out: {first_few(images.surplus)}.', logger='current', level=logging.WARNING)
    fitted = _fit(images, config.test_dataloader.dataset.get('size'))
    return Given(images, fitted, [bool(entry.get('full_size')) for entry in entries])


def scene_names(dataset: Any) -> list[str]:
    """The names of a data set's scenes; their numbers where it has no names."""
    return [str(dataset.get_data_info(number).get('name', number)) for number in range(len(dataset))]


def _fit(images: GivenImages, size: Sequence[int | None] | None) -> str | None:
    if not size or None in size:
        return (f'those of another size than their layouts resized to it {AS_PHOTOS}; there are images of '
                f'{_in_words(images.sizes)}')
    height, width = (side or 0 for side in size)
    others = {each: count for each, count in images.sizes.items() if each != (height, width)}
    if not others:
        return None
    fitted = (f'{sum(others.values())} of {len(images.paths)} resized to {height}x{width} {AS_PHOTOS}, from '
              f'{_in_words(others)}')
    stretched = sum(count for each, count in others.items()
                    if not isclose(each[0] / each[1], height / width, rel_tol=0.02))
    shape = f'; {counted(stretched, "image")} of another shape are stretched' if stretched else ''
    print_log(f'Images are judged at the size of the layouts: {fitted}{shape}.', logger='current',
              level=logging.WARNING)
    return fitted + shape


def _in_words(sizes: Mapping[tuple[int, int], int]) -> str:
    common = sorted(sizes, key=lambda size: -sizes[size])
    return first_few([f'{height}x{width} ({sizes[height, width]})' for height, width in common])
