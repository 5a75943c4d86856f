import numpy as np
import pytest
from PIL import Image

from semsynth.writing import write_png, write_whole


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
