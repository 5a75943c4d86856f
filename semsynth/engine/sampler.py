"""ResumableSampler: an endless stream of training samples, which can start at any place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sized

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from semsynth.data.draws import Draw
from semsynth.registry import DATA_SAMPLERS
from semsynth.seeds import mix


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler):
    """Endless passes over the data set, each in an order of its own; samples are distributed to the ranks in turn.

    Position p of the stream is a function of (seed, p) alone, and carries the seed of its augmentation: the samples of
    an iteration depend neither on the workers nor, for one total batch size, on the number of ranks.

    Args:
        dataset: what is sampled.
        shuffle: whether passes are shuffled.
        seed: the same on all ranks; by default one that they agree on.

    Raises:
        ValueError: the dataset is empty.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None):
        if not len(dataset):
            raise ValueError(f'The training split is empty: {type(dataset).__name__} found no sample.')
        self.size = len(dataset)
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.rank, self.ranks = get_dist_info()
        self.drawn = 0

    def enter(self, seed: int, drawn: int) -> None:
        """Continue the stream.

        Args:
            seed: that of the stream.
            drawn: number of samples that this rank has drawn from it.
        """
        self.seed, self.drawn = seed, drawn

    def __iter__(self) -> Iterator[Draw]:
        epoch, place = divmod(self.rank + self.drawn * self.ranks, self.size)
        while True:
            order = self._order(epoch)
            while place < self.size:
                yield Draw(order[place], mix(self.seed, epoch, place))
                place += self.ranks
            skipped, place = divmod(place, self.size)
            epoch += skipped

    def _order(self, epoch: int) -> list[int]:
        if not self.shuffle:
            return list(range(self.size))
        return torch.randperm(self.size, generator=torch.Generator().manual_seed(mix(self.seed, epoch))).tolist()

    def __len__(self) -> int:
        """Number of this rank's samples in one pass, rounded up: an epoch."""
        return math.ceil(self.size / self.ranks)
