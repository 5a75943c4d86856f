"""Numerics worth their own file."""

from semsynth.ops.instance import instance_mean, number_instances
from semsynth.ops.similarity import similarity_loss

__all__ = ['instance_mean', 'number_instances', 'similarity_loss']
