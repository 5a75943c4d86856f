"""Running statistics of batch norms for weights that were not trained themselves, such as averages."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from itertools import islice
from typing import cast

import torch
from mmengine.runner import Runner
from torch import nn
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader

from semsynth.engine.sampler import ResumableSampler
from semsynth.engine.wrapping import bare
from semsynth.layout import Layout


def refresh_norms(average: nn.ModuleDict, runner: Runner, num_batches: int) -> None:
    """Give a generator's batch norms the mean of the statistics of some batches, of all ranks' size.

    They are the first ones that training began with, so that the result depends on weights and seed alone, and is the
    same on every rank. Random states are left as they are.

    Args:
        average: ``generator``, and ``encoder`` where there is one.
        runner: has the training data, and the model that they are prepared for.
        num_batches: number of batches.
    """
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(runner.seed)
        update_bn(_layouts(average, runner, num_batches), average['generator'])


def _layouts(average: nn.ModuleDict, runner: Runner, num_batches: int) -> Iterator[Layout]:
    prepare = bare(runner.model).data_preprocessor
    for data in _first_batches(runner.train_dataloader, runner.seed, num_batches):
        batch = prepare(data, training=True)
        layout = batch['layout']
        yield average['encoder'](layout, batch['real']['image']) if 'encoder' in average else layout


def _first_batches(loader: DataLoader, seed: int, num_batches: int) -> DataLoader:
    """The first batches that a single rank of the whole batch size would train on."""
    stream = cast(ResumableSampler, copy(loader.sampler))
    batch_size = loader.batch_size * stream.ranks
    stream.rank, stream.ranks = 0, 1
    stream.enter(seed, drawn=0)
    draws = list(islice(stream, num_batches * batch_size))
    return DataLoader(loader.dataset, batch_size, sampler=draws, num_workers=loader.num_workers,
                      collate_fn=loader.collate_fn)
