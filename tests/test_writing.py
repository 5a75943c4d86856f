import errno
import multiprocessing
import os

import numpy as np
import pytest
from PIL import Image

from semsynth.writing import remove_dead_parts, write_png, write_whole


def test_writes_and_makes_the_folder(tmp_path):
    assert write_whole(tmp_path / 'a' / 'b.bin', b'12').read_bytes() == b'12'


def test_a_failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = write_whole(tmp_path / 'file', b'old')
    monkeypatch.setattr('os.fsync', lambda _: (_ for _ in ()).throw(OSError('disk full')))
    with pytest.raises(OSError, match='disk full'):
        write_whole(path, b'new')
    assert path.read_bytes() == b'old'


def test_png(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (3, 5, 3), dtype=np.uint8)
    assert np.array_equal(np.asarray(Image.open(write_png(tmp_path / 'p.png', picture))), picture)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr('os.fsync', full)
    with pytest.raises(OSError, match='cannot be written') as told:
        write_whole(tmp_path / 'file', b'new')
    assert str(told.value) == (
        f'{tmp_path}/file cannot be written (No space left on device). Make room on that disk.')
    assert told.value.errno == errno.ENOSPC and list(tmp_path.iterdir()) == []


def test_where_nothing_can_be_written(tmp_path):
    (tmp_path / 'file').write_text('')
    for path in (tmp_path / 'file/name', tmp_path / ('n' * 300)):
        with pytest.raises(OSError, match=rf'^{path} cannot be written \([A-Z][a-z ]+\)\.$'):
            write_whole(path, b'1')
    assert [path.name for path in tmp_path.iterdir()] == ['file']


def test_long_names(tmp_path):
    for name in ('n' * 255, 'ü' * 127):
        assert write_whole(tmp_path / name, b'1').read_bytes() == b'1'


def _write_slowly(path, content, begun, ended):
    def wait(_):
        begun.set()
        ended.wait()

    os.fsync = wait
    write_whole(path, content)


def test_writers_of_one_file_do_not_meet(tmp_path):
    """Nor does the second sweep away what the first is writing; what a killed one has left goes."""
    fork, path = multiprocessing.get_context('fork'), tmp_path / 'file'
    begun, ended = fork.Event(), fork.Event()
    slow = fork.Process(target=_write_slowly, args=(path, b'slow' * 1000, begun, ended))
    slow.start()
    begun.wait()
    [part] = tmp_path.iterdir()
    remove_dead_parts(tmp_path)
    write_whole(path, b'quick')
    assert path.read_bytes() == b'quick' and part.exists()
    ended.set()
    slow.join()
    assert path.read_bytes() == b'slow' * 1000 and list(tmp_path.iterdir()) == [path]
    begun.clear()
    ended.clear()
    killed = fork.Process(target=_write_slowly, args=(path, b'torn', begun, ended))
    killed.start()
    begun.wait()
    killed.kill()
    killed.join()
    (tmp_path / '.iter_8.pth.part').write_bytes(b'torn')  # as older versions wrote them
    (tmp_path / '.mine.part').write_bytes(b'of another program')
    assert len(list(tmp_path.iterdir())) == 4
    remove_dead_parts(tmp_path)
    assert {found.name for found in tmp_path.iterdir()} == {'file', '.mine.part'}
    assert path.read_bytes() == b'slow' * 1000
