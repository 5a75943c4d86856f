"""Numerics: losses over all pairs of pixels, convolutions per pixel and per class, means over instances."""

from semsynth.ops.conditional import conditional_convolution
from semsynth.ops.contrast import tiled_contrastive
from semsynth.ops.instance import instance_mean, number_instances
from semsynth.ops.similarity import sampled_similarity_loss, similarity_loss

__all__ = ['conditional_convolution', 'instance_mean', 'number_instances', 'sampled_similarity_loss',
           'similarity_loss', 'tiled_contrastive']
