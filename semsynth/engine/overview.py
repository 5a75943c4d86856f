"""What a training is, in a dozen lines at its start; and at its end what to do with what it has made."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import get_world_size
from mmengine.hooks import CheckpointHook, Hook, LoggerHook
from mmengine.registry import DefaultScope
from mmengine.runner import Runner
from mmengine.utils.dl_utils import has_batch_norm

from semsynth.config_files import from_here
from semsynth.data.scene_dataset import KEYS, SceneDataset
from semsynth.engine.checkpoint import facts_of_losses
from semsynth.engine.pictures import SamplePicturesHook
from semsynth.engine.wrapping import bare
from semsynth.errors import DataError
from semsynth.registry import DATASETS


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
        **_parts(runner),
        'length': f'{runner.max_iters} steps, or {_passes(passes)} over the data' + (
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


def _parts(runner: Runner) -> dict[str, str]:
    """How batches are split, and what then looks at the images of a part alone."""
    model, batch_size = bare(runner.model), runner.train_dataloader.batch_size
    images = runner.cfg.model.get('micro_batch')
    if images in (None, batch_size):  # a segmentor has none at all
        return {}
    alone = [name for name, loss in model.losses.items() if loss.relates_images]
    if has_batch_norm(model):
        alone.append('batch norm')
    text = f'a batch goes through the networks in {batch_size // images} parts of {images}'
    return {'micro_batch': text + (f'; {" and ".join(alone)} then see one part at a time' if alone else '')}


def next_commands(runner: Runner) -> list[str]:
    """Commands that work on what a training has made, in their order; none where it has saved no checkpoint."""
    saver = next((hook for hook in runner.hooks if isinstance(hook, CheckpointHook)), None)
    if saver is None or saver.last_ckpt is None:
        return []
    checkpoint, styles, commands = from_here(saver.last_ckpt), [], []
    model = bare(runner.model)
    if model.style_channels and model.styles is None:
        styles = ['--styles', str(Path(checkpoint).with_name('styles.npz'))]
        commands.append(['encode_styles', checkpoint])
    if runner.cfg.get('test_evaluator'):
        commands += [['train_segmentor', config] for config in dict.fromkeys(_untrained(runner.cfg.test_evaluator))]
        commands.append(['test', checkpoint, *styles])
    if layout := _a_layout(runner.cfg):
        commands.append(['synthesize', checkpoint, layout, '--out', 'synthesised', *styles])
        commands.append(['edit', checkpoint, layout, *styles])
    commands.append(['publish', checkpoint, '--out', str(Path('published', Path(runner.work_dir).name)), *styles])
    return [shlex.join(['semsynth', *command]) for command in commands]


def _untrained(part: object) -> Iterator[str]:
    """The configs of judges whose weights are not there yet."""
    if isinstance(part, dict) and isinstance(part.get('config'), str):
        yield from [] if Path(part.get('checkpoint') or '.').exists() else [part['config']]
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ():
        yield from _untrained(each)


def _a_layout(config: Config) -> str | None:
    """The file of a layout that the model was not trained on, where the config's data set has files that are there."""
    pictures = (config.get('default_hooks') or {}).get('pictures') or {}
    loader = config.get('test_dataloader') or config.get('val_dataloader') or pictures
    if 'dataset' not in loader:
        return None
    try:
        with DefaultScope.overwrite_default_scope('semsynth'):
            dataset = DATASETS.build(loader['dataset'])
    except (DataError, OSError):  # training has not needed them
        return None
    if not isinstance(dataset, SceneDataset) or not len(dataset):
        return None
    return from_here(dataset.get_data_info(0)[KEYS[dataset.layout_kind]])


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
    if hook is None:
        return ''
    by_epoch = isinstance(hook, CheckpointHook) and hook.by_epoch
    length = runner.max_epochs if by_epoch else runner.max_iters
    saves_last = hook.save_last if isinstance(hook, CheckpointHook) else isinstance(hook, SamplePicturesHook)
    if saves_last and hook.interval >= length:
        return f'{what}, at the end'
    return f'{what}, every {hook.interval} {"epochs" if by_epoch else "steps"}'


def _passes(passes: float) -> str:
    return f'{passes:.1f} passes' if passes >= 1 else 'less than one pass'


def _device() -> str:
    ranks, threads = get_world_size(), torch.get_num_threads()
    cpu = f'CPU ({threads} thread{"s" * (threads > 1)})'
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else cpu
    return name if ranks == 1 else f'{ranks} ranks, {name} each'
