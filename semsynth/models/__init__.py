"""The one trainable model, and what its losses may read."""

from semsynth.models.step import Step
from semsynth.models.synthesizer import Synthesizer

__all__ = ['Step', 'Synthesizer']
