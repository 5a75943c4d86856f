"""Layouts read without a data set."""

import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from semsynth.data import PairedFolderDataset
from semsynth.data.layout_reader import LayoutReader, photo_of
from semsynth.errors import DataError

IDS = {7: 0, 26: 1, 300: 2}


def reader(**others):
    return LayoutReader(['road', 'car', 'sky'], id_map=IDS, things=['car'], **others)


@pytest.fixture
def ids():
    return np.random.default_rng(0).choice(np.array(list(IDS), np.uint16), (6, 8))


def test_ids_become_indices_and_files_get_the_size(ids, tmp_path):
    Image.fromarray(ids).save(tmp_path / 'labels.png')
    Image.fromarray(ids + np.uint16(1000)).save(tmp_path / 'objects.png')
    found = reader(size=(3, 4)).read(tmp_path / 'labels.png', str(tmp_path / 'objects.png'))
    rows, columns = np.arange(3) * 2 + 1, np.arange(4) * 2 + 1  # the nearest to the middle of a pixel twice as wide
    small = ids[rows][:, columns]
    assert np.array_equal(found['instance'], small + 1000)
    assert np.array_equal(found['label'], np.vectorize(IDS.get)(small)) and found['label'].dtype == np.uint8


@pytest.mark.parametrize('mode', ['I;16', 'I', 'P', 'L', '1'])
def test_pillow_images_are_read_as_their_files(ids, mode, tmp_path):
    small = (ids == 26).astype(np.uint8)
    image = Image.fromarray(ids) if mode == 'I;16' else Image.fromarray(ids.astype(np.int32)) if mode == 'I' else (
        Image.fromarray(small).convert('P', palette=Image.Palette.ADAPTIVE) if mode == 'P' else
        Image.fromarray(small * 255).convert('1') if mode == '1' else Image.fromarray(small))
    assert image.mode == mode
    image.save(tmp_path / 'labels.tif')
    space = dict(classes=['a', 'b']) if mode in 'PL1' else dict(classes=['road', 'car', 'sky'], id_map=IDS)
    of_file, of_image = (LayoutReader(**space).read(each) for each in (tmp_path / 'labels.tif', image))
    assert np.array_equal(of_file['label'], of_image['label']) and len(np.unique(of_image['label'])) > 1


def test_arrays_hold_indices_and_keep_their_size():
    label = np.array([[0, 1, 2]], np.int64)
    found = reader(size=(30, 40)).read(label, label + 5, np.zeros((1, 3, 3), np.uint8))
    assert np.array_equal(found['label'], label) and np.array_equal(found['instance'], label + 5)
    assert found['photo'].shape == (1, 3, 3)
    label[:] = 0
    assert found['label'].tolist() == [[0, 1, 2]]  # a copy


def test_image_like_inputs(tmp_path):
    raw = np.random.default_rng(0).integers(0, 256, (4, 6, 2), np.uint8)
    np.save(tmp_path / 'raw.npy', raw)
    plain = LayoutReader(raw_channels=2)
    assert plain.label_space is None and plain.kind == 'raw'
    for source in (raw, tmp_path / 'raw.npy'):
        assert np.array_equal(plain.read(source)['raw'], raw)
    with pytest.raises(ValueError, match=facts('(4, 6, 1)', '(H, W, 2)')):
        plain.read(raw[..., 0])
    photo = np.zeros((8, 8, 3), np.uint8)
    photo[:, 4:] = 255
    Image.fromarray(photo).save(tmp_path / 'photo.png')
    edges = LayoutReader(raw_channels=1, edges_as_raw=True)
    of_array, of_file, of_image = (edges.read(source)['raw'] for source in (
        photo, tmp_path / 'photo.png', Image.fromarray(photo)))
    assert of_array.max() == 255 and np.array_equal(of_array, of_file) and np.array_equal(of_array, of_image)


def test_a_photo_at_its_own_size(tmp_path):
    photo = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    Image.fromarray(photo).save(tmp_path / 'photo.png')
    for source in (photo, tmp_path / 'photo.png', Image.fromarray(photo)):
        assert np.array_equal(photo_of(source), photo)


def test_what_a_data_set_says_is_plain_and_enough(tmp_path):
    dataset = PairedFolderDataset(str(tmp_path), 'train', ['road', 'car', 'none'], id_map=IDS, unknown=2,
                                  unknown_ids=(255,), things=['car'], palette=[(1, 2, 3), (4, 5, 6), (7, 8, 9)],
                                  endings=dict(label='_mask.png'), lazy_init=True)
    again = LayoutReader(**dataset.layout_facts)
    assert again.label_space == dataset.label_space and again.things == {1} and again.palette[1] == [4, 5, 6]
    assert again.suffixes['label'] == ('_mask.png',) and again.folders == dataset.folders
    assert (again.unknown, again.classes) == (2, ('road', 'car', 'none'))


def test_mistakes_are_explained(ids, tmp_path):
    with pytest.raises(DataError, match=facts('label map', 'RGB')):
        reader().read(Image.new('RGB', (4, 4)))
    with pytest.raises(DataError, match=facts('label map', 'id 9', 'no class', '7 road')):
        reader().read(Image.new('L', (4, 4), 9))
    Image.new('L', (4, 4), 7).save(tmp_path / 'x.jpg')
    with Image.open(tmp_path / 'x.jpg') as jpeg, pytest.raises(DataError, match='JPEG'):
        reader().read(jpeg)
    with pytest.raises(DataError, match=facts('4x4', 'instance map', '5x4')):
        reader().read(Image.new('L', (4, 4), 7), Image.new('L', (4, 5), 7))
    with pytest.raises(ValueError, match=facts('label has the indices 0..7', '3 classes', 'files')):
        reader().read(np.array([[0, 7]]))
    with pytest.raises(ValueError, match=facts('Label map and instance map', 'all arrays')):
        reader().read(np.array([[0, 1]]), tmp_path / 'x.png')
