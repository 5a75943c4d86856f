"""A player's update by a batch in parts: for batches that do not fit in memory at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass

from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from semsynth.layout import Layout
from semsynth.losses.base import scale, total
from semsynth.losses.step import Step
from semsynth.models.casting import cast_weights

Losses = dict[str, Tensor]


@dataclass
class Part:
    """A part of a batch, or all of it.

    Args:
        layout: its layouts.
        real: its real images by name, ``(B, 3, H, W)``.
        step: what the generator's turn leaves for the discriminator's: the detached outputs. None for nothing.
    """

    layout: Layout
    real: dict[str, Tensor]
    step: Step | None = None


def split(layout: Layout, real: dict[str, Tensor], images: int | None) -> list[Part]:
    """A batch in parts, which share its memory.

    Args:
        layout: of the batch.
        real: its real images by name.
        images: number of each part's; None leaves the batch whole.

    Raises:
        ValueError: parts of that number do not make up the batch.
    """
    if images is None or images == len(layout):
        return [Part(layout, real)]
    if len(layout) % images:
        raise ValueError(f'micro_batch={images}, but the batch has {len(layout)} images, which is no multiple of it.')
    reals = zip(*(image.split(images) for image in real.values()), strict=True)
    return [Part(part, dict(zip(real, its, strict=True)))
            for part, its in zip(layout.split(images), reals, strict=True)]


def update(player: OptimWrapper, networks: Sequence[nn.Module | None], parts: Sequence[Part],
           losses_of: Callable[[Part], tuple[Losses, Losses]], running: nn.Module | None = None) -> Losses:
    """Update a player once, by the mean of its losses over all parts of a batch.

    Gradients of the parts add up. Several ranks exchange them once, with the last part's.

    Args:
        player: its optimiser.
        networks: that it trains; None stands for one that the model does not have.
        parts: of the batch.
        losses_of: gives, for a part, the losses that train the player, by name, and what else is to be logged.
        running: holds the networks that run for these, whose weights are cast for autocast all at once. None leaves it
            to autocast, as for what is compiled, which casts within its own kernels.

    Returns:
        The mean of all of these over the parts, detached.
    """
    trained = [network for network in networks if network is not None]
    values: list[Losses] = []
    for part in parts:
        is_last = part is parts[-1]
        with ExitStack() as contexts:
            for network in () if is_last else trained:
                contexts.enter_context(alone(network))
            contexts.enter_context(player.optim_context(trained[0]))
            if running is not None:
                contexts.enter_context(once_cast(running))
            losses, logged = losses_of(part)
        values.append({name: value.detach() for name, value in (losses | logged).items()})
        loss = scale(1 / len(parts), total(losses.values()))
        del losses, logged  # so that the backward pass frees what it has gone through
        if is_last:
            player.update_params(loss)
        else:  # parts share the graph of normalised weights, which is made once a turn
            player.backward(loss, retain_graph=True)
        del loss  # and with it the graph that was retained
    return {name: scale(1 / len(parts), total(each[name] for each in values)) for name in values[0]}


def once_cast(running: nn.Module) -> AbstractContextManager:
    """The context in which weights are cast for autocast all at once.

    Not on several ranks: they exchange gradients while the rest of the backward pass runs, and so need them one by one.
    """
    is_alone = not any(isinstance(part, DistributedDataParallel) for part in running.modules())
    return cast_weights(running) if is_alone else nullcontext()


def alone(network: nn.Module | None) -> AbstractContextManager:
    """The context in which a network's passes exchange no gradients with other ranks."""
    return network.no_sync() if isinstance(network, DistributedDataParallel) else nullcontext()
