"""Discriminators: layout and image in, feature maps and logits of every scale out."""

from semsynth.discriminators.multi_scale import MultiScaleDiscriminator

__all__ = ['MultiScaleDiscriminator']
