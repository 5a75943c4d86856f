import pytest
import torch
import torch.nn.functional as F

from helpers.settle import settle
from semsynth.encoders import PooledStyleEncoder
from semsynth.layout import Layout
from semsynth.registry import ENCODERS


@pytest.fixture
def encoder():
    return ENCODERS.build(dict(type='PooledStyleEncoder', base_channels=2, latent_dim=5))


def layout_of(image):
    return Layout(raw=torch.zeros(len(image), 1, *image.shape[-2:]))


def test_equals_its_layers_written_out(encoder):
    settle(encoder)
    torch.nn.init.normal_(encoder.log_variance.weight)
    image = torch.rand(2, 3, 100, 40) * 2 - 1
    coded = encoder(layout_of(image), image)
    x = F.interpolate(image, (256, 256), mode='bilinear', align_corners=False)
    for layer in encoder.layers:
        x = F.conv2d(x, layer[0].weight, stride=2, padding=1)
        centred = x - x.mean((1, 2, 3), keepdim=True)
        x = centred / (centred.square().mean((1, 2, 3), keepdim=True) + 1e-5).sqrt()
        x = torch.where(x > 0, x, 0.2 * x)
    pooled = x.mean((2, 3))
    for ours, linear in zip(coded.posterior, (encoder.mean, encoder.log_variance), strict=True):
        torch.testing.assert_close(ours, pooled @ linear.weight.T + linear.bias)
    assert isinstance(encoder, PooledStyleEncoder) and coded.latent.shape == (2, 5) and encoder.style_channels == 0


def test_posteriors_begin_narrow(encoder):
    _, log_variance = encoder.encode(torch.rand(3, 3, 16, 16))
    assert (log_variance == -4).all()


def test_colours_count_and_places_do_not(encoder):
    image = torch.zeros(1, 3, 256, 256)
    image[:, 0, 64:128, 64:128] = 1
    moved, other = image.roll(64, 3), image.flip(1)
    codes = [encoder.encode(each)[0] for each in (image, moved, other)]
    torch.testing.assert_close(codes[0], codes[1], rtol=1e-3, atol=1e-3)
    assert (codes[0] - codes[2]).abs().max() > 0.05


def test_gradients_reach_every_weight_through_the_latent(encoder):
    image = torch.rand(2, 3, 40, 40)
    coded = encoder(layout_of(image), image)
    (coded.latent.square().sum() + coded.posterior[1].square().sum()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in encoder.parameters())
