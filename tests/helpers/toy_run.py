"""A synthesizer small enough to train in a second, with everything in it that resuming could get wrong."""

import itertools
import os
import random
import signal
from pathlib import Path

import matplotlib.pyplot  # noqa: F401  this and the next: else every forked run imports them
import torch
import torch._dynamo
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm
from torch.utils.data import Dataset

import semsynth.evaluators  # noqa: F401
from helpers import stubs  # noqa: F401
from helpers.ranks import run_ranks
from semsynth.apis import train
from semsynth.data.draws import SeededDraws
from semsynth.generators.base import Generator
from semsynth.registry import DATASETS, EVALUATORS, GENERATORS, HOOKS

ROOT = Path(__file__).parents[2]
RUNS = itertools.count()


class Scenes(Dataset):
    METAINFO = metainfo = dict(classes=('sky', 'road', 'car'), palette=[[0, 0, 255], [90, 90, 90], [255, 0, 0]])

    def __init__(self, size=10, photos=True):
        self.size, self.photos = size, photos

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        fixed = torch.Generator().manual_seed(index)
        label = torch.randint(0, 3, (6, 8), generator=fixed)
        image = torch.randint(0, 256, (3, 6, 8), generator=fixed).byte()
        image = image // random.choice([1, 2]) + torch.randint(0, 9, (1,)).byte()  # an augmentation
        return dict(inputs=dict(label=label, **(dict(image=image) if self.photos else {})),
                    sample=dict(name=f'scene_{index}', size=(6, 8)))


@DATASETS.register_module(force=True)
class ToyScenes(SeededDraws, Scenes):
    pass


@GENERATORS.register_module(force=True)
class ToyGenerator(Generator):
    """Buffers of two kinds, and noise."""

    def __init__(self, in_channels, head, norm='batch', noise=0.2):
        super().__init__(in_channels, feature_channels=4, size_divisor=4, head=head)
        self.layer = spectral_norm(nn.Conv2d(in_channels, 4, 3, padding=1))
        self.norm = nn.BatchNorm2d(4) if norm == 'batch' else nn.InstanceNorm2d(4)
        self.drop = nn.Dropout(noise)

    def features(self, layout):
        return self.drop(self.norm(self.layer(layout.condition)))


@EVALUATORS.register_module(force=True)
class ToyEvaluator(BaseMetric):
    default_prefix = 'toy'

    def process(self, data_batch, data_samples):
        self.results += [(sample['outputs']['image'].float() / 255).mean().item() for sample in data_samples]

    def compute_metrics(self, results):
        return dict(brightness=sum(results) / len(results), count=len(results))


@HOOKS.register_module(force=True)
class KillHook(Hook):
    """Dies as a machine does that loses power."""

    priority = 'LOWEST'

    def __init__(self, iteration, moment):
        self.iteration, self.moment = iteration, moment

    def before_run(self, runner):
        if self.moment == 'save':  # when the bytes are written, but not yet under the file's name
            write = os.fsync

            def fsync(file):
                if f'iter_{self.iteration}.pth' in str(Path(f'/proc/self/fd/{file}').readlink()):
                    os.truncate(file, 1000)
                    os.kill(os.getpid(), signal.SIGKILL)
                write(file)

            os.fsync = fsync

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if self.moment == 'iteration' and runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if self.moment == 'validation' and runner.iter == self.iteration:
            os.kill(os.getpid(), signal.SIGKILL)


@HOOKS.register_module(force=True)
class RuinHook(Hook):
    """Makes the weights of one iteration infinite."""

    def __init__(self, iteration):
        self.iteration = iteration

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if runner.iter == self.iteration:
            with torch.no_grad():
                runner.model.generator.head.fine.weight.fill_(float('inf'))


def toy_config(**changes):
    """The runtime and a schedule of the tree, around toy parts; ``changes`` as with --cfg-options."""
    config = Config.fromfile(ROOT / 'configs/_base_/default_runtime.py')
    config.merge_from_dict(dict(Config.fromfile(ROOT / 'configs/_base_/schedules/toycity_short.py')))
    data = dict(batch_size=2, num_workers=0, dataset=dict(type='ToyScenes'))
    config.merge_from_dict(dict(
        model=dict(type='Synthesizer', data_preprocessor=dict(type='LayoutPreprocessor', num_classes=3),
                   generator=dict(type='ToyGenerator', head=dict(type='StubHead')),
                   discriminator=dict(type='StubDiscriminator'),
                   losses=dict(adversarial=dict(type='StubAdversarial'), pixel=dict(type='StubPixel', weight=3))),
        train_dataloader=dict(data, sampler=dict(type='ResumableSampler')),
        val_dataloader=dict(data, sampler=dict(type='DefaultSampler', shuffle=False)),
        val_evaluator=dict(type='ToyEvaluator')))
    config.merge_from_dict({
        'train_cfg.max_iters': 12, 'train_cfg.val_interval': 5, 'default_hooks.checkpoint.interval': 4,
        'default_hooks.pictures.interval': 6, 'default_hooks.logger.interval': 3, 'log_level': 'ERROR',
        'precision': 'float32',  # whatever the processor
        'visualizer.vis_backends': [dict(type='LocalVisBackend')],
        'default_hooks.ema': dict(type='GeneratorEMAHook', momentum=0.1, refresh=2)})
    config.experiment_name = f'toy{next(RUNS)}'  # mmengine tells runs apart by name and second only
    config.merge_from_dict(changes)
    return config


def run(work_dir, ranks=1, resume=False, **changes):
    """Train in processes of their own; their exit codes."""
    return run_ranks(_train, ranks, work_dir, resume, 'pytorch' if ranks > 1 else 'none', changes)


def _train(work_dir, resume, launcher, changes):
    train(toy_config(**changes), work_dir=work_dir, resume=resume, launcher=launcher)


def weights(path):
    """Everything that training goes on from, as flat tensors by name."""
    checkpoint = torch.load(path, map_location='cpu', weights_only=False)
    states = {key: checkpoint[key] for key in ('state_dict', 'ema_state_dict', 'optimizer') if key in checkpoint}
    return dict(_flatten(states))


def _flatten(value, name=''):
    if isinstance(value, torch.Tensor):
        yield name, value
    elif isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _flatten(part, f'{name}.{key}')


def assert_equal(first, second, **tolerance):
    first, second = weights(first), weights(second)
    assert first.keys() == second.keys()
    for name in first:
        torch.testing.assert_close(first[name], second[name], **(tolerance or dict(rtol=0, atol=0)), msg=name)
