"""Similarity loss (ECGAN, eq. 3): cross-entropy between pairwise similarities of predicted and true labels."""

from semsynth.ops.similarity.exact import PRECISIONS, similarity_loss
from semsynth.ops.similarity.sampled import sampled_similarity_loss

__all__ = ['PRECISIONS', 'sampled_similarity_loss', 'similarity_loss']
