"""One training at a time in a folder, and nothing of an earlier one is overwritten or taken for this one's."""

import errno
import multiprocessing
import os
import shutil
import socket
import time

import pytest
from mmengine.config import Config

from helpers.ranks import PATIENCE
from helpers.toy_run import assert_equal, run, toy_config, weights
from semsynth.apis import train
from semsynth.engine.checkpoint import AtomicBackend
from semsynth.engine.work_folder import LOCK, locked, set_aside, work_folder

SHORT = {'train_cfg.max_iters': 4, 'train_cfg.val_interval': 4}
BEFORE_FIRST = {'default_hooks.kill': dict(type='KillHook', iteration=2, moment='iteration')}


@pytest.mark.slow
def test_the_same_command_again_sets_the_earlier_run_aside(tmp_path, capfd):
    work_dir = tmp_path / 'run'
    assert run(work_dir, **SHORT) == [0]
    (work_dir / 'results_iter_4.json').write_text('{}')
    first = {path.relative_to(work_dir): path.read_bytes() for path in work_dir.rglob('[!.]*') if path.is_file()}
    assert run(work_dir, **SHORT, **{'randomness.seed': 1}) == [0]
    [aside] = tmp_path.glob('run_before_*')
    assert f'{work_dir} held an earlier run, which is now in {aside}.' in capfd.readouterr().err
    assert all((aside / name).read_bytes() == content for name, content in first.items())
    assert not (work_dir / 'results_iter_4.json').exists()
    name = '.state_dict.generator.head.fine.weight'
    assert not weights(work_dir / 'iter_4.pth')[name].equal(weights(aside / 'iter_4.pth')[name])


@pytest.mark.slow
def test_a_run_killed_before_its_first_checkpoint_is_not_the_earlier_one(tmp_path):
    work_dir = tmp_path / 'run'
    assert run(work_dir, **SHORT, **{'randomness.seed': 1}) == [0]
    assert run(work_dir, **SHORT, **BEFORE_FIRST) == [-9]
    assert run(work_dir, resume=True, **SHORT) == [0]
    assert run(tmp_path / 'whole', **SHORT) == [0]
    assert_equal(tmp_path / 'whole/iter_4.pth', work_dir / 'iter_4.pth')


@pytest.mark.slow
def test_what_is_not_trained_is_not_set_aside(tmp_path):
    (tmp_path / 'results_untrained.json').write_text('{}')
    (tmp_path / 'vgg19.pth').write_bytes(b'weights of the user')
    assert run(tmp_path, **SHORT, **BEFORE_FIRST) == [-9]
    assert run(tmp_path, **SHORT) == [0]
    assert (tmp_path / 'vgg19.pth').exists() and not list(tmp_path.parent.glob(f'{tmp_path.name}_before_*'))


def trained(folder):
    folder.mkdir()
    (folder / 'iter_4.pth').write_bytes(b'1')
    return folder


def test_a_run_that_fails_before_it_saves_makes_room_again(tmp_path, capsys):
    earlier, failed = trained(tmp_path / 'run'), tmp_path.glob('run_failed_*')
    with pytest.raises(TypeError, match='max_iter'), work_folder(earlier, [], resume=False):
        (earlier / 'log').write_text('a misspelt option')
        raise TypeError('max_iter')
    assert (earlier / 'iter_4.pth').is_file() and not list(tmp_path.glob('run_before_*'))
    [left] = failed
    assert (left / 'log').is_file() and f'{earlier} is the earlier run again' in capsys.readouterr().err
    with pytest.raises(TypeError), work_folder(earlier, [], resume=False):
        (earlier / 'iter_2.pth').touch()
        raise TypeError
    [aside] = tmp_path.glob('run_before_*')
    assert (aside / 'iter_4.pth').is_file() and (earlier / 'iter_2.pth').is_file()


def test_folders_that_must_stay_are_refused(tmp_path, monkeypatch):
    folder = trained(tmp_path / 'run')
    told = rf'^{folder} holds an earlier run, and cannot be renamed to keep that \(%s\): give another --work-dir, or go'
    config = Config(dict(load_from=f'{folder}/iter_4.pth', work_dir=str(folder), note='\0' + 'x' * 5000))
    with pytest.raises(ValueError, match=told % f'{folder}/iter_4.pth, which this run reads, is in it'):
        set_aside(folder, [config])
    with pytest.raises(ValueError, match='which this run reads'):
        set_aside(folder, [Config(dict(train_dataloader=dict(dataset=dict(data_root=str(folder)))))])
    monkeypatch.setattr('pathlib.Path.is_mount', lambda path: path == folder)
    with pytest.raises(ValueError, match=told % 'it is a mount point'):
        set_aside(folder, [])
    monkeypatch.undo()
    (folder / 'within').mkdir()
    monkeypatch.chdir(folder / 'within')
    with pytest.raises(ValueError, match=told % 'it is the current folder, or holds it'):
        set_aside(folder, [])
    assert (folder / 'iter_4.pth').exists()


def test_links_stay_and_names_do_not_clash(tmp_path, monkeypatch):
    monkeypatch.setattr('time.strftime', lambda _: 'now')
    disk, link = tmp_path / 'disk', tmp_path / 'run'
    link.symlink_to(disk)
    for aside in ('disk_before_now', 'disk_before_now_'):
        trained(disk)
        with work_folder(link, [], resume=False):
            assert link.is_symlink() and not (link / 'iter_4.pth').exists()
            assert (tmp_path / aside / 'iter_4.pth').exists()
        shutil.rmtree(disk)


def hold(folder, begun):
    with work_folder(folder, [], resume=True):
        begun.set()
        multiprocessing.get_context('fork').Process(target=time.sleep, args=(2,)).start()  # as data workers outlive it
        time.sleep(PATIENCE)


def test_the_second_training_in_a_folder_is_refused(tmp_path):
    fork = multiprocessing.get_context('fork')
    begun = fork.Event()
    holder = fork.Process(target=hold, args=(tmp_path / 'run', begun))
    holder.start()
    assert begun.wait(PATIENCE)
    for resume in (True, False):
        with pytest.raises(ValueError, match=(
                rf'^Another training is at work in {tmp_path}/run \(process {holder.pid} on {socket.gethostname()}, '
                r'since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\): wait for it, end it, or give another --work-dir\.$')):
            train(toy_config(), work_dir=tmp_path / 'run', resume=resume)
    assert [path.name for path in (tmp_path / 'run').iterdir()] == [LOCK]
    holder.kill()
    holder.join()
    with work_folder(tmp_path / 'run', [], resume=True):  # a dead one's lock does not count
        pass


def test_one_process_does_not_train_twice_in_a_folder(tmp_path):
    with locked(tmp_path, 'training', 'wait'):
        with pytest.raises(ValueError, match=f'Another training of this process is at work in {tmp_path}: wait'):
            train(toy_config(), work_dir=tmp_path)
        other = multiprocessing.get_context('fork').Process(target=_take, args=(tmp_path,))
        other.start()  # after the refusal the lock still holds
        other.join()
        assert other.exitcode == 7
    with locked(tmp_path, 'training', 'wait'):
        pass


def _take(folder):
    os.environ.clear()
    from semsynth.engine import work_folder as module
    module._held.clear()  # what was forked is no other process's memory
    try:
        with locked(folder, 'training', 'wait'):
            pass
    except ValueError:
        os._exit(7)


def test_folders_that_cannot_be_used(tmp_path, monkeypatch):
    file = tmp_path / 'file'
    file.write_text('mine')
    for folder in (file, file / 'deeper/still'):
        with pytest.raises(ValueError, match=rf'^{folder} can be no folder, since {file} is a file: name another'):
            train(toy_config(), work_dir=folder)
    assert file.read_text() == 'mine'

    def refuse(*_, **__):
        raise OSError(errno.EROFS, 'Read-only file system')

    monkeypatch.setattr('pathlib.Path.mkdir', refuse)
    with pytest.raises(OSError, match=r'/new cannot be written \(Read-only file system\)\.$'):
        train(toy_config(), work_dir=tmp_path / 'new')


def test_a_disk_that_fills_up_keeps_the_older_checkpoint(tmp_path, monkeypatch):
    put = AtomicBackend.put

    def full(self, content, path):
        if 'iter_8' in str(path):
            monkeypatch.setattr('os.fsync', lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, 'No space left')))
        put(self, content, path)

    monkeypatch.setattr(AtomicBackend, 'put', full)
    with pytest.raises(OSError, match='The disk of') as told:
        train(toy_config(), work_dir=tmp_path)
    assert str(told.value) == (
        f'The disk of {tmp_path} is full, and training stops ({tmp_path}/iter_8.pth cannot be written (No space left). '
        f'Make room on that disk.): the last good checkpoint is {tmp_path}/iter_4.pth. Make room there, then give the '
        'same command with --resume.')
    assert sorted(path.name for path in tmp_path.glob('*.pth')) == ['iter_4.pth']
    assert not list(tmp_path.glob('.*.part'))
    monkeypatch.undo()
    assert train(toy_config(), work_dir=tmp_path, resume=True).iter == 12
