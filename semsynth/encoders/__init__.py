"""Encoders: what is added to a layout from a photo."""

from semsynth.encoders.base import Encoder
from semsynth.encoders.instance_feature import InstanceFeatureEncoder
from semsynth.encoders.object_noise import ObjectNoiseEncoder
from semsynth.encoders.pooled_style import PooledStyleEncoder
from semsynth.encoders.several import SeveralEncoders
from semsynth.encoders.style import StyleEncoder

__all__ = ['Encoder', 'InstanceFeatureEncoder', 'ObjectNoiseEncoder', 'PooledStyleEncoder', 'SeveralEncoders',
           'StyleEncoder']
