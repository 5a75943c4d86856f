import re

import numpy as np
import pytest
from PIL import Image

from semsynth.data import PairedFolderDataset, ToyCityDataset
from semsynth.studies.browse import browse
from semsynth.visualise import colour_labels


def pictures_of(page):
    return [np.asarray(Image.open(page.parent / source)) for source in re.findall(r'src="([^"]+)"', page.read_text())]


def test_photo_labels_and_one_over_the_other(toycity, tmp_path):
    dataset = ToyCityDataset(data_root=str(toycity), split='train', size=(24, 40), instances=True, lazy_init=True)
    watched = []
    page = browse(dataset, 'A title', tmp_path / 'page', count=2, watch=lambda chosen: watched.extend(chosen) or chosen)
    assert watched == [0, len(dataset) - 1]
    photo, coloured, over = pictures_of(page)[:3]
    inputs = dataset[0]['inputs']
    assert np.array_equal(photo, inputs['image'].numpy().transpose(1, 2, 0))
    assert np.array_equal(coloured, colour_labels(inputs['label'], dataset.metainfo['palette']))
    ids = inputs['instance'].numpy().astype(int)
    border = np.zeros(ids.shape, bool)
    border[1:] |= ids[1:] != ids[:-1]
    border[:-1] |= ids[1:] != ids[:-1]
    border[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    border[:, :-1] |= ids[:, 1:] != ids[:, :-1]
    assert (over[border] == 255).all() and np.array_equal(
        over[~border], ((photo.astype(int) + coloured) // 2)[~border])
    text = page.read_text()
    assert 'A title' in text and 'road' in text and len(pictures_of(page)) == 6


def test_without_photos_and_of_image_like_inputs(tmp_path):
    root = tmp_path / 'data'
    labels, raws = root / 'labels' / 'train', root / 'raw' / 'train'
    labels.mkdir(parents=True), raws.mkdir(parents=True)
    Image.fromarray(np.array([[0, 1], [1, 1]], np.uint8)).save(labels / 'a.png')
    np.save(raws / 'a.npy', np.array([[[0.0], [3.0]], [[1.5], [3.0]]], np.float32))
    plain = PairedFolderDataset(data_root=str(root), split='train', classes=['road', 'sky'], size=(2, 2),
                                test_mode=True, lazy_init=True)
    ground = pictures_of(browse(plain, 'labels', tmp_path / 'one'))[0]
    assert (ground == 128).all()
    raw = PairedFolderDataset(data_root=str(root), split='train', raw_channels=1, size=(2, 2), test_mode=True,
                              lazy_init=True)
    [shown] = pictures_of(browse(raw, 'raw', tmp_path / 'two'))
    assert shown[..., 0].tolist() == [[0, 255], [128, 255]]


def test_never_among_the_data(toycity):
    dataset = ToyCityDataset(data_root=str(toycity), split='train', size=(24, 40), lazy_init=True)
    for folder in ('page', 'gtFine/train/page'):
        with pytest.raises(ValueError, match='holds the data set'):
            browse(dataset, 'title', toycity / folder)
