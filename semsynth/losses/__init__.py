"""Losses: every term says what it reads, and what each player pays for it."""

from semsynth.losses.adversarial import AdversarialLoss, HingeLoss, LeastSquaresLoss, VanillaLoss
from semsynth.losses.base import Loss, full_precision
from semsynth.losses.class_specific import ClassSpecificLoss
from semsynth.losses.contrastive import ContrastiveLoss
from semsynth.losses.crn import CRNLoss
from semsynth.losses.feature_matching import FeatureMatchingLoss
from semsynth.losses.frozen_features import FrozenFeatureLoss
from semsynth.losses.kl import KLLoss
from semsynth.losses.label_mix import LabelMixLoss
from semsynth.losses.perceptual import PerceptualLoss
from semsynth.losses.pixel import L1Loss
from semsynth.losses.segmentation_adversarial import SegmentationAdversarialLoss
from semsynth.losses.segmentor_features import SegmentorFeatureLoss
from semsynth.losses.similarity import SimilarityLoss

__all__ = ['AdversarialLoss', 'CRNLoss', 'ClassSpecificLoss', 'ContrastiveLoss', 'FeatureMatchingLoss',
           'FrozenFeatureLoss', 'HingeLoss', 'KLLoss', 'L1Loss', 'LabelMixLoss', 'LeastSquaresLoss', 'Loss',
           'PerceptualLoss', 'SegmentationAdversarialLoss', 'SegmentorFeatureLoss', 'SimilarityLoss', 'VanillaLoss',
           'full_precision']
