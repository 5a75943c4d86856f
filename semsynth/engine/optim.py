"""One optimiser per player."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import OPTIMIZERS
from torch import Tensor, nn
from torch.optim import Optimizer

from semsynth.engine.wrapping import bare
from semsynth.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS


@OPTIM_WRAPPERS.register_module()
class PlayerOptimWrapper(OptimWrapper):
    """mmengine's wrapper, but the norm of clipped gradients stays on the device: reading it would stop every step.

    Args:
        optimizer: the optimiser.
        accumulative_counts: number of iterations whose gradients make one update; for segmentors. A synthesizer has
            ``micro_batch``, for both of its players must see the same images.
        clip_grad: arguments of ``clip_grad_norm_``, or of ``clip_grad_value_`` with ``type='value'``.
    """

    grad_norm: Tensor | None = None
    """Norm of the gradients before the last clipping, on the device."""

    def _clip_grad(self) -> None:
        parameters = [parameter for group in self.param_groups for parameter in group['params']
                      if parameter.grad is not None]
        self.grad_norm = self.clip_func(parameters, **self.clip_grad_kwargs)


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(PlayerOptimWrapper):
    """Runs the networks under bfloat16 autocast, on CPU or GPU; bfloat16 needs no loss scaling."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """The context of a player's forward passes."""
        device = next(model.parameters()).device.type
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield


class PlayerOptimWrapperDict(OptimWrapperDict):
    """The players' wrappers by name; unlike mmengine's, it tells each of them the iteration."""

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """Start each player's count of accumulated gradients at the iteration that training starts from."""
        for wrapper in self.values():
            wrapper.initialize_count_status(model, cur_iter, max_iters)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PlayerOptimWrapperConstructor:
    """Builds ``optim_wrapper=dict(constructor='PlayerOptimWrapperConstructor', generator=dict(optimizer=...), ...)``.

    Each player's optimiser trains what the model's ``players`` says, the generator's also the encoder; frozen
    parameters are left out.

    Args:
        optim_wrapper_cfg: config of each player's wrapper, ``PlayerOptimWrapper`` by default; None for no such player.
        paramwise_cfg: not used; mmengine passes it.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None):
        self.wrappers = {player: config for player, config in optim_wrapper_cfg.items() if config is not None}

    def __call__(self, model: nn.Module) -> PlayerOptimWrapperDict:
        """Build the wrappers.

        Raises:
            ValueError: a player has no optimiser, an optimiser no player, or a player nothing to train.
        """
        players = bare(model).players
        for player in self.wrappers:
            if player not in players:
                raise ValueError(f'optim_wrapper.{player}: the model trains only {" and ".join(players)}; '
                                 f'drop the entry with optim_wrapper=dict({player}=None).')
        for player in players:
            if player not in self.wrappers:
                raise ValueError(f'optim_wrapper has no entry for the {player}: add '
                                 f"{player}=dict(optimizer=dict(type='Adam', lr=...)).")
        return PlayerOptimWrapperDict(**{player: self._build(player, parts) for player, parts in players.items()})

    def _build(self, player: str, parts: dict[str, nn.Module]) -> OptimWrapper:
        # named, so that the optimiser's state can be carried over to a model that has grown
        parameters = [(f'{part}.{name}', parameter) for part, module in parts.items()
                      for name, parameter in bare(module).named_parameters() if parameter.requires_grad]
        if not parameters:
            raise ValueError(f'optim_wrapper.{player}: every parameter of the {player} is frozen.')
        config = copy.deepcopy(self.wrappers[player])
        config['optimizer'] = OPTIMIZERS.build({**config['optimizer'], 'params': parameters})
        config['optimizer'].register_load_state_dict_post_hook(_lay_out_as_parameters)
        return OPTIM_WRAPPERS.build({'type': 'PlayerOptimWrapper', **config})


def _lay_out_as_parameters(optimizer: Optimizer) -> None:
    """Copy moments into the memory format of their parameters, which fused Adam expects; another run's may differ."""
    for parameter, state in optimizer.state.items():
        for name, value in state.items():
            if torch.is_tensor(value) and value.shape == parameter.shape and value.stride() != parameter.stride():
                state[name] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
