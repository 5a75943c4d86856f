"""Numerics worth their own file."""

from semsynth.ops.similarity import similarity_loss

__all__ = ['similarity_loss']
