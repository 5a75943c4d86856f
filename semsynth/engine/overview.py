"""What a training is, in a dozen lines at its start: what, where, how long, how to go on."""

from __future__ import annotations

import torch
from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook, Hook, LoggerHook
from mmengine.runner import Runner

from semsynth.config_files import from_here
from semsynth.engine.checkpoint import facts_of_losses
from semsynth.engine.pictures import SamplePicturesHook
from semsynth.engine.wrapping import bare


class OverviewHook(Hook):
    """Logs the overview of a training, once all else has looked at it."""

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Log it."""
        name = from_here(runner.cfg.filename) if runner.cfg.filename else 'a config'
        lines = [f'  {about:<13}{text}' for about, text in overview(runner).items()]
        runner.logger.info('\n'.join([f'Training {name}', *lines]))


def overview(runner: Runner) -> dict[str, str]:
    """What a person wants to know of a training that begins, by what it is about."""
    config, folder = runner.cfg, from_here(runner.work_dir)
    loader, size = config.train_dataloader, config.get('image_size')
    passes = runner.max_iters / max(1, len(runner.train_dataloader))
    lines = {
        'model': _model(runner),
        'losses': ', '.join((config.model.get('losses') or {}).keys()),
        **facts_of_losses(bare(runner.model))['loss_protocols'],
        'data': f'{len(runner.train_dataloader.dataset)} scenes of {loader.dataset.get("data_root", "the data set")}'
                + (f', {size[0]}x{size[1]}' if size else '')
                + f', {loader.get("batch_size", 1) * get_world_size()} a step',
        'length': f'{runner.max_iters} steps, or {passes:.1f} passes over the data' + (
            f'; {runner.iter} are done' if runner.iter else ''),
        'device': _device() + (f', {config.precision}' if 'precision' in config else ''),
        'checkpoints': _every(runner, CheckpointHook, f'{folder}/iter_NUMBER.pth'),
        'pictures': _every(runner, SamplePicturesHook, f'{folder}/pictures'),
        'progress': _every(runner, LoggerHook, 'a line with all losses and the time that is left (eta)'),
        'curves': f'tensorboard --logdir {folder}' if 'TensorboardVisBackend' in str(config.get('visualizer')) else '',
        'log': f'{from_here(runner.logger.log_file)}, with the complete config' if runner.logger.log_file else '',
        'to stop': 'Ctrl-C, which saves a checkpoint; the same command with --resume goes on',
    }
    return {name: text for name, text in lines.items() if text}


def _model(runner: Runner) -> str:
    """The parts of a model that are trained, with their sizes."""
    model = bare(runner.model)
    counts = {name: sum(p.numel() for p in part.parameters() if p.requires_grad)
              for name, part in model.named_children()}
    return ', '.join(f'{name} {type(bare(part)).__name__} ({counts[name]:,} parameters)'
                     for name, part in model.named_children() if counts[name])


def _every(runner: Runner, kind: type[Hook], what: str) -> str:
    """What a hook does at intervals; nothing where there is no such hook."""
    hook = next((hook for hook in runner.hooks if isinstance(hook, kind)), None)
    unit = 'epochs' if isinstance(hook, CheckpointHook) and hook.by_epoch else 'steps'
    return f'{what}, every {hook.interval} {unit}' if hook is not None else ''


def _device() -> str:
    ranks, threads = get_world_size(), torch.get_num_threads()
    cpu = f'CPU ({threads} thread{"s" * (threads > 1)})'
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else cpu
    return name if ranks == 1 else f'{ranks} ranks, {name} each'
