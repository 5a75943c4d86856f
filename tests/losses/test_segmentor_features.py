import pytest
import torch
from torch import nn

from semsynth.losses.segmentor_features import SegmentorFeatureLoss


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.batches = []

    def features(self, images):
        self.batches.append((len(images), torch.is_grad_enabled()))
        return [images, images[:, :1, ::2, ::2] ** 2]

    def segment(self, images):
        return images.softmax(1), self.features(images)


def test_averages_over_levels_and_sums_over_views(make_step):
    segmentor = Backbone()
    outputs = {name: torch.randn(2, 3, 5, 7, requires_grad=True) for name in ('coarse', 'image')}
    real = torch.randn(2, 3, 5, 7)
    step = make_step(outputs, dict(image=real), views=dict(coarse={}, image=dict(weight=2)), segmentor=segmentor)
    loss = SegmentorFeatureLoss().for_generator(step)
    expected = 0
    for name, weight in dict(coarse=1, image=2).items():
        for ours, theirs in zip(*(Backbone().features(x.detach()) for x in (outputs[name], real)), strict=True):
            expected += weight / 2 * (ours - theirs).abs().mean().item()
    assert loss.item() == pytest.approx(expected)
    assert segmentor.batches == [(4, True), (2, False)]
    loss.backward()
    assert all(output.grad is not None for output in outputs.values())


def test_half_precision_features_are_compared_in_float32(make_step):
    step = make_step(dict(image=torch.zeros(1, 3, 4, 4).bfloat16()), dict(image=torch.ones(1, 3, 4, 4)),
                     segmentor=Backbone())
    loss = SegmentorFeatureLoss().for_generator(step)
    assert loss.dtype == torch.float32 and loss == 1
