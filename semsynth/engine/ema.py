"""Exponential moving average of the generator's weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain

import torch
from mmengine.hooks import EMAHook
from mmengine.model import MomentumAnnealingEMA, revert_sync_batchnorm
from mmengine.runner import Runner
from mmengine.runner.checkpoint import weights_to_cpu
from torch import Tensor, nn

from semsynth.engine.checkpoint import check_worth_saving
from semsynth.engine.norms import refresh_norms
from semsynth.engine.wrapping import bare
from semsynth.registry import HOOKS


class Average(MomentumAnnealingEMA):
    """mmengine's, whose loop over weights and buffers is a few operations on all of them here."""

    _pairs: list[tuple[list[Tensor], list[Tensor]]] | None = None

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Average once more: weights are averaged, buffers are copied.

        Args:
            model: whose weights are averaged; the same one, on one device, at every call, with buffers that change in
                place, as distributed training asks too.
        """
        if self._pairs is None:
            self._pairs = [(list(self.module.parameters()), list(model.parameters())),
                           *_by_type(self.module.buffers(), model.buffers())]
        (averages, weights), *buffers = self._pairs
        if self.steps == 0:
            torch._foreach_copy_(averages, weights)
        else:
            share = max(self.momentum, self.gamma / (self.gamma + self.steps.item()))  # the count is on the CPU
            torch._foreach_lerp_(averages, weights, share)
        for ours, theirs in buffers:
            torch._foreach_copy_(ours, theirs)
        self.steps += 1


def _by_type(ours: Iterable[Tensor], theirs: Iterable[Tensor]) -> list[tuple[list[Tensor], list[Tensor]]]:
    """Pairs in groups of one type, which are copied together."""
    groups: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = {}
    for own, other in zip(ours, theirs, strict=True):
        own_group, other_group = groups.setdefault(own.dtype, ([], []))
        own_group.append(own)
        other_group.append(other)
    return list(groups.values())


@HOOKS.register_module()
class GeneratorEMAHook(EMAHook):
    """Averages the generator, and the encoder where there is one; evaluation and pictures use the average.

    average = (1 - m) * average + m * weights, after every iteration, with m = max(momentum, gamma / (gamma + steps)): a
    young average forgets its untrained start. Buffers are those of the last iteration, but for batch norms' statistics
    with ``refresh``. In checkpoints ``state_dict`` holds the average, ``ema_state_dict`` the weights being trained.

    Args:
        momentum: share of the newest weights: 0.001 is what papers call a decay of 0.999.
        gamma: how fast m falls: at 10 it spans about a tenth of the steps so far, until it reaches the momentum.
        refresh: number of training batches from which, whenever the average is used, its generator's batch norms take
            their statistics anew (OASIS: 50); with 0 they have those of the weights being trained.
    """

    def __init__(self, momentum: float = 0.001, gamma: int = 10, refresh: int = 0):
        super().__init__(strict_load=True)
        self.momentum, self.gamma, self.refresh = momentum, gamma, refresh

    def before_run(self, runner: Runner) -> None:
        """Copy the parts that are averaged."""
        self.runner, self.is_fresh = runner, False
        self.src_model = nn.ModuleDict({
            name: bare(part) for name, part in bare(runner.model).players['generator'].items()})
        self.ema_model = Average(self.src_model, momentum=self.momentum, gamma=self.gamma)
        # One rank alone may use the average, as when it saves it: no norm of it may wait for the others.
        self.ema_model.module = revert_sync_batchnorm(self.ema_model.module)

    def after_train_iter(self, *args, **kwargs) -> None:
        """Update the average."""
        super().after_train_iter(*args, **kwargs)
        self.is_fresh = False

    def before_val_epoch(self, runner: Runner) -> None:
        """Put the average into the model for validation."""
        self._refresh()
        super().before_val_epoch(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Store the average as the checkpoint's weights, and the trained weights beside it.

        Raises:
            FloatingPointError: the average is not finite.
        """
        self._refresh()
        super().before_save_checkpoint(runner, checkpoint)
        checkpoint['state_dict'] = weights_to_cpu(checkpoint['state_dict'])
        check_worth_saving(runner, 'the average of the weights', checkpoint['state_dict'])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Load both; weights that were trained without an average become its first value."""
        self.is_fresh = True
        if 'ema_state_dict' in checkpoint and runner._resume:
            super().after_load_checkpoint(runner, checkpoint)
            return
        state = checkpoint.get('state_dict', checkpoint)
        self.ema_model.module.load_state_dict({key: value.clone() for key, value in state.items()
                                               if key.split('.')[0] in self.src_model})

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """A context in which the model's weights are the average."""
        self._refresh()
        self._swap_ema_parameters()
        try:
            yield
        finally:
            self._swap_ema_parameters()

    def _refresh(self) -> None:
        if self.refresh and not self.is_fresh:
            refresh_norms(self.ema_model.module, self.runner, self.refresh)
            self.is_fresh = True

    def _swap_ema_parameters(self) -> None:
        """Exchange the average and the trained weights, buffers included, which mmengine's does not exchange."""
        pairs = zip(chain(self.ema_model.module.parameters(), self.ema_model.module.buffers()),
                    chain(self.src_model.parameters(), self.src_model.buffers()), strict=True)
        for average, trained in pairs:
            kept = average.data.clone()
            average.data.copy_(trained.data)
            trained.data.copy_(kept)
