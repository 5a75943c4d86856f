from types import SimpleNamespace

import pytest
import torch
from torch import nn

from semsynth.encoders import InstanceFeatureEncoder
from semsynth.layout import Layout
from semsynth.registry import ENCODERS


@pytest.fixture
def encoder():
    return InstanceFeatureEncoder(out_channels=2, base_channels=4, num_downsamples=2)


@pytest.fixture
def layout():
    """Two images of three instances, one of them in both."""
    instance = torch.randint(0, 2, (2, 8, 12)) * 26_001
    instance[:, :3, :3] = 2**31 + 5
    return Layout(label=(instance > 0).long(), num_classes=3, instance=instance)


def by_loop(encoder, layout, image):
    """The encoder's style, pooled by masks."""
    features = torch.tanh(encoder.convolution(encoder.network(image)))
    style = torch.zeros_like(features)
    for i, objects in enumerate(layout.objects):
        for identity in objects.unique():
            mask = (objects == identity).float()
            mean = (features[i] * mask).sum((1, 2)) / mask.sum()
            style[i] = style[i] + mean[:, None, None] * mask
    return style


def test_the_papers_encoder_has_its_parameters():
    """nef 16, 4 halvings, 3 numbers an instance: as many as the released network."""
    encoder = ENCODERS.build(dict(type='InstanceFeatureEncoder'))
    assert sum(parameter.numel() for parameter in encoder.parameters()) == 788_803
    assert (encoder.style_channels, encoder.size_divisor) == (3, 16)
    widths = [(part.in_channels, part.out_channels) for part in encoder.modules()
              if isinstance(part, nn.Conv2d | nn.ConvTranspose2d)]
    assert widths == [(3, 16), (16, 32), (32, 64), (64, 128), (128, 256), (256, 128), (128, 64), (64, 32), (32, 16),
                      (16, 3)]


def test_a_style_is_constant_on_each_instance(encoder, layout):
    image = torch.rand(2, 3, 8, 12) * 2 - 1
    styled = encoder(layout, image)
    torch.testing.assert_close(styled.style, by_loop(encoder, layout, image))
    assert styled.style.shape == (2, 2, 8, 12) and styled.style.abs().max() < 1
    assert styled.condition.shape[1] == 3 + 1 + 2 and layout.style is None


def test_gradients_reach_the_weights_as_through_a_loop(encoder, layout):
    encoder.double()
    image, upstream = torch.rand(2, 3, 8, 12).double() * 2 - 1, torch.randn(2, 2, 8, 12).double()
    weights = list(encoder.parameters())
    ours = torch.autograd.grad((encoder(layout, image).style * upstream).sum(), weights)
    theirs = torch.autograd.grad((by_loop(encoder, layout, image) * upstream).sum(), weights)
    for our, their in zip(ours, theirs, strict=True):
        torch.testing.assert_close(our, their, rtol=1e-3, atol=1e-5)  # the encoder pools in float32
    assert sum(gradient.abs().sum() for gradient in ours) > 0


def test_without_instances_styles_are_per_class(encoder):
    label = torch.randint(0, 3, (2, 8, 8))
    style = encoder(Layout(label=label, num_classes=3), torch.rand(2, 3, 8, 8)).style
    for i in range(2):
        for index in label[i].unique():
            assert len(style[i][:, label[i] == index].unique(dim=1).T) == 1


def test_a_layout_without_objects_is_refused(encoder):
    with pytest.raises(ValueError, match='has no objects that could have a style: give it an instance map'):
        encoder(Layout(raw=torch.rand(1, 1, 8, 8)), torch.rand(1, 3, 8, 8))


def test_pooling_stays_in_float32_under_autocast(encoder, layout):
    with torch.autocast('cpu', torch.bfloat16):
        assert encoder(layout, torch.rand(2, 3, 8, 12)).style.dtype == torch.float32


def test_other_classes_may_have_no_style(encoder, layout):
    image = torch.rand(2, 3, 8, 12)
    encoder.classes, encoder.styled = (1,), torch.tensor([1])
    style = encoder(layout, image).style
    styled = (layout.label == 1).unsqueeze(1).expand_as(style)
    torch.testing.assert_close(style[styled], by_loop(encoder, layout, image)[styled])
    assert style[styled].abs().min() > 0 and (style[~styled] == 0).all()


def test_styled_classes_must_be_the_models():
    encoder = InstanceFeatureEncoder(base_channels=4, num_downsamples=2, classes=[1, 3])
    encoder.check(SimpleNamespace(num_classes=4, image_channels=3))
    with pytest.raises(ValueError, match=r'classes=\[1, 3\].* 3 classes: use indices from 0 to 2'):
        encoder.check(SimpleNamespace(num_classes=3, image_channels=3))
