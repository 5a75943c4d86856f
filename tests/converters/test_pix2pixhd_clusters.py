import os
import pickle

import numpy as np
import pytest
import torch

from helpers import crafted
from helpers.facts import facts
from semsynth.converters.pix2pixhd_clusters import convert_clusters
from semsynth.data.cityscapes import CityscapesDataset
from semsynth.styles import StyleBank

CLUSTERS = {26: np.arange(30, dtype=np.float64).reshape(10, 3) / 30, 7: np.full((2, 3), -0.5),
            np.int64(-1): [[1, 0, 1]], 33: np.zeros((1, 3), np.float32)}


def write(path, stored):
    np.save(path, stored, allow_pickle=True)
    return path


def write_pickle(path, content):
    """A ``.npy`` file of one object whose pickle is ``content``."""
    with path.open('wb') as file:
        np.lib.format.write_array_header_1_0(file, dict(descr='|O', fortran_order=False, shape=()))
        file.write(content)
    return path


def test_every_centre_goes_to_its_class(tmp_path):
    bank = convert_clusters(write(tmp_path / 'features_clustered_010.npy', CLUSTERS))
    assert bank.classes == CityscapesDataset.classes and bank.thumbnails.shape == (0, 0, 0, 3)
    assert bank.centres.dtype == torch.float32 and bank.centres.shape == (14, 3)
    for identity, index in ((26, 26), (7, 7), (33, 33), (-1, 34)):
        expected = torch.tensor(np.asarray(CLUSTERS[identity]), dtype=torch.float32)
        assert torch.equal(bank.clusters(index), expected)
    bank.save(tmp_path / 'styles.npz')
    assert torch.equal(StyleBank.load(tmp_path / 'styles.npz').owners, bank.owners)


def test_every_official_channel_is_a_class(tmp_path):
    clusters = {channel: np.full((2, 3), channel) for channel in range(35)} | {5: np.zeros((0, 3))}
    bank = convert_clusters(write(tmp_path / 'all.npy', clusters))
    assert bank.owners.tolist() == [channel for channel in range(35) if channel != 5 for _ in range(2)]
    assert torch.equal(bank.centres, bank.owners[:, None].expand(-1, 3).float())


def pickled_as_python_2_did(shape, dtype, data):
    """Opcodes of an array in protocol 2, under numpy 1's addresses."""
    sides = b''.join(b'K' + bytes([side]) for side in shape)
    order, flags = (b'<', b'\x00') if dtype == b'f8' else (b'|', b'?')
    return (b'cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tU\x01btR(K\x01(' + sides + b't'
            b'cnumpy\ndtype\n(U\x02' + dtype + b'K\x00K\x01tR(K\x03U\x01' + order +
            b'NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK' + flags + b'tb\x89' + data + b'tb')


def test_what_python_2_wrote_is_read(tmp_path):
    """The official code loads with ``encoding='latin1'``: the released numbers are byte strings of Python 2."""
    values = np.array([[0.1, -0.9], [0.5, 1.0]])
    numbers = pickled_as_python_2_did((2, 2), b'f8', b'U' + bytes([values.nbytes]) + values.tobytes())
    clusters = pickled_as_python_2_did((), b'O8', b']}K\x1a' + numbers + b'sa')
    path = write_pickle(tmp_path / 'old.npy', b'\x80\x02' + clusters + b'.')
    assert np.load(path, allow_pickle=True, encoding='latin1').item()[26].tolist() == values.tolist()
    assert convert_clusters(path).clusters(26).tolist() == values.astype(np.float32).tolist()


def test_own_classes(tmp_path):
    path = write(tmp_path / 'own.npy', {3: np.ones((2, 1)), 5: np.zeros((1, 1))})
    bank = convert_clusters(path, classes=('a', 'b'), id_map={3: 0, 5: 1})
    assert bank.classes == ('a', 'b') and bank.owners.tolist() == [0, 0, 1]
    with pytest.raises(ValueError, match=facts('own.npy', 'class id 5', '0, 1, 2, 3', '4 classes')):
        convert_clusters(path, classes='abcd', id_map={index: index for index in range(4)})


class Evil:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize('evil', [
    Evil(os.system, 'touch broken_in'), Evil(open, 'broken_in', 'w'), Evil(eval, "open('broken_in', 'w')"),
    Evil(getattr, np.ndarray, 'tofile'), Evil(np.load, 'x.npy'), Evil(pickle.loads, b'N.')])
def test_code_is_refused_and_not_run(evil, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = [write(tmp_path / 'whole.npy', {1: evil}), write(tmp_path / 'inside.npy', {1: np.array([evil])}),
             write_pickle(tmp_path / 'bare.npy', pickle.dumps(evil))]
    for path in files:
        with pytest.raises(ValueError, match=rf'{path.name} is no \.npy file of a dict of arrays \(.* has no place'):
            convert_clusters(path)
    assert not (tmp_path / 'broken_in').exists()


@pytest.mark.parametrize(('stored', 'message'), [
    (np.zeros(3), r'no \.npy file of a dict of arrays \(an array of float64 of shape \(3,\)\)'),
    ({}, r'holds \{\}, but clusters are a dict of arrays by class id'),
    ([1], r'no \.npy file of a dict of arrays'),
    ({'a': np.zeros((1, 3))}, r'holds something else than arrays of numbers by class id'),
    ({1: 'text'}, r'holds something else than arrays of numbers by class id'),
    ({1: np.zeros(3)}, r'holds arrays of the shapes \{1: \(3,\)\}'),
    ({1: np.zeros((2, 3)), 2: np.zeros((2, 4))}, r'\{1: \(2, 3\), 2: \(2, 4\)\}, but each class has \(clusters, '),
    ({1: np.zeros((0, 3))}, r'holds arrays of the shapes \{\}'),
    ({1: np.full((1, 3), np.nan)}, r'clusters that are not finite, of the class ids \[1\]'),
    ({40: np.zeros((1, 3))}, r'clusters of the class id 40, but id_map knows the ids -1, 0, 1')])
def test_other_contents_are_refused(stored, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        convert_clusters(write(tmp_path / 'x.npy', stored))


@pytest.mark.parametrize('name', [name for name in crafted.PARTS if name not in ('function', 'text', 'record')])
def test_forged_arrays_are_refused(name, tmp_path):
    for stored in ({1: crafted.PARTS[name]()}, crafted.PARTS[name]()):
        with pytest.raises(ValueError, match=r'x\.npy (is no \.npy file of a dict of arrays|holds)'):
            convert_clusters(write_pickle(tmp_path / 'x.npy', pickle.dumps(stored, 2)))


def test_a_memory_that_the_file_only_says(tmp_path):
    with pytest.raises(ValueError, match='it remembers more objects than it has bytes'):
        convert_clusters(write_pickle(tmp_path / 'x.npy', b'\x80\x02Nr\xff\xff\xff\x7f.'))


def test_torn_and_missing(tmp_path):
    whole = write(tmp_path / 'whole.npy', CLUSTERS).read_bytes()
    for size in (0, 5, 60, 130, len(whole) - 1):
        (tmp_path / 'torn.npy').write_bytes(whole[:size])
        with pytest.raises(ValueError, match=r'torn\.npy is no \.npy file'):
            convert_clusters(tmp_path / 'torn.npy')
    with pytest.raises(FileNotFoundError, match='There is no file of clusters'):
        convert_clusters(tmp_path / 'missing.npy')
