import pytest
import torch

from semsynth.heads import LinearHead
from semsynth.layout import Layout


def test_is_a_matrix_a_pixel_and_nothing_bounds_it():
    head, features = LinearHead(in_channels=4), 100 * torch.randn(2, 4, 3, 5)
    image = head(features, Layout(raw=features))['image']
    activated = torch.where(features > 0, features, 0.2 * features)
    expected = torch.einsum('oc,bchw->bohw', head.convolution.weight[:, :, 0, 0], activated)
    assert torch.allclose(image, expected + head.convolution.bias.view(-1, 1, 1), atol=1e-4)
    assert image.abs().max() > 10


def test_image_is_float32_under_autocast():
    head, features = LinearHead(in_channels=4), torch.randn(1, 4, 3, 5)
    with torch.autocast('cpu', torch.bfloat16):
        assert head(features, Layout(raw=features))['image'].dtype == torch.float32


def test_gray_images():
    head, features = LinearHead(in_channels=4, out_channels=1), torch.randn(2, 4, 3, 5)
    assert head.image_channels == 1
    assert head(features, Layout(raw=features))['image'].shape == (2, 1, 3, 5)
    with pytest.raises(ValueError, match='LinearHead: out_channels=2, expected 3'):
        LinearHead(in_channels=4, out_channels=2)
