"""Similarity loss (ECGAN, eq. 3): cross-entropy between pairwise similarities of predicted and true labels."""

from semsynth.ops.similarity.choice import check_precision, has_reduced_products
from semsynth.ops.similarity.exact import similarity_loss, similarity_losses
from semsynth.ops.similarity.sampled import sampled_similarity_loss

__all__ = ['check_precision', 'has_reduced_products', 'sampled_similarity_loss', 'similarity_loss', 'similarity_losses']
