import re
import sys

import numpy as np
import pytest
import scipy.io
from PIL import Image

from helpers.facts import facts
from semsynth.data.prepare import nyu


def test_nyu_is_cut_turned_and_mapped(nyu_download, prepare, tmp_path):
    import h5py
    assert prepare('nyu', nyu_download)[0] == 0
    assert sorted(path.stem for path in (tmp_path / 'out/labels').rglob('*.png')) == ['0001', '0002', '0003']
    classes = [0, *scipy.io.loadmat(nyu_download / nyu.MAPPING)['mapClass'].ravel().tolist()]
    photo, label, instance = (np.asarray(Image.open(tmp_path / f'out/{kind}/train/0003.png'))
                              for kind in ('images', 'labels', 'instances'))
    assert photo.shape == (427, 561, 3) and label.shape == instance.shape == (427, 561)
    assert photo.max() < 200  # no white frame
    objects = {}
    with h5py.File(nyu_download / nyu.LABELLED) as arrays:
        images, labels, instances = (arrays[name][2] for name in ('images', 'labels', 'instances'))
    for y, x in ((0, 0), (0, 560), (426, 0), (426, 560), (200, 31), (31, 200)):
        assert photo[y, x].tolist() == images[:, x + 40, y + 44].tolist()
        assert label[y, x] == classes[labels[x + 40, y + 44]]
    for y in range(0, 427, 16):
        for x in range(0, 561, 16):
            pair = int(labels[x + 40, y + 44]), int(instances[x + 40, y + 44])
            assert objects.setdefault(pair, instance[y, x]) == instance[y, x]
    assert len(set(objects.values())) == len(objects)


def test_nyu_numbers_of_matlabs_own_type(nyu_download, prepare):
    scipy.io.savemat(nyu_download / nyu.SPLITS, dict(trainNdxs=np.array([[1.], [3.]]), testNdxs=np.array([[2.]])))
    assert prepare('nyu', nyu_download)[0] == 0


def test_nyu_says_what_is_wrong(nyu_download, told, monkeypatch, tmp_path):
    h5py = pytest.importorskip('h5py')
    [sentence] = told('nyu', 'nowhere')
    assert re.search(facts('nowhere/splits.mat', 'nyu_depth_v2_labeled.mat', 'classMapping40.mat'), sentence)
    splits, mapping, labelled = (nyu_download / name for name in (nyu.SPLITS, nyu.MAPPING, nyu.LABELLED))
    whole = splits.read_bytes()
    for torn in (b'x' * 200, b'', whole[:130], whole[:-20]):
        splits.write_bytes(torn)
        assert 'splits.mat is no MATLAB file' in told('nyu', nyu_download)[0]
    scipy.io.savemat(splits, dict(trainNdxs=[[1], [2]]))
    assert 'splits.mat holds no testNdxs' in told('nyu', nyu_download)[0]
    scipy.io.savemat(splits, dict(trainNdxs=[[1], [2]], testNdxs=[[2], [9]]))
    first, second = told('nyu', nyu_download)
    assert 'has 1 pictures both to train and to test on (2)' in first
    assert 'names the pictures 9, but nyu_depth_v2_labeled.mat holds 1..3' in second
    splits.write_bytes(whole)

    scipy.io.savemat(mapping, dict(mapClass=np.array([[1, 41]])))
    assert 'maps to the classes 1..41, but they should be 1..40' in told('nyu', nyu_download)[0]
    scipy.io.savemat(mapping, dict(mapClass=np.array([[1, 40]])))
    lines = told('nyu', nyu_download)
    assert len(lines) == 3 and 'maps the labels 1..2: one of the two files is another one' in lines[0]
    assert not (tmp_path / 'out').exists()

    with h5py.File(labelled, 'a') as arrays:
        place = arrays['images'].id.get_chunk_info(1).byte_offset
    with labelled.open('r+b') as file:
        file.seek(place)
        file.write(b'damaged')
    assert any('Picture 2 of nyu_depth_v2_labeled.mat cannot be read' in line for line in told('nyu', nyu_download))
    with h5py.File(labelled, 'a') as arrays:
        del arrays['instances']
    [sentence] = told('nyu', nyu_download)
    assert 'should hold the array instances of N x 640 x 480, but it holds images, labels' in sentence
    with h5py.File(labelled, 'a') as arrays:
        arrays['instances'] = np.ones((2, 640, 480), np.uint8)
    [sentence] = told('nyu', nyu_download)
    assert 'holds 3 images, 3 labels, 2 instances, of which there should be as many' in sentence
    labelled.write_bytes(b'torn')
    assert 'nyu_depth_v2_labeled.mat cannot be read' in told('nyu', nyu_download)[0]
    monkeypatch.setitem(sys.modules, 'h5py', None)
    assert "h5py reads it: pip install 'semsynth[prepare]'" in told('nyu', nyu_download)[0]


def test_lists_are_short(nyu_download, told, monkeypatch):
    monkeypatch.setattr('semsynth.data.prepare.nyu._LARGEST_LIST', 10)
    assert 'more than 10: it is another file' in told('nyu', nyu_download)[0]
