"""RareClassSampler: scenes with rare classes come more often."""

from __future__ import annotations

import logging
from collections.abc import Sized

import numpy as np
import torch
from mmengine.dist import broadcast_object_list, is_main_process
from mmengine.logging import print_log

from semsynth.data.pixel_counts import FOLDER, class_pixels
from semsynth.data.scene_dataset import SceneDataset
from semsynth.engine.sampler import ResumableSampler
from semsynth.registry import DATA_SAMPLERS
from semsynth.seeds import mix


@DATA_SAMPLERS.register_module()
class RareClassSampler(ResumableSampler):
    """For each sample a class is drawn, the rarer the more often, and then a scene that has it (DAFormer, 3.3).

    A class of frequency f, its share of all known pixels, has a chance in proportion to ``exp((1 - f) / temperature)``.
    As of ``ResumableSampler`` the stream is a function of the seed alone, dealt out to the ranks, and starts at any
    place. A pass still has as many samples as the data set; a scene may come several times in it, or not at all.

    Args:
        dataset: a ``SceneDataset`` with label maps, which are read once to count their pixels.
        temperature: the smaller, the more often rare classes come (DAFormer: 0.01); large ones draw all alike.
        least_share: scenes in which a class has a smaller share of the pixels do not count for it, unless all are so.
        statistics: folder that keeps the counts.
        seed: as of ``ResumableSampler``.

    Attributes:
        chances: of each class, ``(classes,)``; 0 of the unknown one, and of those that do not occur.

    Raises:
        ValueError: the data set has no label maps or no known class, or the temperature is not above 0.
    """

    def __init__(self, dataset: Sized, temperature: float = 0.01, least_share: float = 0.001, statistics: str = FOLDER,
                 seed: int | None = None):
        super().__init__(dataset, seed=seed)
        if not isinstance(dataset, SceneDataset) or dataset.label_space is None:
            raise ValueError(f"train_dataloader.sampler: RareClassSampler counts pixels of classes, but the dataset, "
                             f"{type(dataset).__name__}, has no label maps: use sampler=dict(type='ResumableSampler').")
        if not temperature > 0:
            raise ValueError(f'RareClassSampler: temperature={temperature}, expected a number above 0.')
        pixels = torch.from_numpy(_counted(dataset, statistics)).double()
        if dataset.label_space.unknown is not None:
            pixels[:, dataset.label_space.unknown] = 0
        if not pixels.any():
            raise ValueError(f'RareClassSampler: no label map of {dataset.data_root} has a pixel of a known class.')
        self.chances = class_chances(pixels.sum(0), temperature)
        shares = pixels / pixels.sum(1, keepdim=True).clamp_min(1)
        enough = (shares >= least_share) & (pixels > 0)
        enough = torch.where(enough.any(0), enough, pixels > 0)
        self._counts = enough.sum(0)
        self._scenes = enough.T.nonzero()[:, 1]  # of all classes, one class after the other
        names = [dataset.label_space.classes[index] for index in self.chances.argsort(descending=True).tolist()[:3]]
        print_log(f'RareClassSampler: scenes are drawn most often for {", ".join(names)}.', logger='current',
                  level=logging.INFO)

    def _order(self, epoch: int) -> list[int]:
        generator = torch.Generator().manual_seed(mix(self.seed, epoch))
        classes = torch.multinomial(self.chances, self.size, replacement=True, generator=generator)
        counts, first = self._counts[classes], (self._counts.cumsum(0) - self._counts)[classes]
        chosen = torch.rand(self.size, dtype=torch.float64, generator=generator) * counts
        return self._scenes[first + chosen.long()].tolist()


def class_chances(pixels: torch.Tensor, temperature: float) -> torch.Tensor:
    """The chance of each class to be drawn, ``(classes,)`` float64, from its number of pixels.

    Examples:
        >>> import torch
        >>> from semsynth.engine.rare_classes import class_chances
        >>> class_chances(torch.tensor([90., 10., 0.]), temperature=0.8).round(decimals=2).tolist()
        [0.27, 0.73, 0.0]
    """
    frequencies = pixels.double() / pixels.sum()
    return ((1 - frequencies) / temperature).masked_fill(pixels == 0, -torch.inf).softmax(0)


def _counted(dataset: SceneDataset, statistics: str) -> np.ndarray:
    """The counts, which the main process reads for all."""
    told: list = [None]
    if is_main_process():
        try:
            told = [class_pixels(dataset, statistics)]
        except (ValueError, OSError) as error:
            told = [error]
    broadcast_object_list(told)
    if isinstance(told[0], Exception):
        raise told[0]
    return told[0]
