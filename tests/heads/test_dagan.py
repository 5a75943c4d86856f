import pytest
import torch

from semsynth.heads import DAGANHead
from semsynth.layout import Layout

C = 4


def compute(head, features):
    return head(features, Layout(raw=features))['image']


def plain(head, features):
    """Pixel by pixel, without a layer of torch's."""
    summed = torch.zeros_like(features)
    if head.channel is not None:
        first, _, second = head.channel
        hidden = (features.mean((2, 3)) @ first.weight[:, :, 0, 0].T + first.bias).clamp(min=0)
        gate = 1 / (1 + torch.exp(-(hidden @ second.weight[:, :, 0, 0].T + second.bias)))
        summed += features + features * gate[:, :, None, None]
    if head.spatial is not None:
        maps = torch.stack([features.mean(1), features.amax(1)], 1)
        summed += features / (1 + torch.exp(-convolve(head.spatial, maps)))
    return torch.tanh(convolve(head.convolution, torch.maximum(summed, 0.2 * summed)))


def convolve(layer, x):
    height, width = x.shape[2:]
    around = torch.nn.functional.pad(x, (1, 1, 1, 1))
    out = layer.bias.view(1, -1, 1, 1)
    for row in range(3):
        for column in range(3):
            part = around[:, :, row:row + height, column:column + width]
            out = out + torch.einsum('oc,bchw->bohw', layer.weight[:, :, row, column], part)
    return out


@pytest.mark.parametrize('options', [{}, dict(channel=False), dict(spatial=False), dict(hidden_channels=2)])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('images', [1, 2])
def test_is_the_sum_of_both_attentions(options, memory_format, images):
    head = DAGANHead(C, **options).double()
    features = torch.randn(images, C, 5, 7, dtype=torch.float64).to(memory_format=memory_format).requires_grad_()
    found = []
    for image in (compute(head, features), plain(head, features)):
        aim = torch.linspace(-1, 1, image.numel()).view_as(image)
        found.append([image, *torch.autograd.grad((image * aim).sum(), [features, *head.parameters()])])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours.double(), theirs, atol=1e-5, rtol=1e-5)  # the image is float32


def test_its_parameters_are_few():
    """SPADE's last layer has 1,731 of 64 channels; the attentions add 8,339."""
    head = DAGANHead(64)
    assert sum(parameter.numel() for parameter in head.parameters()) == 1731 + 2 * (64 * 64 + 64) + (2 * 9 + 1)
    assert head.outputs == head.must_be_read == ('image',)


@torch.no_grad()
def test_inner_values_are_the_gates_of_pixels():
    head, features = DAGANHead(C), torch.randn(2, C, 5, 7)
    gates = head.inner_values(features, Layout(raw=features))['spatial_attention']
    assert gates.shape == (2, 1, 5, 7) and gates.min() > 0 and gates.max() < 1
    assert list(head.weight_captions) == ['spatial_attention']
    off = DAGANHead(C, spatial=False)
    assert off.inner_values(features, Layout(raw=features)) == off.weight_captions == {}


def test_the_image_is_float32_under_autocast():
    head, features = DAGANHead(C), torch.randn(1, C, 5, 7)
    exact = compute(head, features)
    with torch.autocast('cpu', torch.bfloat16):
        image = compute(head, features)
    assert image.dtype == torch.float32 and (image - exact).abs().max() < 0.03


def test_one_attention_there_must_be():
    with pytest.raises(ValueError, match='channel=False and spatial=False leave no attention; use RGBHead'):
        DAGANHead(C, channel=False, spatial=False)
