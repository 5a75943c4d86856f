import pytest
from mmengine.config import Config

from helpers.facts import facts
from helpers.toy_run import toy_config
from semsynth.apis import train
from semsynth.apis.building import build_for_inference
from semsynth.completion import complete
from semsynth.config import load_config
from semsynth.engine import launch
from semsynth.engine.dry_run import dry_run
from semsynth.studies.benchmark import benchmark


def test_config_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'There is no config nowhere\.py'):
        load_config('nowhere.py')
    bad = tmp_path / 'bad.py'
    bad.write_text('model = dict(\nlosses = 1\n')
    with pytest.raises(SyntaxError, match=r"'\(' was never closed, in line 1 of .*bad\.py"):
        load_config(bad)


@pytest.mark.parametrize('use', [
    train, lambda config: build_for_inference(load_config(config), None),
    lambda config: benchmark('step', 'cpu', configs=[config])], ids=['train', 'inference', 'benchmark'])
def test_a_config_of_something_else(use):
    with pytest.raises(ValueError, match=r'unet_toycity\.py has no model\.generator: .* semsynth train_segmentor'):
        use('configs/segmentors/unet_toycity.py')


def test_options_override(tmp_path):
    path = tmp_path / 'good.py'
    path.write_text('train_cfg = dict(max_iters=5)\n')
    assert load_config(path, {'train_cfg.max_iters': 7}).train_cfg.max_iters == 7
    config = Config(dict(load_from='a'))
    assert load_config(config, dict(load_from='b')).load_from == 'b'
    assert config.load_from == 'a'


@pytest.mark.parametrize(('changes', 'message'), [
    ({'default_hooks.checkpoint.max_keep_ckpts': 1}, 'max_keep_ckpts=1 deletes the only checkpoint'),
    ({'optim_wrapper.generator.accumulative_counts': 3},
     r'optim_wrapper\.generator\.accumulative_counts=3: drop it.* batch_size=16 and micro_batch=4'),
    ({'micro_batch': 4}, 'micro_batch=4 does not divide batch_size=2'),
    ({'default_hooks.checkpoint.out_dir': 'elsewhere'}, "out_dir='elsewhere', but a run is resumed from its work dir"),
    ({'train_cfg.max_epochs': 2}, 'either max_iters or max_epochs, but has max_iters=12 and max_epochs=2'),
    ({'train_dataloader.sampler.type': 'DefaultSampler'}, 'sampler is DefaultSampler'),
    ({'param_scheduler.encoder': []}, 'an entry for encoder, which optim_wrapper has not: it has generator, discrimi'),
    ({'model.losses.pixel': dict(type='StubPixel', waight=3)}, "StubPixel has no argument 'waight': did you mean"),
    ({'default_hooks.logger': dict(type='LoggerHook', intreval=3)}, 'intreval'),
    ({'val_evaluator.type': 'ToyEvaluater'}, 'did you mean ToyEvaluator'), ({'load_from': 'none.pth'}, r'none\.pth'),
    ({'carry_from': 'none.pth'}, r'There is no checkpoint none\.pth'),
    ({'optim_wrapper.generator.optimizer.type': 'Adamm'}, 'did you mean Adam'),
    ({'optim_wrapper': None}, 'has no optim_wrapper, and cannot be trained'),
])
@pytest.mark.parametrize('use', [train, dry_run])
def test_settings_that_cannot_work(tmp_path, monkeypatch, use, changes, message):
    """Training and a dry run refuse the same."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ValueError, TypeError, KeyError, FileNotFoundError), match=message):
        use(toy_config(**changes))


def test_a_segmentor_s_gathered_gradients_are_saved_whole():
    config = load_config('configs/segmentors/unet_toycity.py', {'optim_wrapper.accumulative_counts': 3})
    with pytest.raises(ValueError, match=r'interval=\d+ is no multiple of optim_wrapper\.accumulative_counts=3'):
        complete(config)


@pytest.mark.parametrize('gpu', [False, True])
def test_batches_for_a_gpu_are_pinned(monkeypatch, gpu):
    monkeypatch.setattr('torch.cuda.is_available', lambda: gpu)
    config = complete(toy_config(**{'val_dataloader.pin_memory': False}))
    assert config.train_dataloader.pin_memory == gpu and not config.val_dataloader.pin_memory


def test_launcher_must_fit_the_process(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match='needs torchrun'):
        launch.build_runner(toy_config(), work_dir=tmp_path, launcher='pytorch')
    monkeypatch.setenv('WORLD_SIZE', '2')
    with pytest.raises(ValueError, match='2 processes were started together: add --launcher pytorch'):
        launch.build_runner(toy_config(), work_dir=tmp_path)


def test_more_processes_than_gpus(tmp_path, monkeypatch):
    for name, value in dict(RANK='1', LOCAL_RANK='1', WORLD_SIZE='2').items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr('torch.cuda.is_available', lambda: True)
    monkeypatch.setattr('torch.cuda.device_count', lambda: 1)
    with pytest.raises(ValueError, match=facts('1', '--nproc_per_node')):
        launch.build_runner(toy_config(), work_dir=tmp_path, launcher='pytorch')


def test_missing_data_are_reported_before_networks_are_built():
    config = toy_config(**{'model.type': 'NoSuchModel', 'train_dataloader.dataset.type': 'NoSuchDataset'})
    with pytest.raises(KeyError, match='NoSuchDataset'):
        train(config)


def test_epochs_are_converted_to_iterations(tmp_path):
    """10 samples in batches of 4 are 3 iterations."""
    runner = launch.build_runner(toy_config(**{'train_cfg.max_iters': None, 'train_cfg.max_epochs': 5,
                                               'train_dataloader.batch_size': 4}), work_dir=tmp_path)
    assert (runner.train_loop.max_iters, runner.train_loop.max_epochs) == (15, 5)
    runner.train_loop._iter = 7
    assert runner.epoch == 2

