"""The one trainable model."""

from semsynth.models.synthesizer import Synthesizer

__all__ = ['Synthesizer']
