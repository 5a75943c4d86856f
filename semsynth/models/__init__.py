"""The one trainable model."""

from semsynth.models.given_images import GivenImagesModel
from semsynth.models.synthesizer import Synthesizer

__all__ = ['GivenImagesModel', 'Synthesizer']
