import io
import zipfile

import numpy as np
import pytest

from semsynth.safe_reading.arrays import LARGEST, open_only_npy, read_npy, read_npz


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def headed(header, content=b''):
    """An npy file of any header."""
    text = header.encode() + b'\n'
    return b'\x93NUMPY\x01\x00' + len(text).to_bytes(2, 'little') + text + content


def read(content):
    return read_npy(io.BytesIO(content), len(content))


@pytest.mark.parametrize('array', [
    np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3)), np.float32(2), np.zeros((0, 3)),
    np.array(['car', 'Straße']), np.array([True, False]), np.arange(3, dtype='>u2'), np.array([1 + 2j]), np.array([])])
def test_what_numpy_writes_is_read(array, tmp_path):
    found = read(npy(array))
    assert found.dtype == np.asarray(array).dtype and np.array_equal(found, array) and found.flags.writeable
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / 'a.npz', one=array, two=array)
        arrays = read_npz(tmp_path / 'a.npz')
        assert list(arrays) == ['one', 'two'] and np.array_equal(arrays['two'], array)


HEADER = "{{'descr': {}, 'fortran_order': False, 'shape': {}, }}"


@pytest.mark.parametrize(('content', 'reason'), [
    (npy(np.zeros(2, object)), 'it holds Python objects, where numbers were expected'),
    (headed(HEADER.format("'|O'", '(1,)'), b'A' * 8), 'it holds Python objects, where numbers were expected'),
    (headed(HEADER.format("[('a', '|O')]", '(1,)'), b'A' * 8), 'it holds Python objects, where numbers were expected'),
    (npy(np.zeros(2, 'i4,f4')), 'it holds .*, where numbers were expected'),
    (npy(np.zeros(2, 'V4')), 'numbers were expected'),
    (npy(np.zeros(2, 'S4')), r'it holds \|S4, where'), (npy(np.zeros(2, 'M8[s]')), 'numbers were expected'),
    (headed(HEADER.format("('<f8', (2,))", '(1,)'), b'A' * 16), 'it holds .*, where numbers were expected'),
    (headed(HEADER.format("'<f8'", f'({2**40},)'), b'A' * 8), r'it says that it holds \(1099511627776,\) of float64'),
    (headed(HEADER.format("'<f8'", f'({2**62}, {2**62})')), 'bytes, but there are 0'),
    (headed(HEADER.format("'<f8'", '(-1,)'), b'A' * 8), r'it says that it holds \(-1,\)'),
    (headed(HEADER.format("'<f8'", '(1,)'), b'A' * 9), '8 bytes, but there are 9'),
    (npy(np.zeros(4))[:-1], '32 bytes, but there are 31'), (headed('__import__("os")'), 'no header of an array'),
    (b'', 'no header of an array'), (b'PK', 'no header of an array'), (headed('(' * 5000), 'no header of an array'),
    (headed(HEADER.format("'<f8'", "('a',)")), 'no header of an array'),
    (b'\x93NUMPY\x03\x00' + npy(np.zeros(1))[8:], r'no header of an array \(format \(3, 0\) instead of \(1, 0\) or')])
def test_anything_else_is_refused_before_it_takes_memory(content, reason, tmp_path):
    with pytest.raises(ValueError, match=reason):
        read(content)
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a.npy', content)
    with pytest.raises(ValueError, match=reason):
        read_npz(tmp_path / 'a.npz')
    with open_only_npy(tmp_path / 'a.npz') as (file, size), pytest.raises(ValueError, match=reason):
        read_npy(file, size)


def bomb(path, size, chunk=2**24):
    """An archive of a thousandth of the size that it unpacks to."""
    header = headed(HEADER.format("'|u1'", f'({size},)'))
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive, archive.open('a.npy', 'w') as file:
        file.write(header)
        for start in range(0, size, chunk):
            file.write(bytes(min(chunk, size - start)))
    return path


def test_archives_are_measured_before_they_are_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr('semsynth.safe_reading.arrays.LARGEST', 2**20)
    path = bomb(tmp_path / 'bomb.npz', 2**20)
    assert path.stat().st_size < 2**12
    monkeypatch.setattr('semsynth.safe_reading.arrays.read_npy', None)
    with pytest.raises(ValueError, match=r'it would unpack to 0\.0 GiB, more than 0'):
        read_npz(path)
    with pytest.raises(ValueError, match='it would unpack to'), open_only_npy(path):
        pass
    assert LARGEST == 2**30


def test_the_size_that_an_archive_says_is_the_most_that_is_unpacked(tmp_path):
    path = bomb(tmp_path / 'bomb.npz', 2**20)
    content = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        size = archive.infolist()[0].file_size
    lie = content.replace(size.to_bytes(4, 'little'), (1000).to_bytes(4, 'little'))
    assert lie != content
    path.write_bytes(lie)
    with pytest.raises(zipfile.BadZipFile, match='Bad CRC-32'):  # of the 1000 bytes
        read_npz(path)


def test_archives_that_numpy_does_not_write(tmp_path):
    with zipfile.ZipFile(tmp_path / 'a.npz', 'w', zipfile.ZIP_BZIP2) as archive:
        archive.writestr('a.npy', npy(np.zeros(3)))
    with pytest.raises(ValueError, match='packed in another way than numpy packs'):
        read_npz(tmp_path / 'a.npz')
    np.savez(tmp_path / 'two.npz', np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match='it holds 2 arrays, expected one'), open_only_npy(tmp_path / 'two.npz'):
        pass
