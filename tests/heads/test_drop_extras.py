import pytest
import torch

from semsynth.heads import EdgeGuidedHead, RGBHead
from semsynth.layout import Layout


@pytest.mark.parametrize('final', ['image', 'class_specific'])
def test_images_stay_as_they_are(final):
    head = EdgeGuidedHead(in_channels=4, num_classes=3, num_layers=1, embedding_channels=2, final=final)
    features, layout = torch.randn(1, 4, 6, 8), Layout(torch.randint(3, (1, 6, 8)), 3)
    before = head(features, layout)
    head.drop_extras()
    after = head(features, layout)
    assert set(before) - set(after) == {'embedding'} | ({'class_specific'} if final == 'image' else set())
    assert set(head.outputs) == set(head.views) <= set(after)
    assert all(torch.equal(after[name], before[name]) for name in after)
    assert not any(name.startswith('embedding') for name, _ in head.named_parameters())


def test_a_head_without_extras_keeps_all():
    head = RGBHead(in_channels=2)
    head.drop_extras()
    assert head.outputs == ('image',)
