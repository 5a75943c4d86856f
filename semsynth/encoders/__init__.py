"""Encoders: what is added to a layout from a photo."""

from semsynth.encoders.instance_feature import InstanceFeatureEncoder

__all__ = ['InstanceFeatureEncoder']
