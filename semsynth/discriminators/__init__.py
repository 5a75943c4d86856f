"""Discriminators: layout and image in, feature maps and logits of every scale out."""

from semsynth.discriminators.augmented import AdaptiveDiscriminator, AugmentedDiscriminator
from semsynth.discriminators.backbone import BackboneDiscriminator
from semsynth.discriminators.base import Discriminator
from semsynth.discriminators.feature_pyramid import FeaturePyramidDiscriminator
from semsynth.discriminators.multi_scale import MultiScaleDiscriminator
from semsynth.discriminators.oasis import OASISDiscriminator
from semsynth.discriminators.separate import SeparateDiscriminators

__all__ = ['AdaptiveDiscriminator', 'AugmentedDiscriminator', 'BackboneDiscriminator', 'Discriminator',
           'FeaturePyramidDiscriminator', 'MultiScaleDiscriminator', 'OASISDiscriminator', 'SeparateDiscriminators']
