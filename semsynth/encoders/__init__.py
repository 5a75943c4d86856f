"""Encoders: what is added to a layout from a photo."""

from semsynth.encoders.instance_feature import InstanceFeatureEncoder
from semsynth.encoders.style import StyleEncoder

__all__ = ['InstanceFeatureEncoder', 'StyleEncoder']
