import cv2
import numpy as np
import pytest
from PIL import Image

from semsynth.data.files import DataError, find_by_stem, first_few, read_ids, read_photo, read_size
from semsynth.data.raw_files import read_raw_size


def test_first_few():
    assert first_few(['a', 'b']) == 'a, b'
    assert first_few([1, 2, 3, 4, 5]) == '1, 2, 3 and 2 more'


def test_find_by_stem(tmp_path, write):
    for name in ('b/x.png', 'a.PNG', 'a.jpg', 'note.txt', '.hidden.png'):
        write(tmp_path / name, b'')
    assert find_by_stem(tmp_path, ('.png', '.jpg')) == {
        'a': [str(tmp_path / 'a.PNG'), str(tmp_path / 'a.jpg')], 'b/x': [str(tmp_path / 'b/x.png')]}
    assert find_by_stem(tmp_path / 'nowhere', ('.png',)) == {}


def test_read_photo_is_bgr_and_upright(tmp_path, write):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_array_equal(read_photo(str(write(tmp_path / 'a.png', rgb))), rgb[..., ::-1])
    grey = read_photo(str(write(tmp_path / 'grey.png', rgb[..., 0])))
    np.testing.assert_array_equal(grey, np.repeat(rgb[..., :1], 3, axis=2))
    turned = Image.Exif()
    turned[274] = 6  # shown turned by a quarter
    Image.fromarray(rgb).save(tmp_path / 'turned.png', exif=turned)
    assert read_photo(str(tmp_path / 'turned.png')).shape == (7, 5, 3)
    assert read_size(str(tmp_path / 'turned.png')) == (7, 5)
    assert read_size(str(tmp_path / 'a.png')) == (5, 7)


@pytest.mark.parametrize('suffix, dtype', [('png', np.uint16), ('tif', np.uint16), ('tif', np.float32)])
def test_gray_photos_of_more_than_8_bits_are_not_cut_at_255(tmp_path, write, suffix, dtype):
    path = write(tmp_path / f'a.{suffix}', np.array([[0, 300, 60000]], dtype))
    with pytest.raises(DataError, match=rf'a.{suffix} is a gray photo of more than 8 bits \(its mode is [IF]'):
        read_photo(str(path))


@pytest.mark.parametrize('dtype, suffix, highest', [
    (np.uint8, 'png', 255), (np.uint8, 'tif', 255), (np.uint16, 'png', 65535), (np.uint16, 'tif', 65535),
    (np.int32, 'tif', 2**31 - 1), (np.uint32, 'tif', 2**32 - 1)])
def test_ids_keep_all_bits(tmp_path, dtype, suffix, highest):
    ids = np.array([[0, 1, highest], [highest - 1, 7, 33]], dtype)
    path = str(tmp_path / f'ids.{suffix}')
    if dtype == np.uint32:
        cv2.imwrite(path, ids)  # Pillow would write it as signed
    else:
        Image.fromarray(ids).save(path)
    read = read_ids(path)
    np.testing.assert_array_equal(read.astype(np.int64), ids.astype(np.int64))


def test_ids_of_other_modes(tmp_path):
    palette = Image.new('P', (2, 1))
    palette.putpalette([9, 9, 9, 200, 100, 50])
    palette.putpixel((1, 0), 1)
    palette.save(tmp_path / 'palette.png')
    assert read_ids(str(tmp_path / 'palette.png')).tolist() == [[0, 1]]
    Image.fromarray(np.array([[True, False]])).save(tmp_path / 'bits.png')
    assert read_ids(str(tmp_path / 'bits.png')).tolist() == [[1, 0]]
    assert read_ids(str(tmp_path / 'bits.png')).dtype == np.uint8
    Image.fromarray(np.array([[-1, 5]], np.int32)).save(tmp_path / 'signed.tif')
    assert read_ids(str(tmp_path / 'signed.tif')).tolist() == [[-1, 5]]


def test_jpeg_ids_are_refused_whatever_the_suffix(tmp_path, write):
    path = write(tmp_path / 'a.jpg', np.zeros((8, 8), np.uint8)).rename(tmp_path / 'a.png')
    with pytest.raises(DataError, match=r'a\.png is a JPEG, whose compression changes ids: make the map again as PNG'):
        read_ids(str(path))


@pytest.mark.parametrize('array, mode', [(np.zeros((2, 2, 3), np.uint8), 'RGB'), (np.zeros((2, 2), np.float32), 'F')])
def test_ids_need_one_channel_of_integers(tmp_path, write, array, mode):
    with pytest.raises(DataError, match=rf'a\.tif has the mode {mode}, but a map of ids has one channel of integers'):
        read_ids(str(write(tmp_path / 'a.tif', array)))


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'webp', 'bmp', 'tif'])
@pytest.mark.parametrize('read', [read_photo, read_ids])
def test_truncated_files_are_refused(tmp_path, write, suffix, read):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    whole = write(tmp_path / f'a.{suffix}', noise).read_bytes()
    path = write(tmp_path / f'cut.{suffix}', whole[:len(whole) // 2])
    if read is read_ids and suffix == 'jpg':
        return  # refused as a JPEG before it is decoded
    with pytest.raises(DataError, match=rf'cut\.{suffix} (cannot be read, it is truncated|has the mode RGB)'):
        read(str(path))


@pytest.mark.parametrize('read', [read_photo, read_ids, read_size])
def test_absent_files_and_other_files(tmp_path, write, read):
    with pytest.raises(DataError, match=r'gone\.png does not exist: restore it, or remove its scene'):
        read(str(tmp_path / 'gone.png'))
    with pytest.raises(DataError, match=r'text\.png cannot be read, it is truncated or no image \(.*\): replace it'):
        read(str(write(tmp_path / 'text.png', b'no picture')))


def test_the_size_of_an_array_that_is_no_map(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros(5))
    with pytest.raises(DataError, match=r'a.npy has the shape \(5,\), expected \(height, width, channels\)'):
        read_raw_size(str(tmp_path / 'a.npy'))
