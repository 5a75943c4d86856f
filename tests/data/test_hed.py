import numpy as np
import pytest
import torch

from helpers.facts import facts
from helpers.random_hed import random_hed
from semsynth.data.prepare.hed import HED, load_hed


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
    for number, count, stride in zip(('One', 'Two', 'Thr', 'Fou', 'Fiv'), (2, 2, 3, 3, 3), (1, 2, 4, 8, 16),
                                     strict=True):
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
    with pytest.raises(FileNotFoundError, match=facts(
            'network-bsds500.pytorch', 'SEMSYNTH_WEIGHTS', '59 MB', 'docs/data.md')):
        load_hed()


@pytest.mark.parametrize(('spoil', 'reason'), [
    (lambda state: state.pop('moduleScoreFiv.bias'), r'Missing key\(s\) in state_dict: "sides.4.bias"'),
    (lambda state: state.update(extra=torch.zeros(1)), r'Unexpected key\(s\) in state_dict: "extra"'),
    (lambda state: state.update({'moduleScoreOne.bias': torch.zeros(2)}), r'size mismatch for sides\.0\.bias')])
def test_other_weights(spoil, reason, state, tmp_path):
    wrong = dict(state)
    spoil(wrong)
    torch.save(wrong, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=rf'other\.pth does not hold the weights of HED, whose keys are .*{reason}'
                                         r'.*use network-bsds500\.pytorch'):
        load_hed(tmp_path / 'other.pth')


def test_files_that_could_run_code_are_refused(tmp_path):
    torch.save(dict(network=HED), tmp_path / 'code.pth')
    with pytest.raises(ValueError, match=r'code\.pth is no checkpoint of tensors and plain values'):
        load_hed(tmp_path / 'code.pth')
