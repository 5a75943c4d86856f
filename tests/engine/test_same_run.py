"""What may change when a run is resumed, and what is refused."""

import json
import re
import shlex
import shutil

import pytest
import torch
from mmengine.config import Config
from mmengine.config.config import ConfigDict

from helpers.facts import facts
from helpers.toy_run import assert_equal, run, toy_config, weights
from semsynth.apis import train
from semsynth.completion import complete
from semsynth.engine.run_record import RECORD
from semsynth.engine.same_run import Change, changes_since
from semsynth.stored_config import read_settings
from semsynth.weights import load_checkpoint

SHORT = {'train_cfg.max_iters': 8, 'val_evaluator': None, 'default_hooks.logger.interval': 1}
LONG = SHORT | {'train_cfg.max_iters': 20}
LOWER = {f'optim_wrapper.{player}.optimizer.lr': 1e-4 for player in ('generator', 'discriminator')}


@pytest.fixture(scope='module')
def short(tmp_path_factory):
    """A run of 8 iterations."""
    work_dir = tmp_path_factory.mktemp('short')
    assert run(work_dir, **SHORT) == [0]
    return work_dir


@pytest.fixture
def resumable(short, tmp_path):
    """A copy that a test may train on."""
    return shutil.copytree(short, tmp_path / 'run')


def resume(work_dir, **changes):
    return train(toy_config(log_level='INFO', **changes), work_dir=work_dir, resume=True)


def rates(work_dir, player='generator'):
    """The learning rate that each iteration was logged with."""
    lines = [json.loads(line) for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
             for line in path.read_text().splitlines()]
    return {line['step']: line[f'{player}.lr'] for line in lines}


def log(work_dir):
    return sorted(work_dir.glob('*/*.log'))[-1].read_text()


def trained(work_dir, iteration):
    return {name: value for name, value in weights(work_dir / f'iter_{iteration}.pth').items()
            if name.startswith('.ema_state_dict.module.generator.head')}


@pytest.mark.slow
@pytest.mark.parametrize('changes', [
    pytest.param(LONG, marks=pytest.mark.slow), LONG | LOWER | {'param_scheduler.generator': [
        dict(type='LinearLR', start_factor=0.1, by_epoch=False, begin=0, end=10),
        dict(type='MultiStepLR', milestones=[5, 15], by_epoch=False)]}], ids=['longer', 'lower'])
def test_rates_are_those_of_a_run_with_the_new_settings(resumable, tmp_path, changes):
    """The finished run's rate had fallen in its last 3 steps; its moments and weights go on."""
    assert rates(resumable)[8] == pytest.approx(1e-3 / 3)
    assert run(tmp_path / 'whole', **changes) == [0]
    expected = rates(tmp_path / 'whole')
    assert resume(resumable, **changes).iter == 20
    found = rates(resumable)
    assert {step: found[step] for step in range(9, 21)} == {step: expected[step] for step in range(9, 21)}
    assert not any(torch.equal(value, trained(resumable, 20)[name]) for name, value in trained(resumable, 16).items())
    saved = torch.load(resumable / 'iter_20.pth', weights_only=False)['optimizer']['generator']
    assert {float(moments['step']) for moments in saved['state'].values()} == {20}


@pytest.mark.slow
def test_what_is_followed_is_logged_and_recorded(resumable):
    followed = LONG | LOWER | {
        'optim_wrapper.generator.clip_grad': dict(max_norm=1), 'model.losses.pixel.weight': 5,
        'train_dataloader.num_workers': 1, 'default_hooks.checkpoint.interval': 5}
    resume(resumable, **followed)
    told = log(resumable).partition('Resumed with other settings, which are followed from here on:\n')[2]
    for line in ('train_cfg.max_iters: 8 -> 20', 'optim_wrapper.generator.optimizer.lr: 0.001 -> 0.0001',
                 "optim_wrapper.generator.clip_grad: None -> {'max_norm': 1}", 'model.losses.pixel.weight: 3 -> 5',
                 'train_dataloader.num_workers: 0 -> 1', 'default_hooks.checkpoint.interval: 4 -> 5'):
        assert f'\n  {line}\n' in f'\n{told}'
    assert (resumable / 'iter_15.pth').exists()
    record = json.loads((resumable / RECORD).read_text())
    assert [start['iteration'] for start in record['starts']] == [0, 8]
    assert record['starts'][0]['changes'] == [] and 'train_cfg.max_iters: 8 -> 20' in record['starts'][1]['changes']
    assert record['settings']['train_cfg']['max_iters'] == 20 and (record['ranks'], record['samples']) == (1, 10)


def test_unchanged_settings_say_nothing(resumable):
    resume(resumable, **SHORT)
    text = log(resumable)
    assert 'other settings' not in text
    assert 'Training is finished already: 8 of 8 iterations are done. To train on, raise train_cfg.max_iters.' in text


@pytest.mark.slow
def test_a_followed_change_holds_where_its_own_run_is_cut_off(resumable):
    """The checkpoint, not the last start, tells what was trained."""
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=9, moment='iteration')}
    assert run(resumable, resume=True, **LONG, **LOWER, **kill) == [-9]
    resume(resumable, **LONG, **LOWER)
    assert rates(resumable)[9] == 1e-4


def test_a_batch_may_go_through_in_other_parts():
    assert Change('model.micro_batch', None, 4).refused is None


def test_a_run_that_gathered_gradients_had_another_batch_size():
    assert Change('optim_wrapper.generator.accumulative_counts', 4, 1).refused == 'the batch size'


@pytest.mark.slow
def test_losses_may_be_dropped_to_find_a_cause(resumable):
    resume(resumable, **LONG, **{'model.losses.pixel': None})
    assert "model.losses.pixel: {'type': 'StubPixel', 'weight': 3} -> None" in log(resumable)


@pytest.mark.parametrize(('changes', 'message'), [
    ({'train_dataloader.batch_size': 4}, 'the batch size is another (train_dataloader.batch_size=4 instead of 2)'),
    ({'model.generator.norm': 'instance'},
     "the network is another (model.generator.norm='instance' instead of 'batch')"),
    ({'model.discriminator': None}, "the network is another (model.discriminator=None instead of {'type': "
                                    "'StubDiscriminator'})"),
    ({'train_dataloader.dataset.size': 9}, 'the data set is another (train_dataloader.dataset.size=9 instead of 10)'),
    ({'randomness.seed': 1}, 'the seed is another (randomness.seed=1 instead of 0)'),
    ({'precision': 'bfloat16'}, "the precision is another (precision='bfloat16' instead of 'float32')"),
    ({'optim_wrapper.generator.optimizer': dict(_delete_=True, type='SGD', lr=0.1)}, 'the optimiser is another ('),
    ({'default_hooks.ema': None}, 'it averages weights, and default_hooks has no GeneratorEMAHook now'),
])
def test_what_makes_another_run_is_refused(short, changes, message):
    config = toy_config(**{**SHORT, **LONG, 'precision': 'float32', **changes})
    before = {path: path.stat().st_mtime_ns for path in short.glob('*.pth')}
    with pytest.raises(ValueError, match='cannot be resumed') as told:
        train(config, work_dir=short, resume=True)
    start = 'carry_from' if 'network' in message else 'load_from'
    assert message in str(told.value) and str(told.value).startswith(f'{short} cannot be resumed: ')
    assert str(told.value).endswith(
        f'Give back what iter_8.pth was trained with, or start anew from its weights, without --resume: '
        f'--work-dir OTHER --cfg-options {start}={short}/iter_8.pth.')
    assert {path: path.stat().st_mtime_ns for path in short.glob('*.pth')} == before


@pytest.mark.slow
@pytest.mark.parametrize('changes', [{'train_dataloader.batch_size': 4}, {'model.generator.norm': 'instance'},
                                     {'default_hooks.ema': None}, {'randomness.seed': 1}])
def test_the_remedies_work(short, tmp_path, changes):
    changes = SHORT | changes
    with pytest.raises(ValueError, match='cannot be resumed') as told:
        train(toy_config(**changes), work_dir=short, resume=True)
    options = dict(option.split('=') for option in shlex.split(str(told.value).rstrip('.').split('--cfg-options ')[1]))
    runner = train(toy_config(log_level='INFO'), work_dir=tmp_path, cfg_options=changes | options)
    assert runner.iter == 8 and re.search(r'Carried over from|Load checkpoint from', log(tmp_path))


def test_other_samples_are_refused(resumable, monkeypatch):
    path = resumable / 'iter_8.pth'
    saved = torch.load(path, weights_only=False)
    saved['meta']['run']['samples'] = 11
    torch.save(saved, path)
    with pytest.raises(ValueError, match=facts('number of samples', '10 instead of 11')):
        resume(resumable, **LONG)


def test_a_checkpoint_of_an_older_version_is_compared_by_its_config(resumable):
    """It tells no ranks, no samples, and the precision by the type of its wrappers."""
    path = resumable / 'iter_8.pth'
    saved = torch.load(path, weights_only=False)
    del saved['meta']['run']
    text = saved['meta']['cfg']
    saved['meta']['cfg'] = re.sub(r"precision ?= ?'float32'\n", '', text).replace(
        "type='PlayerOptimWrapper'", "type='Bf16OptimWrapper'")
    assert saved['meta']['cfg'].count('Bf16OptimWrapper') == 2 and 'precision' not in saved['meta']['cfg']
    torch.save(saved, path)
    with pytest.raises(ValueError, match=r"precision='float32' instead of 'bfloat16'"):
        resume(resumable, **LONG, precision='float32')
    assert resume(resumable, **LONG, precision='auto').cfg.precision == 'bfloat16'


def test_data_and_label_generators_may_have_moved():
    def config(place):
        data = dict(batch_size=1, dataset=dict(type='ToyCityDataset', data_root=f'{place}/toycity', split='train'))
        return Config(dict(
            model=dict(segmentor=dict(type='Segmentor', checkpoint=f'{place}/final.pth')), precision='float32',
            data_root=place, train_dataloader=data, work_dir=place))

    checkpoint = dict(meta=dict(cfg=config('/here').pretty_text))
    assert changes_since(checkpoint, config('/there')) == []
    other = config('/there')
    other.train_dataloader.dataset.split = 'val'
    [change] = changes_since(checkpoint, other)
    assert change.refused == 'the data set' and str(change) == "train_dataloader.dataset.split: 'train' -> 'val'"


def test_a_default_that_is_written_out_is_no_change():
    def config(generator=None, dataset=None, optimizer=None, **rest):
        return Config(dict(
            model=dict(generator=dict(dict(type='GlobalGenerator', base_channels=8), **(generator or {}))),
            train_dataloader=dict(
                dataset=dict(dict(type='PairedFolderDataset', split='train'), **(dataset or {})), **rest),
            optim_wrapper=dict(generator=dict(optimizer=dict(dict(type='Adam', lr=1e-3), **(optimizer or {})))),
            precision='float32'))

    checkpoint = dict(meta=dict(cfg=config().pretty_text))
    written = dict(generator=dict(num_blocks=9, checkpoint_activations=False), optimizer=dict(amsgrad=False, eps=1e-8),
                   dataset=dict(endings={}, edges=None, id_map=None, instances=False), drop_last=False)
    assert changes_since(checkpoint, config(**written)) == []
    written['generator']['num_blocks'], written['optimizer']['amsgrad'] = 6, True
    assert [(change.key, change.saved, change.now, change.refused) for change in changes_since(
        checkpoint, config(**written))] == [('model.generator.num_blocks', 9, 6, 'the network'), (
            'optim_wrapper.generator.optimizer.amsgrad', False, True, 'the optimiser')]


def test_a_run_in_the_older_language_is_the_same():
    """There, data sets told every transform but those of their arguments, and parts their numbers of classes."""
    now = complete('configs/ecgan/ecgan_toycity.py', precision='float32')
    older = Config(now.to_dict())
    for dataset in (older.train_dataloader.dataset, older.default_hooks.pictures.dataset):
        for key in ('size', 'flip'):
            dataset.pop(key, None)
        dataset.pipeline = [part for part in dataset.pipeline if part.type not in ('LoadInstances', 'CannyEdges')]
    older.model.generator.head.num_classes = 12
    older.model.segmentor.config = 'configs/segmentors/unet_toycity.py'
    assert changes_since(dict(meta=dict(cfg=older.pretty_text)), now) == []
    older.train_dataloader.dataset.pipeline[-2].prob = 0.25
    older.model.generator.head.num_classes = 13
    assert {change.refused for change in changes_since(dict(meta=dict(cfg=older.pretty_text)), now)} == {
        'the data set', 'the network'}


def test_settings_are_read_and_not_run(tmp_path):
    config = Config(dict(
        model=dict(a=(1, -2.5), b=[dict(c='text\n'), None, True], table={'7': 1, 'x.y': dict(z=())}, kind=float,
                   far=float('inf'), near=-float('inf')), train_cfg=ConfigDict(max_iters=10)))
    assert read_settings(config.pretty_text) == dict(
        model=dict(a=(1, -2.5), b=[dict(c='text\n'), None, True], table={'7': 1, 'x.y': dict(z=())}, kind='float',
                   far=float('inf'), near=-float('inf')), train_cfg=dict(max_iters=10))
    mark = tmp_path / 'mark'
    text = f"import pathlib\nmodel = dict(a=pathlib.Path('{mark}').touch())\n"
    with pytest.raises(ValueError, match='The config in the checkpoint cannot be read'):
        read_settings(text)
    assert read_settings(text.partition('\n')[2])['model']['a'].startswith('pathlib.Path(') and not mark.exists()


def test_every_config_compares_equal_to_its_own_text():
    for path in ('configs/ecgan/ecgan_toycity.py', 'configs/segmentors/unet_toycity.py',
                 'configs/oasis/oasis_coco_stuff.py'):
        config = complete(path, precision='float32')
        assert changes_since(dict(meta=dict(cfg=config.pretty_text)), config) == []


@pytest.mark.slow
def test_the_unchanged_run_is_still_exact(tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    assert run(whole, **SHORT) == [0]
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=5, moment='iteration')}
    assert run(cut, **SHORT, **kill) == [-9]
    resume(cut, **SHORT)
    assert_equal(whole / 'iter_8.pth', cut / 'iter_8.pth')
    assert load_checkpoint(cut / 'iter_8.pth')['meta']['run']['samples'] == 10
