"""Checkpoints of training: written whole, loaded strictly, and read as data that cannot run code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.fileio import register_backend
from mmengine.fileio.backends import LocalBackend
from mmengine.hooks import Hook
from mmengine.runner import CheckpointLoader, Runner
from torch import nn

from semsynth.engine.wrapping import bare, bare_names
from semsynth.errors import counted, first_few
from semsynth.models.synthesizer import Synthesizer
from semsynth.registry import HOOKS
from semsynth.safe_reading.stored_tensors import check_whole
from semsynth.stored_config import layout_facts
from semsynth.weights import check_resumable, load_checkpoint, not_finite, weights_in
from semsynth.writing import write_whole

SHOWN_NAMES = 5


class AtomicBackend(LocalBackend):
    """Writes a file under another name first, so that a file with its own name is whole.

    For mmengine's hook: ``dict(type='CheckpointHook', backend_args=dict(backend='atomic'), max_keep_ckpts=2, ...)``.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes; after a crash the file holds the old bytes or the new ones."""
        write_whole(filepath, obj)


register_backend('atomic', AtomicBackend, force=True)


@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_local(filename: str, map_location=None) -> dict:
    """The loader that mmengine uses here; its own falls back to the unsafe pickle where the safe one refuses.

    Args:
        filename: the file.
        map_location: not used; tensors come on the CPU and are copied to where they belong.
    """
    return load_checkpoint(filename)


def latest_good_checkpoint(work_dir: str | Path) -> Path | None:
    """The newest whole ``iter_N.pth`` of a work dir, or None.

    The files are read, not believed: neither their names, nor ``last_checkpoint``, which may be empty or name a file
    that is torn, gone or on another machine. Newest means written last, so that what a longer, earlier run left in the
    folder does not win.
    """
    found = [path for path in Path(work_dir).glob('iter_*.pth') if re.fullmatch(r'iter_\d+', path.stem)]
    newest_first = sorted(found, key=lambda path: (path.stat().st_mtime_ns, int(path.stem[5:])), reverse=True)
    return next(filter(_is_whole, newest_first), None)


def _is_whole(path: Path) -> bool:
    try:
        return check_whole(path)
    except (ValueError, OSError):
        return False


@HOOKS.register_module()
class StrictCheckpointHook(Hook):
    """Saves weights under their bare names and only if finite; loads only what fits, on resuming and ``load_from``."""

    priority = 'VERY_HIGH'  # names are settled before the average of weights takes its place
    _layouts: dict | None = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Rename the weights, and check that they are finite.

        Raises:
            FloatingPointError: a weight, or an optimiser's moment, is not finite.
        """
        state = checkpoint['state_dict'] = bare_names(checkpoint['state_dict'], bare(runner.model))
        check_worth_saving(runner, 'the weights', state)
        saved = checkpoint.get('optimizer', {})
        # a segmentor has one, a synthesizer one a player
        for player, optimizer in (dict(segmentor=saved) if 'param_groups' in saved else saved).items():
            check_worth_saving(runner, f"the {player}'s moments", _moments(optimizer))
        checkpoint['meta'] |= facts_of_losses(bare(runner.model))
        if isinstance(bare(runner.model), Synthesizer):
            self._layouts = _facts_of_layouts(runner.cfg) if self._layouts is None else self._layouts
            checkpoint['meta']['layouts'] = self._layouts

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Compare names and shapes.

        Raises:
            ValueError: they differ, or what is resumed is no checkpoint of a training.
        """
        path, model = runner._load_from, bare(runner.model)
        check_fits(bare_names(model.state_dict(), model), weights_in(checkpoint, path), path)
        if runner._resume:
            check_resumable(checkpoint, path)


def check_worth_saving(runner: Runner, what: str, values: Mapping[str, torch.Tensor]) -> None:
    """Refuse to save what is not finite.

    Args:
        runner: for the message.
        what: these values are called.
        values: tensors by name.

    Raises:
        FloatingPointError: one of them is not finite.
    """
    if name := not_finite(values):
        raise FloatingPointError(f'Iteration {runner.iter + 1}: {what} {name} are not finite, so nothing is saved; '
                                 f'{kept_note(runner.work_dir)}. Lower the learning rate or the weight of the loss '
                                 'that grows in the log.')


def _moments(optimizer: dict) -> dict[str, torch.Tensor]:
    """The tensors in an optimiser's state dict, by parameter and kind: such as ``generator.layer.bias (exp_avg)``."""
    names = {index: name for group in optimizer.get('param_groups', ())
             for name, index in zip(group.get('param_names', group['params']), group['params'], strict=True)}
    return {f'{names[index]} ({kind})': value for index, kinds in optimizer.get('state', {}).items()
            for kind, value in kinds.items() if torch.is_tensor(value)}


def check_fits(own: dict, saved: dict, path: str | Path, model: str = 'the model') -> None:
    """Refuse weights that are not those of the model.

    Args:
        own: the model's weights by name.
        saved: those in the file.
        path: of the file.
        model: what the message calls it.

    Raises:
        ValueError: they differ; says how many do, and names the first. Where no part is called alike, the message says
            what else the file may be.
    """
    if not _parts(own) & _parts(saved):
        official = (' Weights that official code wrote become a checkpoint by semsynth convert_checkpoint.'
                    if any(name.startswith('generator.') for name in own) else '')
        raise ValueError(f"{path} holds another kind of network: it has {_first(saved)}, where {model} has "
                         f'{_first(own)}.{official}')
    if report := weight_differences(own, saved):
        raise ValueError(f'The checkpoint {path} does not fit {model}: {"; ".join(report)}. Use the config that it was '
                         'trained with, which lies beside it; to train from what fits, set carry_from in place of '
                         'load_from.')


def _parts(weights: dict) -> set[str]:
    return {name.partition('.')[0] for name in weights}


def _first(weights: dict) -> str:
    first = next(iter(weights))
    return f'{first} and {len(weights) - 1} more' if len(weights) > 1 else first


def weight_differences(own: dict, saved: dict) -> list[str]:
    """One clause for each way in which saved weights differ from a model's own, with the first names."""
    found = {
        'of the model not in the file': [name for name in own if name not in saved],
        'of the file not in the model': [name for name in saved if name not in own],
        'of another shape': [f'{name} {tuple(saved[name].shape)} instead of {tuple(own[name].shape)}'
                             for name in own if name in saved and saved[name].shape != own[name].shape]}
    return [f'{counted(len(names), "weight")} {what} ({first_few(names, SHOWN_NAMES)})'
            for what, names in found.items() if names]


def facts_of_losses(model: nn.Module) -> dict:
    """Facts of training for an evaluation: the frozen networks that losses and the discriminator read, and how losses
    were computed."""
    if not isinstance(model, Synthesizer):  # a segmentor in training
        return dict(label_generator=None, loss_networks={}, loss_protocols={})
    networks = [loss.networks for loss in model.losses.values()]
    if model.discriminator is not None:
        networks.append(bare(model.discriminator).frozen_networks)
    return dict(label_generator=model.segmentor.weights_hash if model.segmentor is not None else None,
                loss_networks={weights: name for read in networks for weights, name in read.items()},
                loss_protocols={name: loss.protocol for name, loss in model.losses.items() if loss.protocol})


def _facts_of_layouts(config: Config) -> dict:
    """What files of layouts mean to the model, for inference without the data set; nothing where that cannot be told.
    """
    try:
        return layout_facts(config)
    except (ValueError, KeyError, TypeError, OSError):  # of a test set that is not there, which training does not need
        return {}


def kept_note(work_dir: str | Path) -> str:
    """The part of an error message that names the checkpoint from which training can be resumed."""
    good = latest_good_checkpoint(work_dir)
    return f'the last good checkpoint is {good}' if good else 'there is no earlier checkpoint'
