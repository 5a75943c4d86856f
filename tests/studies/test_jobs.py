"""The processes of a study: they end with it, and share the machine."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console

from helpers.narrow import narrow
from helpers.ranks import PATIENCE
from semsynth.studies import demo, jobs, processes
from semsynth.studies.ablation.rows import Row
from semsynth.studies.ablation.run import Run


def sleeper(tmp_path, name, seconds=600, first=''):
    """A run, and its only command: it says who it is, then sleeps."""
    script = tmp_path / f'{name}.py'
    script.write_text(f"import os, pathlib, signal, time\n{first}\n"
                      f"pathlib.Path('{tmp_path}/{name}.pid').write_text(str(os.getpid()))\n"
                      f'time.sleep({seconds})\n')
    run = Run(Row(name, narrow('configs/ecgan/ecgan_toycity.py', tmp_path), name), 0, tmp_path / name / 'seed_0')
    return run, lambda run: iter([[str(tmp_path / f'{run.row.name}.py')]])


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_gone(pid):
    """Dead, or only not yet collected by whoever inherited it."""
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True


def test_killing_the_tool_kills_its_runs(tmp_path):
    run, commands = sleeper(tmp_path, 'long')
    work = multiprocessing.get_context('fork').Process(
        target=jobs.run_all, args=([run], commands),
        kwargs=dict(jobs=1, console=Console(quiet=True), when_done=lambda run: None))
    work.start()
    pid = tmp_path / 'long.pid'
    wait_for(lambda: pid.is_file() and pid.read_text())
    os.kill(work.pid, signal.SIGKILL)
    work.join()
    wait_for(lambda: is_gone(pid.read_text()))


def test_an_error_ends_what_else_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, 'POLL_SECONDS', 0.01)
    (long, commands), (short, _) = sleeper(tmp_path, 'long'), sleeper(tmp_path, 'short', seconds=0)
    pid = tmp_path / 'long.pid'

    def interrupt(run):
        wait_for(lambda: pid.is_file() and pid.read_text())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run_all([long, short], commands, jobs=2, console=Console(quiet=True), when_done=interrupt)
    assert is_gone(pid.read_text())


def test_what_does_not_end_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, 'POLL_SECONDS', 0.01)
    monkeypatch.setattr(processes, 'STOP_SECONDS', 0.2)
    deaf = 'signal.signal(signal.SIGTERM, signal.SIG_IGN)'
    (one, commands), (other, _) = sleeper(tmp_path, 'one', first=deaf), sleeper(tmp_path, 'other', first=deaf)
    (short, _), pids = sleeper(tmp_path, 'short', seconds=0), [tmp_path / 'one.pid', tmp_path / 'other.pid']

    def interrupt(run):
        wait_for(lambda: all(pid.is_file() and pid.read_text() for pid in pids))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        jobs.run_all([one, other, short], commands, jobs=3, console=Console(quiet=True), when_done=interrupt)
    assert all(is_gone(pid.read_text()) for pid in pids)


@pytest.mark.slow
@pytest.mark.parametrize('count', [1, 3, 4])
def test_more_places_than_runs(count, tmp_path, monkeypatch):
    """Three at once: at the start, and where two of them end in the same moment."""
    monkeypatch.setattr(jobs, 'POLL_SECONDS', 2)
    runs = [Run(Row(str(number), narrow('configs/ecgan/ecgan_toycity.py', tmp_path), str(number)), 0,
                tmp_path / str(number) / 'seed_0') for number in range(count)]
    done = []
    failed = jobs.run_all(runs, lambda run: iter([['-c', 'pass']]), jobs=3, console=Console(quiet=True),
                          when_done=done.append)
    assert failed == [] and sorted(run.row.name for run in done) == [run.row.name for run in runs]


def test_nothing_starts_whose_parent_is_gone():
    start = [sys.executable, '-c', processes.DIES_WITH_PARENT]
    printed = [subprocess.check_output([*start, str(parent), '-c', 'print(5)']) for parent in (os.getpid(), 0)]
    assert printed == [b'5\n', b'']


def test_jobs_share_cores_and_gpus(monkeypatch):
    monkeypatch.setattr(os, 'sched_getaffinity', lambda pid: set(range(8)))
    monkeypatch.setattr('torch.cuda.device_count', lambda: 0)
    monkeypatch.setattr(os, 'environ', {})
    assert processes.share(0, 3) == dict(GOMP_SPINCOUNT='10000', OMP_NUM_THREADS='2')
    assert processes.share(0, 99)['OMP_NUM_THREADS'] == '1'
    assert processes.share(0, 1) == dict(GOMP_SPINCOUNT='10000')  # torch knows which cores are whole ones
    assert processes.share(1, 2, ranks=2)['OMP_NUM_THREADS'] == '2'
    assert processes.share(0, 1, ranks=2)['OMP_NUM_THREADS'] == '4'
    monkeypatch.setattr('torch.cuda.device_count', lambda: 5)
    assert [processes.share(slot, 3, ranks=2)['CUDA_VISIBLE_DEVICES'] for slot in range(3)] == ['0,1', '2,3', '4,0']
    monkeypatch.setattr('torch.cuda.device_count', lambda: 2)
    assert [processes.share(slot, 3)['CUDA_VISIBLE_DEVICES'] for slot in range(3)] == ['0', '1', '0']
    monkeypatch.setattr(os, 'environ', dict(CUDA_VISIBLE_DEVICES='4,7', OMP_NUM_THREADS='5'))
    assert processes.share(1, 2) == dict(GOMP_SPINCOUNT='10000', OMP_NUM_THREADS='5', CUDA_VISIBLE_DEVICES='7')


TIDY = '''
def tidy(number, frame):
    time.sleep(0.5)  # a step, and its checkpoint
    pathlib.Path(__file__).with_suffix('.saved').write_text(str(number))
    raise SystemExit(143)
signal.signal(signal.SIGTERM, tidy)
'''


@pytest.mark.slow
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize('parent', ['ablation', 'demo'])
def test_what_ends_the_tool_lets_its_runs_save(parent, number, tmp_path, monkeypatch):
    """Asked once: a terminal's Ctrl-C comes to the tool, not to the runs."""
    monkeypatch.setattr(demo, 'COMMAND', ())  # the demo's tasks are subcommands, and this one is a script
    run, commands = sleeper(tmp_path, 'long', first=TIDY)
    task, console = demo.Task('long', next(commands(run)), tmp_path / 'never'), Console(quiet=True)
    target, args, kwargs = {
        'ablation': (jobs.run_all, ([run], commands), dict(jobs=1, console=console, when_done=lambda run: None)),
        'demo': (demo.run_beside, ([task], console), {})}[parent]
    work = multiprocessing.get_context('fork').Process(target=_as_a_group, args=(target, args, kwargs))
    work.start()
    pid = tmp_path / 'long.pid'
    wait_for(lambda: pid.is_file() and pid.read_text())
    os.killpg(work.pid, number)
    work.join()
    assert work.exitcode == (128 + signal.SIGTERM if number == signal.SIGTERM else 1)
    assert is_gone(pid.read_text()) and (tmp_path / 'long.saved').read_text() == str(int(signal.SIGTERM))


def _as_a_group(target, args, kwargs):
    os.setpgrp()
    target(*args, **kwargs)
