"""What every encoder wants of the other parts."""

import pytest
from torch import nn

from helpers.stubs import config, register
from semsynth.encoders import Encoder
from semsynth.registry import ENCODERS, MODELS


@register(ENCODERS)
class MeanEncoder(Encoder):
    def __init__(self, style_channels=3, in_channels=None):
        super().__init__()
        self.style_channels, self.in_channels = style_channels, in_channels
        self.layer = nn.Conv2d(3, 3, 1)

    def forward(self, layout, image):
        return layout.styled(self.layer(image))


@pytest.mark.parametrize('in_channels', [None, 3])
def test_an_encoder_may_say_what_it_reads(in_channels):
    model = MODELS.build(config(encoder=dict(type='MeanEncoder', in_channels=in_channels)))
    assert model.encoder.members == (model.encoder,) and model.generator.in_channels == 6


@pytest.mark.parametrize(('encoder', 'message'), [
    (dict(in_channels=1), 'in_channels=1, but the images of StubHead have 3; give MeanEncoder in_channels=3'),
    (dict(style_channels=0), 'MeanEncoder has style_channels=0 and latent_dim=None'),
])
def test_what_does_not_fit_is_refused(encoder, message):
    """Alone, or beside another one."""
    latent = dict(type='StyleEncoder', base_channels=2, latent_dim=4)
    for configs in dict(encoder, type='MeanEncoder'), [dict(encoder, type='MeanEncoder'), latent]:
        with pytest.raises(ValueError, match=message):
            MODELS.build(config(encoder=configs))
