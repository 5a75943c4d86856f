"""MixedScenes: several data sets as one, each with the same share of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmengine.registry import DefaultScope
from torch.utils.data import Dataset

from semsynth.data.draws import SeededDraws
from semsynth.errors import first_few
from semsynth.registry import DATASETS


class _InTurn(Dataset):
    """Sample i is of data set i mod k: a pass shows each scene of the largest once, and others again."""

    def __init__(self, datasets: Sequence[Any]):
        self.datasets = datasets

    def __len__(self) -> int:
        return len(self.datasets) * max(map(len, self.datasets))

    def __getitem__(self, index: int) -> Any:
        place, number = divmod(index, len(self.datasets))
        dataset = self.datasets[number]
        return dataset[place % len(dataset)]


@DATASETS.register_module()
class MixedScenes(SeededDraws, _InTurn):
    """Several data sets as one, such as real and synthetic scenes: each has the same share, however large it is.

    A pass shows each scene of the largest data set once, and scenes of the others as often as the shares ask for.

    Args:
        datasets: configs of data sets with the same classes.

    Attributes:
        metainfo: that of the first.

    Raises:
        ValueError: there are none, one of them has no scenes, or their classes differ.
    """

    def __init__(self, datasets: Sequence[dict]):
        if not datasets:
            raise ValueError('MixedScenes: datasets is empty; name at least one.')
        with DefaultScope.overwrite_default_scope('semsynth'):
            built = [DATASETS.build(dataset) for dataset in datasets]
        sizes = [len(dataset) for dataset in built]
        if not min(sizes):
            raise ValueError(f'MixedScenes: data set {sizes.index(0) + 1} of {len(sizes)} has no scenes: take it out, '
                             'or correct its split.')
        super().__init__(built)
        self.metainfo = built[0].metainfo
        for number, dataset in enumerate(built[1:], 2):
            own, first = tuple(dataset.metainfo['classes']), tuple(self.metainfo['classes'])
            if own != first:
                raise ValueError(f'MixedScenes: data set {number} has the classes {first_few(own, 9)}, but the first '
                                 f'has {first_few(first, 9)}: give them the same classes, or class maps to the same.')
