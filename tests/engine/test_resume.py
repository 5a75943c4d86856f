import json
import os
import signal

import pytest
import torch

from helpers.toy_run import assert_equal, run, toy_config, weights
from semsynth.apis import train
from semsynth.engine import launch
from semsynth.engine.checkpoint import latest_good_checkpoint

KILLED = -signal.SIGKILL


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    """A run that nothing interrupts."""
    work_dir = tmp_path_factory.mktemp('whole')
    assert run(work_dir) == [0]
    return work_dir


@pytest.mark.parametrize(('workers', 'iteration', 'moment'), [
    (0, 7, 'iteration'),
    pytest.param(0, 2, 'iteration', marks=pytest.mark.slow),  # before the first checkpoint
    pytest.param(1, 10, 'validation', marks=pytest.mark.slow),
    pytest.param(2, 8, 'save', marks=pytest.mark.slow),
])
def test_resumed_run_ends_with_the_same_weights(whole, tmp_path, workers, iteration, moment):
    changes = {'train_dataloader.num_workers': workers}
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=iteration, moment=moment)}
    assert run(tmp_path, **changes, **kill) == [KILLED]
    assert not (tmp_path / 'iter_12.pth').exists()
    assert run(tmp_path, resume=True, **changes) == [0]
    assert_equal(whole / 'iter_12.pth', tmp_path / 'iter_12.pth')


@pytest.mark.slow
def test_resumes_from_the_last_whole_file(whole, tmp_path):
    """Torn as a writer leaves it that is not atomic; last_checkpoint names the torn file."""
    assert run(tmp_path, **{'default_hooks.kill': dict(type='KillHook', iteration=9, moment='iteration')}) == [KILLED]
    torn = tmp_path / 'iter_8.pth'
    torn.write_bytes(torn.read_bytes()[:5000])
    assert run(tmp_path, resume=True) == [0]
    assert_equal(whole / 'iter_12.pth', tmp_path / 'iter_12.pth')


def test_a_validation_that_was_cut_off_is_made_up_for(tmp_path):
    def validations():
        lines = [json.loads(line) for path in sorted(tmp_path.glob('*/vis_data/scalars.json'))
                 for line in path.read_text().splitlines()]
        return [line['step'] for line in lines if 'toy/brightness' in line]

    changes = {'train_cfg.val_interval': 4}
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=8, moment='validation')}
    assert run(tmp_path, **changes, **kill) == [KILLED]
    assert validations() == [4]
    assert run(tmp_path, resume=True, **changes) == [0]
    assert validations() == [4, 8, 12]
    assert run(tmp_path, resume=True, **changes) == [0]  # all is done: nothing happens
    assert validations() == [4, 8, 12]


@pytest.mark.slow
def test_two_ranks_resume_exactly(tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    assert run(whole, ranks=2) == [0, 0]
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=6, moment='iteration')}
    assert run(cut, ranks=2, **kill) == [KILLED, KILLED]
    assert run(cut, ranks=2, resume=True) == [0, 0]
    assert_equal(whole / 'iter_12.pth', cut / 'iter_12.pth')
    assert not any('generator.module' in name for name in weights(cut / 'iter_12.pth'))
    with pytest.raises(ValueError, match=r'the number of ranks is another \(1 instead of 2\)'):
        launch.build_runner(toy_config(), work_dir=cut, resume=True).train()
    # one rank starts from what two have saved
    runner = train(toy_config(load_from=str(cut / 'iter_12.pth')), work_dir=tmp_path / 'other')
    assert runner.iter == 12


@pytest.mark.parametrize('norm', [
    'instance',
    pytest.param('batch', marks=[
        pytest.mark.gpu, pytest.mark.skipif(torch.cuda.device_count() < 2, reason='SyncBatchNorm: 2 GPUs')])])
def test_two_ranks_are_one_with_twice_the_batch(tmp_path, norm):
    changes = {'model.generator.norm': norm, 'model.generator.noise': 0.0, 'default_hooks.ema': None,
               'val_evaluator': None,
               'optim_wrapper.generator.optimizer': dict(_delete_=True, type='SGD', lr=0.1),
               'optim_wrapper.discriminator.optimizer': dict(_delete_=True, type='SGD', lr=0.1)}
    assert run(tmp_path / 'two', ranks=2, **changes) == [0, 0]
    assert run(tmp_path / 'one', **changes, **{'train_dataloader.batch_size': 4}) == [0]
    assert_equal(tmp_path / 'two' / 'iter_12.pth', tmp_path / 'one' / 'iter_12.pth', rtol=1e-4, atol=1e-6)


def test_same_seed_same_weights_and_other_seed_others(whole, tmp_path):
    assert run(tmp_path, **{'randomness.seed': 1}) == [0]
    ours, theirs = weights(whole / 'iter_12.pth'), weights(tmp_path / 'iter_12.pth')
    name = '.state_dict.generator.head.fine.weight'
    assert not torch.equal(ours[name], theirs[name])


def test_newest_whole_checkpoint(tmp_path):
    assert latest_good_checkpoint(tmp_path) is None
    torch.save(dict(a=1), tmp_path / 'iter_900.pth')  # of an earlier, longer run
    os.utime(tmp_path / 'iter_900.pth', (1, 1))
    torch.save(dict(a=1), tmp_path / 'iter_4.pth')
    torch.save(dict(a=1), tmp_path / 'best_mIoU_iter_8.pth')
    whole = (tmp_path / 'iter_4.pth').read_bytes()
    (tmp_path / 'iter_8.pth').write_bytes(whole[:-10])
    (tmp_path / 'iter_12.pth').write_bytes(b'')
    (tmp_path / '.iter_16.pth.part').write_bytes(whole)
    (tmp_path / 'last_checkpoint').write_text('/gone/iter_8.pth')
    assert latest_good_checkpoint(tmp_path) == tmp_path / 'iter_4.pth'
