import pytest
import torch
import torch.nn.functional as F

from semsynth.heads import RGBHead
from semsynth.layout import Layout
from semsynth.registry import HEADS

LAYOUT = Layout(raw=torch.zeros(1, 3, 7, 5))


def test_default_is_pix2pixhds():
    head, features = RGBHead(in_channels=4), torch.rand(1, 4, 7, 5)
    padded = F.pad(features, [3] * 4, mode='reflect')
    expected = torch.tanh(F.conv2d(padded, head.convolution.weight, head.convolution.bias))
    assert torch.allclose(head(features, LAYOUT)['image'], expected, atol=1e-6)


def test_spades():
    head, features = RGBHead(4, kernel_size=3, padding_mode='zeros'), torch.randn(1, 4, 7, 5)
    activated = torch.where(features > 0, features, 0.2 * features)
    expected = torch.tanh(F.conv2d(activated, head.convolution.weight, head.convolution.bias, padding=1))
    assert torch.allclose(head(features, LAYOUT)['image'], expected, atol=1e-6)


def test_builds_from_config_and_publishes_one_view():
    head = HEADS.build(dict(type='RGBHead', in_channels=4))
    assert head.outputs == ('image',) and head.must_be_read == ('image',)
    assert {name: (view.real, view.weight) for name, view in head.views.items()} == dict(image=('image', 1))


@pytest.mark.parametrize('kernel_size', [1, 5])
def test_images_have_the_size_of_the_features(kernel_size):
    head = RGBHead(4, kernel_size=kernel_size)
    assert head(torch.randn(2, 4, 7, 5), LAYOUT)['image'].shape == (2, 3, 7, 5)
    with pytest.raises(ValueError, match=f'RGBHead: kernel_size={kernel_size + 1}, expected an odd number'):
        RGBHead(4, kernel_size=kernel_size + 1)
