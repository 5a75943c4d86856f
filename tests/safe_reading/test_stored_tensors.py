import os
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
import torch
from mmengine.logging.history_buffer import HistoryBuffer

from helpers import crafted
from helpers.commands import run_python
from semsynth.safe_reading.stored_tensors import check_whole
from semsynth.weights import load_checkpoint


@pytest.fixture
def history():
    return HistoryBuffer([1.0, 2.5, 4.0], [1, 1, 2])


@pytest.mark.parametrize('zipped', [True, False])
def test_what_training_saves_comes_back(tmp_path, history, zipped):
    weights = torch.arange(6.).view(2, 3)
    stored = dict(
        state_dict=torch.nn.BatchNorm2d(2).state_dict() | dict(w=weights.T, same=weights, half=weights.bfloat16()),
        optimizer=torch.optim.Adam([torch.nn.Parameter(weights)]).state_dict(),
        param_schedulers=[dict(milestones={4: 1})],
        message_hub=dict(log_scalars=dict(loss=history, empty=HistoryBuffer())),
        meta=dict(best=np.float32(3), count=np.int64(4), arrays=(np.eye(3)[:2], np.zeros((0, 2), '>i2'),
                                                                         np.array([True])),
                  size=torch.Size([2, 3]), kind=torch.float32, number=np.dtype('f4'), classes={'car', 'sky'}))
    torch.save(stored, tmp_path / 'a.pth', _use_new_zipfile_serialization=zipped)
    found = load_checkpoint(tmp_path / 'a.pth')
    for part in ('state_dict', 'optimizer', 'param_schedulers'):
        assert str(found[part]) == str(stored[part])
    for name, value in stored['meta'].items():
        assert name == 'arrays' or (type(found['meta'][name]), found['meta'][name]) == (type(value), value)
    assert found['state_dict']['w'].data_ptr() == found['state_dict']['same'].data_ptr()
    loss = found['message_hub']['log_scalars']['loss']
    assert type(loss) is HistoryBuffer and type(loss.data[0]) is np.ndarray
    assert loss.statistics('mean') == history.mean() == 1.875 and loss.current() == 4 and loss.max_length == 1000000
    loss.update(7., 1)
    assert loss.data[0].tolist() == [1, 2.5, 4, 7] and len(found['message_hub']['log_scalars']['empty'].data[0]) == 0
    for ours, theirs in zip(found['meta']['arrays'], stored['meta']['arrays'], strict=True):
        assert type(ours) is np.ndarray and ours.dtype == theirs.dtype and np.array_equal(ours, theirs)


def test_numpy_1_wrote_other_names(tmp_path, history):
    torch.save(dict(history=history, best=np.float64(2)), tmp_path / 'new.pth')
    with ZipFile(tmp_path / 'new.pth') as new, ZipFile(tmp_path / 'old.pth', 'w') as old:
        for name in new.namelist():
            old.writestr(name.replace('new/', 'old/'), new.read(name).replace(b'numpy._core.', b'numpy.core.'))
    assert b'numpy.core.multiarray' in (tmp_path / 'old.pth').read_bytes()
    found = load_checkpoint(tmp_path / 'old.pth')
    assert found['best'] == 2 and found['history'].data[0].tolist() == [1, 2.5, 4]


def test_reading_a_history_changes_no_other(tmp_path, history, monkeypatch):
    """mmengine's own unpickling puts the file's functions into the class."""
    with monkeypatch.context() as patch:
        patch.setitem(HistoryBuffer._statistics_methods, 'mean', HistoryBuffer.max)
        torch.save(dict(a=history), tmp_path / 'a.pth')
    assert load_checkpoint(tmp_path / 'a.pth')['a'].statistics('mean') == 1.875


@pytest.fixture(scope='module')
def forged(tmp_path_factory):
    folder = tmp_path_factory.mktemp('forged')
    crafted.write_all(folder)
    return folder


@pytest.mark.slow
def test_forged_files_are_refused_and_crash_nothing(forged):
    """One process tries them all: a crash, or work or memory without end, would end it."""
    done = run_python(crafted.__file__, forged)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert len(lines) == len(list(forged.glob('*.pth'))) >= 60
    assert [line for line in lines if ': refused: ' not in line] == []
    assert 'weights_only' not in done.stdout and 'safe_globals' not in done.stdout and 'rusted' not in done.stdout


@pytest.mark.parametrize(('name', 'reason'), [
    ('system', f'it names {os.name}.system'), ('object_array', "numbers of the type 'O8'"),
    ('forged_flags', 'a type of numbers that is none'), ('short_array', 'an array of 8 bytes that says'),
    ('beyond', 'its tensor 0 should have 4294967296 bytes and has 16'), ('called_array', 'it calls numpy.ndarray'),
    ('doubled', 'it encodes something else than bytes'), ('function', 'it holds a function or class')])
def test_the_reason_is_said(forged, name, reason):
    with pytest.raises(ValueError, match=rf'{name}\.pth is .*no checkpoint.*{reason}'):
        load_checkpoint(forged / f'{name}.pth')


def test_a_script_is_none(tmp_path):
    torch.jit.script(torch.nn.ReLU()).save(str(tmp_path / 'a.pt'))
    with pytest.raises(ValueError, match='is a TorchScript archive, which holds code'):
        load_checkpoint(tmp_path / 'a.pt')


def test_every_flipped_byte_of_the_weights_is_noticed(tmp_path):
    torch.save(dict(w=torch.ones(64)), tmp_path / 'a.pth')
    whole = (tmp_path / 'a.pth').read_bytes()
    start = whole.index(torch.ones(64).numpy().tobytes())
    for place in range(start, start + 256, 37):
        (tmp_path / 'b.pth').write_bytes(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1:])
        with pytest.raises(ValueError, match=r'b\.pth is damaged: a/data/0 in it does not match its checksum'):
            load_checkpoint(tmp_path / 'b.pth')
    assert check_whole(tmp_path / 'a.pth')
    torch.save(dict(w=1), tmp_path / 'old.pth', _use_new_zipfile_serialization=False)
    assert not check_whole(tmp_path / 'old.pth')


def test_packed_archives_are_none(tmp_path):
    torch.save(dict(w=torch.ones(64)), tmp_path / 'a.pth')
    with ZipFile(tmp_path / 'a.pth') as whole:
        with ZipFile(tmp_path / 'packed.pth', 'w', ZIP_DEFLATED) as packed:
            for name in whole.namelist():
                packed.writestr(name, whole.read(name))
        with ZipFile(tmp_path / 'twice.pth', 'w') as twice:
            for name in whole.namelist():
                twice.writestr(name, whole.read(name))
            twice.writestr('A/DATA/0', b'')
    for name in ('packed', 'twice'):
        with pytest.raises(ValueError, match='its archive is compressed, or holds something twice'):
            load_checkpoint(tmp_path / f'{name}.pth')
