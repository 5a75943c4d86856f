import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.toy_run import run, toy_config
from semsynth.engine import launch
from semsynth.registry import VISBACKENDS


@pytest.fixture(scope='module')
def logged(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('logged')
    changes = {'log_level': 'INFO', 'default_hooks.runtime_info.history': 4,
               'optim_wrapper.generator.clip_grad': dict(max_norm=0.5)}
    assert run(work_dir, **changes) == [0]
    return work_dir


def test_what_is_logged(logged):
    lines = [json.loads(line) for line in next(logged.glob('*/vis_data/scalars.json')).read_text().splitlines()]
    training = [line for line in lines if 'generator/pixel' in line]
    assert [line['step'] for line in training] == [3, 6, 9, 12]
    for line in training:
        assert {'generator/adversarial', 'generator/pixel', 'discriminator/adversarial', 'generator.lr', 'time',
                'discriminator.lr', 'generator/grad_norm', 'images_per_second', 'data_time', 'data_percent',
                'memory'} < set(line)
        assert line['images_per_second'] > 0
        assert 0 < line['data_percent'] < 100
    assert training[0]['generator.lr'] == 1e-3
    assert training[-1]['generator.lr'] == pytest.approx(1e-3 / 5)  # of 12 steps the rate falls in the last 5
    assert [line['step'] for line in lines if 'toy/brightness' in line] == [5, 10, 12]


def test_tensorboard_opens_on_the_losses(tmp_path):
    backend = VISBACKENDS.build(dict(type='TensorboardVisBackend', save_dir=str(tmp_path)))
    written = {}
    backend.experiment.add_scalar = lambda name, value, step: written.update({name: (value, step)})
    numbers = {'generator/pixel': 1.5, 'discriminator/adversarial/real': 2.5, 'generator.lr': 0.5, 'time': 0.25,
               'generator/grad_norm': 3.0, 'data_percent': 4.0, 'toy/brightness': 7.0, 'mIoU': 50.0}
    backend.add_scalars(numbers, step=3)
    assert written == {name: (value, 3) for name, value in {
        'generator/pixel': 1.5, 'discriminator/adversarial/real': 2.5, 'run/generator.lr': 0.5, 'run/time': 0.25,
        'run/generator.grad_norm': 3.0, 'run/data_percent': 4.0, 'scores/toy/brightness': 7.0,
        'scores/mIoU': 50.0}.items()}
    assert [name.split('/')[0] for name in sorted(written)][:2] == ['discriminator', 'generator']


def test_pictures_for_mlflow_have_a_format(monkeypatch):
    backend = VISBACKENDS.get('MLflowVisBackend').__new__(VISBACKENDS.get('MLflowVisBackend'))
    stored = []
    backend._env_initialized = True
    backend._mlflow = SimpleNamespace(log_image=lambda image, name: stored.append((image.shape, name)))
    backend.add_image('samples', np.zeros((2, 3, 3), np.uint8), step=7)
    assert stored == [((2, 3, 3), 'samples_000007.png')]


def test_the_log_reads_well(logged):
    text = next(logged.glob('*/*.log')).read_text()
    assert re.search(r'Iter\(train\) \[ 9/12\] .*eta: 0:00:0.*generator/pixel: \d', text)
    assert 'WARNING' not in text


def test_history_is_bounded_and_exact(logged):
    from semsynth.weights import load_checkpoint
    history = load_checkpoint(logged / 'iter_12.pth')['message_hub']['log_scalars']
    assert 2 <= len(history['train/generator/pixel'].data[0]) <= 4
    assert all(len(buffer.data[0]) <= 4 for name, buffer in history.items() if name.startswith('train/'))


def test_stops_at_the_first_loss_that_is_not_finite(tmp_path):
    changes = {'default_hooks.ruin': dict(type='RuinHook', iteration=6), 'default_hooks.logger.interval': 50,
               'val_evaluator': None}
    with pytest.raises(FloatingPointError) as caught:
        launch.build_runner(toy_config(**changes), work_dir=tmp_path).train()
    message = str(caught.value)
    assert message.startswith('Iteration 7: ')
    assert re.search(r'generator/pixel is (nan|inf)', message)
    assert len(re.findall(r'scene_\d', message)) == 2
    assert f'the last good checkpoint is {tmp_path}/iter_4.pth' in message
    assert launch.latest_good_checkpoint(tmp_path) == tmp_path / 'iter_4.pth'
    assert not (tmp_path / 'iter_8.pth').exists()


class Reads(TorchDispatchMode):
    """Notes every value that is read from a float tensor, as losses are."""

    def __init__(self):
        super().__init__()
        self.step, self.seen = -1, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten._local_scalar_dense.default and args[0].is_floating_point():
            self.seen.append(self.step)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize('eager', [False, True])
def test_no_step_waits_for_the_device(tmp_path, eager):
    """Between two lines of the log nothing reads a loss, or a clipped norm; mmengine's own hook would."""
    sgd = dict(optimizer=dict(_delete_=True, type='SGD', lr=0.1), clip_grad=dict(max_norm=1))
    changes = {'default_hooks.runtime_info': dict(_delete_=True, type='RuntimeInfoHook')} if eager else {}
    runner = launch.build_runner(toy_config(**{
        'default_hooks.logger.interval': 100, 'default_hooks.checkpoint.interval': 100, 'train_cfg.max_iters': 5,
        'val_evaluator': None, 'default_hooks.pictures': None, 'train_dataloader.dataset.size': 100,
        'optim_wrapper.generator': sgd, 'optim_wrapper.discriminator': sgd, **changes}), work_dir=tmp_path)
    reads, train_step = Reads(), runner.model.train_step

    def counted(*args, **kwargs):
        reads.step += 1
        return train_step(*args, **kwargs)

    runner.model.train_step = counted
    with reads:
        runner.train()
    assert any(step in range(4) for step in reads.seen) == eager
