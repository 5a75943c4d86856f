import io
import re
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import semsynth
from helpers.facts import facts
from helpers.picture_files import chunk, exif, png, tiff
from semsynth.data.pictures import read_edges, read_ids, read_palette, read_photo, read_size
from semsynth.data.raw_files import read_raw, read_raw_size
from semsynth.errors import DataError

DICE = np.random.default_rng(0)
RGB = DICE.integers(0, 256, (5, 7, 3), np.uint8)
SAVE_IDS = 'save the ids themselves in one channel, as 8 or 16 bit PNG or as 32 bit TIFF'
TURNED = {  # by EXIF's number: row 0 and column 0 of the file are shown there
    1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1), 6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1), 8: lambda a: a[:, ::-1].swapaxes(0, 1)}
CONTAINERS = dict(png={}, tif={}, lzw=dict(compression='tiff_lzw'), webp=dict(lossless=True))


def save(path, array, container='png', orientation=None, **options):
    settings = {**CONTAINERS[container], **options}
    if orientation:
        settings['exif'] = Image.Exif()
        settings['exif'][274] = orientation
    Image.fromarray(array).save(path, {'lzw': 'TIFF', 'tif': 'TIFF'}.get(container, container.upper()), **settings)
    return str(path)


@pytest.mark.parametrize(('container', 'orientation'), product(CONTAINERS, TURNED))
def test_every_reader_turns_a_picture_as_its_file_says(tmp_path, container, orientation):
    def turned(array):
        return TURNED[orientation](array)

    photo = save(tmp_path / 'photo', RGB, container, orientation)
    np.testing.assert_array_equal(read_photo(photo), turned(RGB)[..., ::-1])
    np.testing.assert_array_equal(read_raw(photo, 3), turned(RGB))
    assert read_size(photo) == read_raw_size(photo) == turned(RGB).shape[:2]
    if container == 'webp':  # always has three channels
        return
    ids = RGB[..., 0]
    for kind in (ids, ids.astype(np.uint16) * 200, ids > 99):
        label = save(tmp_path / 'label', kind, container, orientation)
        np.testing.assert_array_equal(read_ids(label), turned(kind))
        assert read_size(label) == turned(kind).shape
    label = save(tmp_path / 'label', ids, container, orientation)
    np.testing.assert_array_equal(read_edges(label, turned(ids).shape), turned(ids))
    if container == 'tif':
        wide = ids.astype(np.int32) - 7
        np.testing.assert_array_equal(read_ids(save(tmp_path / 'wide', wide, container, orientation)), turned(wide))
        floats = ids.astype(np.float32)
        np.testing.assert_array_equal(read_raw(save(tmp_path / 'raw', floats, container, orientation), 1)[..., 0],
                                      turned(floats))


@pytest.mark.parametrize('place', ['extra', 'at_end'])
def test_a_png_may_say_how_it_is_turned_at_its_end(tmp_path, place):
    ids = RGB[..., 0]
    path = tmp_path / 'a.png'
    path.write_bytes(png(ids, 8, **{place: exif(6)}))
    np.testing.assert_array_equal(read_ids(str(path)), TURNED[6](ids))
    assert read_size(str(path)) == (7, 5)


HEAD = b'Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0'


@pytest.mark.parametrize('container', ['png', 'webp', 'jpeg'])
@pytest.mark.parametrize('notes', [b'Exif\0\0garbage', b'Exif\0\0', b'Exif\0\0MM\0*\xff\0\0\x08',
                                   HEAD + b'\x03\0\0\0\x01\0\x09\0\0\0\0\0\0', HEAD + b'\x02\0\0\0\x01x\0\0\0\0\0\0\0'],
                         ids=['no notes', 'empty', 'torn', 'turned nine times', 'a letter'])
@pytest.mark.filterwarnings('ignore:Corrupt EXIF')
def test_notes_that_cannot_be_understood_turn_nothing(tmp_path, container, notes):
    path = str(tmp_path / 'a')
    Image.fromarray(RGB).save(path, container.upper(), exif=notes, **CONTAINERS.get(container, {}))
    assert read_photo(path).shape == RGB.shape and read_size(path) == (5, 7)


def test_jpeg_and_its_size(tmp_path):
    flat = np.zeros((16, 24, 3), np.uint8)
    flat[:8, :8] = 255
    for orientation, turn in TURNED.items():
        settings = Image.Exif()
        settings[274] = orientation
        Image.fromarray(flat).save(tmp_path / 'a.jpg', quality=100, exif=settings)
        assert np.abs(read_photo(str(tmp_path / 'a.jpg')).astype(int) - turn(flat)).max() < 9
        assert read_size(str(tmp_path / 'a.jpg')) == turn(flat).shape[:2]


def test_sizes_of_png_are_read_without_decoding(tmp_path):
    path = tmp_path / 'cut.png'
    path.write_bytes(png(RGB[..., 0], 8)[:60])  # the header and some of the pixels
    assert read_size(str(path)) == (5, 7)


def test_nothing_else_opens_pictures():
    package = Path(semsynth.__file__).parent
    opening = re.compile(r'Image\.open\(|\bimread\(|\bimdecode\(|\bimfrombytes\(')
    assert [path.relative_to(package).as_posix() for path in sorted(package.rglob('*.py'))
            if opening.search(path.read_text(encoding='utf-8'))] == ['data/pictures.py']


@pytest.mark.parametrize(('bits', 'interlaced'), product((1, 2, 4, 8, 16), (False, True)))
def test_gray_png_holds_its_samples_as_ids(tmp_path, bits, interlaced):
    ids = DICE.integers(0, 2**bits, (9, 11))
    path = tmp_path / 'a.png'
    path.write_bytes(png(ids, bits, interlaced=interlaced))
    np.testing.assert_array_equal(read_ids(str(path)), ids)
    transparent = chunk(b'tRNS', b'\0\x01')  # of the sample 1, which stays what it is
    path.write_bytes(png(ids, bits, interlaced=interlaced, extra=transparent))
    np.testing.assert_array_equal(read_ids(str(path)), ids)


@pytest.mark.parametrize(('bits', 'interlaced'), product((1, 2, 4, 8), (False, True)))
def test_png_with_a_palette_holds_its_indices_as_ids(tmp_path, bits, interlaced):
    ids = DICE.integers(0, 2**bits, (9, 11))
    colours = DICE.integers(0, 256, (2**bits, 3), np.uint8)
    path = tmp_path / 'a.png'
    path.write_bytes(png(ids, bits, 3, chunk(b'PLTE', colours.tobytes()) + chunk(b'tRNS', b'\0\x80'),
                              interlaced))
    np.testing.assert_array_equal(read_ids(str(path)), ids)
    assert read_palette(str(path))[:2**bits] == [tuple(colour) for colour in colours.tolist()]
    np.testing.assert_array_equal(read_photo(str(path)), colours[ids][..., ::-1])


@pytest.mark.parametrize(('bits', 'form', 'lowest'), [
    (1, 1, 0), (2, 1, 0), (4, 1, 0), (8, 1, 0), (16, 1, 0), (8, 2, -128), (16, 2, -9999), (32, 2, -9999)])
def test_tiff_holds_its_samples_as_ids(tmp_path, bits, form, lowest):
    ids = DICE.integers(lowest, 2**bits + lowest if lowest > -9999 else 30000, (9, 11))
    ids[0, 0] = lowest
    path = tmp_path / 'a.tif'
    path.write_bytes(tiff((ids, bits, {339: form})))
    np.testing.assert_array_equal(read_ids(str(path)).astype(np.int64), ids)
    assert read_palette(str(path)) is None


def test_ids_of_unsigned_32_bits(tmp_path):
    ids = np.array([[0, 2**32 - 1], [7, 2**31]], np.uint32)
    cv2.imwrite(str(tmp_path / 'a.tif'), ids)
    read = read_ids(str(tmp_path / 'a.tif'))
    assert read.dtype == np.uint32
    np.testing.assert_array_equal(read, ids)


@pytest.mark.parametrize('bits', [1, 2, 4, 8])
def test_tiff_that_counts_from_white_is_refused(tmp_path, bits):
    ids = DICE.integers(0, 2**bits, (9, 11))
    path = tmp_path / 'a.tif'
    path.write_bytes(tiff((ids, bits, {262: 0})))
    with pytest.raises(DataError, match=facts('a.tif', 'TIFF', 'white', SAVE_IDS)):
        read_ids(str(path))
    Image.fromarray(ids.astype(np.uint8)).save(path)
    np.testing.assert_array_equal(read_ids(str(path)), ids)


def test_files_of_several_pictures(tmp_path):
    ids = RGB[..., 0]
    path = tmp_path / 'a.tif'
    small, mask = (ids[::2, ::2], 8, {254: 1}), (ids, 8, {254: 4})
    path.write_bytes(tiff((ids, 8, {}), small, mask))  # as maps come, with smaller copies and a mask
    np.testing.assert_array_equal(read_ids(str(path)), ids)
    path.write_bytes(tiff((ids, 8, {}), (ids, 8, {}), small))
    for read in (read_ids, read_photo, read_size):
        with pytest.raises(DataError, match=facts('a.tif', '2 pictures', 'file of its own')):
            read(str(path))
    with Image.open(path) as pages:
        pages.seek(1)
        pages.save(tmp_path / 'own.tif')
    np.testing.assert_array_equal(read_ids(str(tmp_path / 'own.tif')), ids)
    Image.fromarray(RGB).save(tmp_path / 'moving.png', save_all=True, append_images=[Image.fromarray(255 - RGB)])
    with pytest.raises(DataError, match=r'moving\.png holds 2 pictures'):
        read_photo(str(tmp_path / 'moving.png'))


def test_read_photo_is_bgr(tmp_path, write):
    np.testing.assert_array_equal(read_photo(str(write(tmp_path / 'a.png', RGB))), RGB[..., ::-1])
    assert read_size(str(tmp_path / 'a.png')) == (5, 7)


@pytest.mark.parametrize('mode', ['L', 'LA', 'RGBA', 'P', 'CMYK', '1'])
def test_photos_of_other_modes(tmp_path, mode):
    gray = np.where(RGB[..., 0] > 99, 255, 0).astype(np.uint8)
    shown = {'L': np.repeat(RGB[..., :1], 3, 2), '1': np.repeat(gray[..., None], 3, 2)}.get(mode, RGB)
    image = Image.fromarray(gray).convert('1') if mode == '1' else Image.fromarray(shown).convert(mode)
    if mode in ('LA', 'RGBA'):
        image.putalpha(Image.fromarray(RGB[..., 1]))
        shown = np.asarray(image.convert('RGB'))
    if mode == 'P':
        shown = np.asarray(image.convert('RGB'))
        image.info['transparency'] = bytes(range(256))
    path = tmp_path / f'a.{"tif" if mode == "CMYK" else "png"}'
    image.save(path)
    np.testing.assert_array_equal(read_photo(str(path)), shown[..., ::-1])


def test_photos_of_16_bits_in_three_channels_keep_the_upper_ones(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), RGB[..., ::-1].astype(np.uint16) * 256 + 77)
    np.testing.assert_array_equal(read_photo(str(tmp_path / 'a.png')), RGB[..., ::-1])


def test_photos_in_lab_are_refused(tmp_path):
    (tmp_path / 'a.tif').write_bytes(tiff((RGB, 8, {262: 8})))
    with pytest.raises(DataError, match=facts('a.tif', 'LAB', 'RGB')):
        read_photo(str(tmp_path / 'a.tif'))


@pytest.mark.parametrize(('suffix', 'dtype'), [('png', np.uint16), ('tif', np.uint16), ('tif', np.float32)])
def test_gray_photos_of_more_than_8_bits_are_not_cut_at_255(tmp_path, write, suffix, dtype):
    numbers = np.array([[0, 300, 60000]], dtype)
    path = write(tmp_path / f'a.{suffix}', numbers)
    with pytest.raises(DataError, match=rf'a.{suffix} is a gray photo of more than 8 bits \(its mode is [IF].*: bring '
                                        r'its numbers to 0\.\.255 and save them with 8 bits\.'):
        read_photo(str(path))
    write(path, (numbers * (255 / 60000)).round().astype(np.uint8))
    assert read_photo(str(path))[0, :, 0].tolist() == [0, 1, 255]


@pytest.mark.parametrize(('dtype', 'suffix', 'highest'), [
    (np.uint8, 'png', 255), (np.uint8, 'tif', 255), (np.uint16, 'png', 65535), (np.uint16, 'tif', 65535),
    (np.int32, 'tif', 2**31 - 1), (np.uint8, 'bmp', 255)])
def test_ids_keep_all_bits(tmp_path, write, dtype, suffix, highest):
    ids = np.array([[0, 1, highest], [highest - 1, 7, 33]], dtype)
    np.testing.assert_array_equal(read_ids(str(write(tmp_path / f'ids.{suffix}', ids))), ids)


def test_ids_from_memory():
    content = png(RGB[..., 0], 8)
    np.testing.assert_array_equal(read_ids('inside.png', io.BytesIO(content)), RGB[..., 0])
    with pytest.raises(DataError, match=r'inside\.png cannot be read, it is truncated'):
        read_ids('inside.png', io.BytesIO(content[:60]))


def test_jpeg_ids_are_refused_whatever_the_suffix(tmp_path, write):
    path = write(tmp_path / 'a.jpg', np.zeros((8, 8), np.uint8)).rename(tmp_path / 'a.png')
    with pytest.raises(DataError, match=facts('a.png', 'JPEG', 'PNG')):
        read_ids(str(path))
    assert read_ids(str(write(path, np.zeros((8, 8), np.uint8)))).max() == 0


@pytest.mark.parametrize(('array', 'fault'), [
    (np.zeros((2, 2, 3)), r'has 3 channels that are equal \(its mode is RGB\), but a map of ids has one channel'),
    (np.eye(3)[..., None] * [1, 2, 3], r'has colours \(its mode is RGB\)'),
    (np.eye(3)[..., None] * [1, 2, 3, 255], r'has colours \(its mode is RGBA\)'),
    (np.zeros((2, 2, 2)), r'has an alpha channel beside its ids \(its mode is LA\)'),
    (np.zeros((2, 2), np.float32), 'holds floats, but ids are integers')])
def test_ids_need_one_channel_of_integers(tmp_path, write, array, fault):
    path = write(tmp_path / 'a.tif', array if array.dtype == np.float32 else array.astype(np.uint8))
    with pytest.raises(DataError, match=rf'a\.tif {fault}.*: {SAVE_IDS}\.'):
        read_ids(str(path))
    ids = (array if array.ndim == 2 else array[..., 0]).astype(np.uint8)
    np.testing.assert_array_equal(read_ids(str(write(path, ids))), ids)


@pytest.mark.parametrize('suffix', ['png', 'jpg', 'webp', 'bmp', 'tif'])
@pytest.mark.parametrize('read', [read_photo, read_ids])
def test_truncated_files_are_refused(tmp_path, write, suffix, read):
    if read is read_ids and suffix in ('jpg', 'webp'):
        pytest.skip('refused for their kind before they are decoded')
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    whole = write(tmp_path / f'a.{suffix}', noise).read_bytes()
    path = write(tmp_path / f'cut.{suffix}', whole[:len(whole) // 2])
    with pytest.raises(DataError, match=rf'cut\.{suffix} cannot be read, it is truncated'):
        read(str(path))


def test_edge_maps(tmp_path, write):
    edges = np.where(RGB[..., 0] > 99, 255, 0).astype(np.uint8)
    for content in (edges, edges > 0):
        np.testing.assert_array_equal(read_edges(str(write(tmp_path / 'a.png', content)), (5, 7)), edges)
    with pytest.raises(DataError, match=facts('b.png', 'RGB', 'gray with 8 bits')):
        read_edges(str(write(tmp_path / 'b.png', RGB)), (5, 7))


def test_the_size_of_an_array_that_is_no_map(tmp_path):
    np.save(tmp_path / 'a.npy', np.zeros(5))
    with pytest.raises(DataError, match=r'a.npy has the shape \(5,\), expected \(height, width, channels\)'):
        read_raw_size(str(tmp_path / 'a.npy'))
