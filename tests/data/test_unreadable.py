import os
import subprocess
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from helpers.picture_files import tiff
from semsynth.data.pictures import read_ids, read_photo, read_size
from semsynth.data.raw_files import read_raw
from semsynth.data.unreadable import LIMIT, SAVE_ANEW
from semsynth.errors import DataError

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
AGAIN = 'copy or download it again, or leave its scene out'


@pytest.mark.parametrize('read', [read_photo, read_ids, read_size])
def test_absent_files_and_other_files(tmp_path, write, read):
    with pytest.raises(DataError, match=r'gone\.png does not exist: restore it, or leave its scene'):
        read(str(tmp_path / 'gone.png'))
    with pytest.raises(DataError, match=facts('text.png', 'truncated or no image', 'replace it, or leave its scene')):
        read(str(write(tmp_path / 'text.png', b'no picture')))


@pytest.mark.parametrize(('content', 'sentence'), [
    (b'', f'is empty (0 bytes): {AGAIN}.'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:0\n', 'is a pointer of Git LFS, not the picture itself: '
     'run `git lfs pull`.'),
    (b'\n<!DOCTYPE HTML><html>404</html>', f'is a web page, as a download that failed leaves it: {AGAIN}.'),
    (b'<svg xmlns=""></svg>', f'is XML or SVG, not pixels: {SAVE_ANEW}.'),
    (b'\0\0\0\x18ftypheic\0\0\0\0', 'is HEIC: save it as PNG or JPEG.'),
    (b'\xff\x0a\0', 'is JPEG XL: save it as PNG or JPEG.'),
    (b'%PDF-1.7', 'is a PDF: save it as PNG or JPEG.'),
    (b'PK\x03\x04', 'is a zip archive: unpack it.'),
    (b'\x93NUMPY\x01\0', 'is an array of NumPy: name it .npy where image-like inputs are read, else save it as PNG.'),
    (b'\x76\x2f\x31\x01', f'is OpenEXR: {SAVE_ANEW}.'),
    (bytes(128) + b'DICM', f'is DICOM: {SAVE_ANEW}.')])
def test_other_files_are_named(tmp_path, write, content, sentence):
    path = str(write(tmp_path / 'a.png', content))
    for read in (read_photo, read_ids, read_size):
        with pytest.raises(DataError) as refusal:
            read(path)
        assert str(refusal.value) == f'{path} {sentence}'


def test_the_remedies_for_other_files(tmp_path, write):
    array = RGB.astype(np.float32) / 255
    np.save(tmp_path / 'a.npy', array)
    (tmp_path / 'a.npy').rename(tmp_path / 'a.png')
    with pytest.raises(DataError, match=r'a\.png is an array of NumPy'):
        read_raw(str(tmp_path / 'a.png'), 3)
    (tmp_path / 'a.png').rename(tmp_path / 'a.npy')
    np.testing.assert_array_equal(read_raw(str(tmp_path / 'a.npy'), 3), array)
    write(tmp_path / 'inside.png', RGB)
    with zipfile.ZipFile(tmp_path / 'b.png', 'w') as archive:
        archive.write(tmp_path / 'inside.png', 'inside.png')
    with pytest.raises(DataError, match=r'b\.png is a zip archive: unpack it'):
        read_photo(str(tmp_path / 'b.png'))
    with zipfile.ZipFile(tmp_path / 'b.png') as archive:
        archive.extractall(tmp_path / 'unpacked')
    np.testing.assert_array_equal(read_photo(str(tmp_path / 'unpacked/inside.png')), RGB[..., ::-1])


@pytest.mark.parametrize(('array', 'kind'), [
    (RGB.astype(np.float32) / 255, '3 channels of 32 bit floats'),
    (np.repeat(RGB, 2, 2)[..., :5], '5 channels of 8 bit unsigned integers'),
    (RGB[..., 0].astype(np.float64), '1 channel of 64 bit floats')])
def test_sound_tiffs_that_are_not_read_are_called_so(tmp_path, array, kind):
    path = str(tmp_path / 'a.tif')
    if array.ndim == 3 and array.shape[2] == 5:
        (tmp_path / 'a.tif').write_bytes(tiff((array, 8, {262: 1})))
    else:
        cv2.imwrite(path, array)
    for read in (read_photo, read_ids, read_size):
        with pytest.raises(DataError, match=facts(path, 'TIFF', kind, SAVE_ANEW)):
            read(path)
    # the remedies, for what each of the readers reads
    np.save(tmp_path / 'a.npy', array.astype(np.float32))
    assert read_raw(str(tmp_path / 'a.npy'), 1 if array.ndim == 2 else array.shape[2]).shape[:2] == (5, 7)
    Image.fromarray(RGB).save(tmp_path / 'a.png')
    assert read_photo(str(tmp_path / 'a.png')).shape == (5, 7, 3)
    Image.fromarray(RGB[..., 0]).save(tmp_path / 'b.png')
    assert read_ids(str(tmp_path / 'b.png')).shape == (5, 7)


def test_a_tiff_that_is_torn_in_its_header(tmp_path):
    (tmp_path / 'a.tif').write_bytes(tiff((RGB[..., 0], 8, {}))[:60])
    with pytest.raises(DataError, match=r'a\.tif cannot be read, it is truncated or no image'):
        read_size(str(tmp_path / 'a.tif'))


def test_large_pictures_need_a_setting(tmp_path, write, monkeypatch):
    monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', 17)  # Pillow refuses twice that
    path = str(write(tmp_path / 'a.png', RGB))
    for read in (read_photo, read_size):
        with pytest.raises(DataError, match=facts('a.png', '35 pixels', f'{LIMIT}=35')):
            read(path)
    small = str(write(tmp_path / 'small.png', RGB[:4]))
    assert read_photo(small).shape == (4, 7, 3)
    monkeypatch.setenv(LIMIT, '35')
    assert read_photo(path).shape == (5, 7, 3) and read_size(path) == (5, 7)
    monkeypatch.setenv(LIMIT, '1e9')
    with pytest.raises(DataError, match=rf'The environment variable {LIMIT} is 1e9: set it to a number of pixels\.'):
        read_photo(path)


@pytest.mark.skipif(os.geteuid() == 0, reason='root may read any file')
def test_files_that_may_not_be_read(tmp_path, write):
    path = write(tmp_path / 'a.png', RGB)
    path.chmod(0)
    with pytest.raises(DataError, match=r'may not be read by the user') as refusal:
        read_photo(str(path))
    subprocess.run(str(refusal.value).split('`')[1], shell=True, check=True)
    assert read_photo(str(path)).shape == (5, 7, 3)


@pytest.mark.parametrize(('error', 'sentence'), [
    (PermissionError(13, 'Permission denied'), 'may not be read by the user who runs this: allow it with `chmod u+r '),
    (OSError(5, 'Input/output error'), f'cannot be read from its disk (Input/output error): {AGAIN}')])
def test_what_the_disk_refuses(tmp_path, write, monkeypatch, error, sentence):
    path = write(tmp_path / 'a.png', RGB)

    def opened(*arguments):
        raise error

    monkeypatch.setattr('semsynth.data.pictures.Path.open', opened)
    with pytest.raises(DataError) as refusal:
        read_photo(str(path))
    assert sentence in str(refusal.value)
