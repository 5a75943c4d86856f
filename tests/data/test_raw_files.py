"""Files of image-like inputs: pictures and arrays."""

import io
import zipfile

import cv2
import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from helpers.raw_arrays import DEPTH, FLOATS, GRAY, MANY, RGB
from semsynth.data.raw_files import read_raw, read_raw_size
from semsynth.errors import DataError


@pytest.mark.parametrize('name, content, channels', [
    ('gray.png', GRAY, 1), ('gray.tif', GRAY, 1), ('rgb.png', RGB, 3), ('rgb.tif', RGB, 3), ('rgb.bmp', RGB, 3),
    ('depth.png', DEPTH, 1), ('depth.tif', DEPTH, 1), ('float.tiff', FLOATS[..., 0].astype(np.float32), 1),
    ('rgba.png', np.dstack([RGB, GRAY]), 4)])
def test_pictures_keep_all_bits(tmp_path, write, name, content, channels):
    path = str(write(tmp_path / name, content))
    raw = read_raw(path, channels)
    assert raw.dtype == content.dtype
    np.testing.assert_array_equal(raw, content.reshape(7, 5, channels))
    assert read_raw_size(path) == (7, 5)


@pytest.mark.parametrize('suffix', ['.npy', '.npz', '.NPY'])
@pytest.mark.parametrize('content', [GRAY, RGB, MANY, DEPTH, DEPTH[..., None].astype('>u2'), FLOATS,
                                     FLOATS.astype(np.float16), np.asfortranarray(MANY)])
def test_arrays(tmp_path, write, suffix, content):
    path = write(tmp_path / f'a{suffix.lower()}', content)
    path = str(path.rename(tmp_path / f'a{suffix}'))
    raw = read_raw(path, 1 if content.ndim == 2 else content.shape[2])
    assert raw.dtype == (np.float32 if content.dtype.kind == 'f' else content.dtype.newbyteorder('='))
    np.testing.assert_array_equal(raw, content.astype(raw.dtype).reshape(7, 5, -1))
    assert read_raw_size(path) == (7, 5)


def test_black_and_white_palettes_and_photos_on_their_side(tmp_path):
    black_white = GRAY > 99
    Image.fromarray(black_white).save(tmp_path / 'bits.png')
    np.save(tmp_path / 'bits.npy', black_white)
    for name in ('bits.png', 'bits.npy'):
        np.testing.assert_array_equal(read_raw(str(tmp_path / name), 1)[..., 0], np.where(black_white, 255, 0))
    Image.fromarray(RGB // 128 * 255).quantize(8).save(tmp_path / 'palette.png')
    np.testing.assert_array_equal(read_raw(str(tmp_path / 'palette.png'), 3), RGB // 128 * 255)
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(RGB).save(tmp_path / 'turned.png', exif=exif)
    np.testing.assert_array_equal(read_raw(str(tmp_path / 'turned.png'), 3), np.rot90(RGB, -1))
    assert read_raw_size(str(tmp_path / 'turned.png')) == (5, 7)


def test_files_that_are_refused(tmp_path, write):
    def refused(name, content, channels, message):
        path = write(tmp_path / name, content)
        with pytest.raises(DataError, match=message):
            read_raw(str(path), channels)

    refused('a.png', RGB, 1, r'a\.png has 3 channels \(its shape is \(7, 5, 3\)\), but raw_channels=1: set raw_')
    refused('a.npy', MANY.transpose(2, 0, 1), 24, r'a\.npy has 5 channels \(its shape is \(24, 7, 5\)\), but raw_chan')
    refused('b.npy', MANY[None], 24, r'b\.npy has the shape \(1, 7, 5, 24\), expected \(height, width, 24\)')
    refused('c.npy', MANY.astype(np.int64), 24, r'c\.npy holds int64, expected 8 or 16 bit unsigned integers')
    refused('d.npy', np.where(FLOATS > 0, np.nan, FLOATS), 2, r'd\.npy holds numbers that are not finite')
    refused('e.npy', np.array([[RGB, 'x']], dtype=object), 3,
            r'e\.npy cannot be read as an array, it holds Python objects, where numbers were expected: save an array')
    refused('f.npz', b'PK', 3, r'f\.npz cannot be read')
    whole = io.BytesIO()
    np.save(whole, MANY)
    refused('g.npy', whole.getvalue()[:-9], 24, r'g\.npy cannot be read')
    refused('h.png', b'no picture', 3, r'h\.png cannot be read')
    np.savez(tmp_path / 'two.npz', MANY, MANY)
    for read in (read_raw_size, lambda path: read_raw(path, 24)):
        with pytest.raises(DataError, match=facts('two.npz', '2 arrays', 'expected one')):
            read(str(tmp_path / 'two.npz'))
        with pytest.raises(DataError, match=r'none\.npy does not exist'):
            read(str(tmp_path / 'none.npy'))
    zipfile.ZipFile(tmp_path / 'empty.npz', 'w').close()
    with pytest.raises(DataError, match=r'empty\.npz cannot be read as an array, it holds 0 arrays'):
        read_raw(str(tmp_path / 'empty.npz'), 1)
    for name in ('deep.png', 'deep.tif'):  # Pillow would drop half of their bits without a word
        cv2.imwrite(str(tmp_path / name), np.dstack([DEPTH] * 3))
        with pytest.raises(DataError, match=facts('deep.', '16 bits', '3 channels', 'keeps 8')):
            read_raw(str(tmp_path / name), 3)
