import pytest
import torch
import torch.nn.functional as F

from helpers.settle import settle
from semsynth.encoders import StyleEncoder
from semsynth.layout import Layout
from semsynth.registry import ENCODERS


@pytest.fixture
def encoder():
    return StyleEncoder(base_channels=2, latent_dim=5)


def layout_of(image):
    return Layout(raw=torch.zeros(len(image), 1, *image.shape[-2:]))


def test_spades_encoder_has_its_parameters():
    encoder = ENCODERS.build(dict(type='StyleEncoder'))
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 10_463_424
    assert (encoder.style_channels, encoder.latent_dim) == (0, 256)


def test_equals_its_layers_written_out(encoder):
    settle(encoder)
    image = torch.rand(2, 3, 256, 256) * 2 - 1
    mean, log_variance = encoder(layout_of(image), image).posterior
    x = image
    for number, layer in enumerate(encoder.layers):
        x = F.conv2d(x, layer[0].weight, stride=2, padding=1)
        centred = x - x.mean((2, 3), keepdim=True)
        x = centred / (centred.square().mean((2, 3), keepdim=True) + 1e-5).sqrt()
        x = torch.where(x > 0, x, 0.2 * x)
        assert x.shape[1:] == ((2, 4, 8, 16, 16, 16)[number], 128 >> number, 128 >> number)
        singular = torch.linalg.svdvals(layer[0].weight.flatten(1))[0]
        assert singular.item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(mean, x.flatten(1) @ encoder.mean.weight.T)
    torch.testing.assert_close(log_variance, x.flatten(1) @ encoder.log_variance.weight.T)


@pytest.mark.parametrize('size', [(64, 64), (33, 71), (300, 200), (1, 1)])
def test_any_size_is_resized_bilinearly(encoder, size):
    encoder.eval()
    image = torch.rand(1, 3, *size)
    expected = encoder.encode(F.interpolate(image, (256, 256), mode='bilinear', align_corners=False))
    for ours, theirs in zip(encoder(layout_of(image), image).posterior, expected, strict=True):
        assert torch.equal(ours, theirs) and ours.shape == (1, 5)


def test_latents_are_drawn_in_training_alone(encoder):
    image = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        encoder.log_variance.bias.fill_(-2.0)
        encoder.log_variance.weight.zero_()
    encoder.eval()
    mean, _ = encoder.encode(image)
    assert torch.equal(encoder(layout_of(image), image).latent, mean)
    encoder.train()
    encoder.encode = lambda image: (mean.repeat(4000, 1), torch.full((4000, 5), -2.0))
    drawn = encoder(layout_of(image), image).latent
    assert torch.allclose(drawn.mean(0), mean[0], atol=0.04)
    assert torch.allclose(drawn.var(0), torch.tensor(-2.0).exp(), atol=0.02)


def test_the_draw_can_be_handed_in(encoder):
    image, mean, log_variance, noise = torch.rand(2, 3, 8, 8), *torch.randn(3, 2, 5)
    encoder.encode = lambda image: (mean, log_variance)
    expected = mean + noise * log_variance.exp().sqrt()
    torch.testing.assert_close(encoder(layout_of(image), image, noise).latent, expected)
    torch.manual_seed(3)
    drawn = encoder(layout_of(image), image).latent
    torch.manual_seed(3)
    assert torch.equal(drawn, encoder(layout_of(image), image, torch.randn(2, 5)).latent)
    encoder.eval()
    torch.testing.assert_close(encoder(layout_of(image), image, noise).latent, expected)


def test_gradients_reach_every_weight_through_the_latent(encoder):
    image = torch.rand(2, 3, 40, 40)
    encoder(layout_of(image), image).latent.square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in encoder.parameters())


def test_the_layout_keeps_all_else(encoder):
    image = torch.rand(1, 3, 8, 8)
    layout = Layout(label=torch.zeros(1, 8, 8).long(), num_classes=3, instance=torch.ones(1, 8, 8).long())
    unstyled, coded = layout.unstyled, encoder(layout, image)
    assert coded.unstyled is unstyled and coded.instance is layout.instance and layout.latent is None
    assert coded.condition.shape[1] == 4 and coded.detach().posterior[0].grad_fn is None


def test_posteriors_are_float32_under_autocast(encoder):
    image = torch.rand(1, 3, 64, 64)
    with torch.autocast('cpu', torch.bfloat16):
        coded = encoder(layout_of(image), image)
    assert {coded.latent.dtype, *(part.dtype for part in coded.posterior)} == {torch.float32}
