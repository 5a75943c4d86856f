"""SIGTERM and SIGINT: a checkpoint after the step, on all ranks after the same one, and nothing lost."""

import os
import signal
import subprocess
import threading
import time

import pytest
from mmengine.dist import get_rank
from mmengine.hooks import Hook

from helpers.grown import grown_config, stages
from helpers.ranks import PATIENCE, run_ranks
from helpers.toy_run import assert_equal, run, toy_config
from semsynth.apis import train
from semsynth.engine.checkpoint import latest_good_checkpoint
from semsynth.engine.stopping import SIGNALS, Stopped
from semsynth.registry import HOOKS

TERM, INT = 128 + signal.SIGTERM, 128 + signal.SIGINT


@HOOKS.register_module(force=True)
class SignalHook(Hook):
    """Sends signals to the process of one rank, or to its whole group, at one moment."""

    priority = 'HIGHEST'

    def __init__(self, iteration, moment='iteration', numbers=(signal.SIGTERM,), rank=0, group=False, pause=0.0):
        self.iteration, self.moment, self.numbers, self.rank = iteration, moment, numbers, rank
        self.group, self.pause = group, pause

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        if self.moment == 'iteration' and runner.iter == self.iteration:
            self.send()

    def before_val_iter(self, runner, batch_idx, data_batch=None):
        if self.moment == 'validation' and runner.iter == self.iteration and batch_idx == 1:
            self.send()

    def after_run(self, runner):
        if self.moment == 'end':
            self.send()

    def send(self):
        if get_rank() != self.rank:
            return
        for number in self.numbers:
            if self.group:  # by another process: torch's workers know their parent's signals
                subprocess.run(['kill', f'-{number}', '--', f'-{os.getpgrp()}'], start_new_session=True, check=True)
            else:
                os.kill(os.getpid(), number)
            while not SIGNALS.received:
                time.sleep(0.001)
            time.sleep(self.pause)


@HOOKS.register_module(force=True)
class GatherHook(Hook):
    """Has the optimisers gather gradients."""

    priority = 'VERY_HIGH'

    def before_train(self, runner):
        for wrapper, counts in zip(runner.optim_wrapper.values(), (4, 2), strict=True):
            wrapper._accumulative_counts = counts


def at(*args, **kwargs):
    return {'default_hooks.signal': dict(type='SignalHook', **dict(zip(('iteration', 'moment'), args, strict=False)),
                                         **kwargs)}


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    work_dir = tmp_path_factory.mktemp('whole')
    assert run(work_dir) == [0]
    return work_dir


@pytest.mark.parametrize(('signalled', 'code', 'saved'), [
    pytest.param(at(0), TERM, 1, marks=pytest.mark.slow),
    pytest.param(at(6, numbers=(signal.SIGINT,)), INT, 7, marks=pytest.mark.slow),
    pytest.param(at(7), TERM, 8, marks=pytest.mark.slow),  # a step that saves anyhow
    (at(10, 'validation'), TERM, 10),
    pytest.param(at(12, 'validation'), TERM, 12, marks=pytest.mark.slow),
    # from a scheduler and from torchrun
    pytest.param(at(6, numbers=(signal.SIGTERM, signal.SIGTERM)), TERM, 7, marks=pytest.mark.slow),
], ids=['first step', 'interrupt', 'saving step', 'validation', 'last validation', 'sent twice'])
def test_it_stops_after_the_step_and_goes_on_exactly(whole, tmp_path, monkeypatch, signalled, code, saved, capfd):
    monkeypatch.setattr('semsynth.engine.stopping.REPEATED', PATIENCE)  # the same signal again, however slow we are
    changes = {'val_dataloader.batch_size': 2, 'log_level': 'WARNING'}
    assert run(tmp_path, **changes, **signalled) == [code]
    assert latest_good_checkpoint(tmp_path).name == f'iter_{saved}.pth'
    out, err = capfd.readouterr()
    name = 'SIGINT' if code == INT else 'SIGTERM'
    assert err.count(f'{name}: training stops after this step, with a checkpoint; a second signal ends it at on') == 1
    assert (f'Stopped by {name} after iteration {saved} of 12, saved as {tmp_path}/iter_{saved}.pth; the same command '
            'with --resume goes on.') in out
    assert run(tmp_path, resume=True, **changes) == [0]
    assert_equal(whole / 'iter_12.pth', tmp_path / 'iter_12.pth')


@pytest.mark.slow
def test_workers_outlive_what_the_whole_group_is_sent(whole, tmp_path):
    changes = {'train_dataloader.num_workers': 2, 'val_dataloader.num_workers': 1}
    assert run_ranks(_train_in_group, 1, tmp_path, False, changes | at(6, group=True, pause=0.3)) == [TERM]
    assert latest_good_checkpoint(tmp_path).name == 'iter_7.pth'
    assert run(tmp_path, resume=True, **changes) == [0]
    assert_equal(whole / 'iter_12.pth', tmp_path / 'iter_12.pth')


def _train_in_group(work_dir, resume, changes):
    os.setpgrp()
    train(toy_config(**changes), work_dir=work_dir, resume=resume)


@pytest.mark.slow
@pytest.mark.parametrize(('signalled', 'saved'), [(at(6, rank=1), 7), (at(10, 'validation', rank=1), 10)])
def test_ranks_stop_after_the_same_step(tmp_path, signalled, saved):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    changes = {'val_dataloader.batch_size': 2}
    assert run(whole, ranks=2, **changes) == [0, 0]
    assert run(cut, ranks=2, **changes, **signalled) == [TERM, TERM]
    assert latest_good_checkpoint(cut).name == f'iter_{saved}.pth'
    assert run(cut, ranks=2, resume=True, **changes) == [0, 0]
    assert_equal(whole / 'iter_12.pth', cut / 'iter_12.pth')


@pytest.mark.slow
def test_between_stages(tmp_path):
    parts = stages()[:2]
    signalled = [dict(parts[0], default_hooks={'signal': dict(type='SignalHook', iteration=0, moment='end')}), parts[1]]
    assert run_ranks(_train_stages, 1, tmp_path / 'cut', False, signalled) == [TERM]
    assert (tmp_path / 'cut/stage_1/finished').exists() and not list((tmp_path / 'cut/stage_2').glob('*.pth'))
    assert run_ranks(_train_stages, 1, tmp_path / 'cut', True, parts) == [0]
    assert run_ranks(_train_stages, 1, tmp_path / 'whole', False, parts) == [0]
    assert_equal(tmp_path / 'whole/stage_2/iter_5.pth', tmp_path / 'cut/stage_2/iter_5.pth')


def _train_stages(work_dir, resume, parts):
    train(grown_config(stages=parts), work_dir=work_dir, resume=resume)


@pytest.mark.slow
@pytest.mark.parametrize(('numbers', 'pause', 'code'), [
    ((signal.SIGTERM, signal.SIGINT), 0, INT), ((signal.SIGINT, signal.SIGINT), 0, INT),
    ((signal.SIGTERM, signal.SIGTERM), 1.1, TERM)])
def test_a_second_signal_ends_at_once(tmp_path, numbers, pause, code):
    """Also where the main thread does not come back: it waits for a lock that nobody gives back."""
    assert run_ranks(_train_and_hang, 1, tmp_path, at(6, numbers=numbers, pause=pause)) == [code]
    assert latest_good_checkpoint(tmp_path).name == 'iter_4.pth' and not list(tmp_path.glob('.*.part'))


def _train_and_hang(work_dir, signalled):
    SignalHook.after_train_iter = lambda self, runner, *_, **__: SIGNALS.received and _hang()
    train(toy_config(**signalled), work_dir=work_dir)


def _hang():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


@pytest.mark.slow
def test_gathered_gradients_are_not_lost(tmp_path):
    """As segmentors may gather them; here by a toy, whose players do no such thing."""
    assert run(tmp_path / 'cut', **at(5), **{'default_hooks.gather': dict(type='GatherHook')}) == [TERM]
    assert latest_good_checkpoint(tmp_path / 'cut').name == 'iter_8.pth'


def test_without_a_checkpoint_hook_it_says_so(tmp_path, capfd):
    assert run(tmp_path, log_level='WARNING', **{'default_hooks.checkpoint': None}, **at(6)) == [TERM]
    assert ('Stopped by SIGTERM after iteration 7 of 12, which is not saved, for default_hooks.checkpoint saves no '
            'iterations') in capfd.readouterr().out


def test_afterwards_signals_are_what_they_were(tmp_path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with pytest.raises(Stopped) as stopped:
        train(toy_config(**at(6)), work_dir=tmp_path)
    assert stopped.value.code == TERM
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before
    assert signal.set_wakeup_fd(-1) == -1
    assert train(toy_config(), work_dir=tmp_path, resume=True).iter == 12  # the signal is forgotten


@pytest.mark.slow
def test_in_a_thread_training_does_without(tmp_path):
    done = []
    thread = threading.Thread(target=lambda: done.append(train(
        toy_config(**{'train_cfg.max_iters': 2, 'val_evaluator': None}), work_dir=tmp_path).iter))
    thread.start()
    thread.join()
    assert done == [2]
