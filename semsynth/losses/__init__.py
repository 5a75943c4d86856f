"""Losses: every term says what it reads and whom it trains; every term's function works on plain tensors, too."""

from semsynth.losses.adversarial import (
    AdversarialLoss,
    HingeLoss,
    LeastSquaresLoss,
    VanillaLoss,
    average,
    cross_entropy,
    hinge,
    least_squares,
    over_scales,
)
from semsynth.losses.base import Loss, full_precision
from semsynth.losses.class_score import ClassScoreLoss, class_score_loss
from semsynth.losses.class_specific import ClassSpecificLoss, class_specific_l1
from semsynth.losses.contrastive import ContrastiveLoss, contrastive_loss
from semsynth.losses.crn import CRNLoss, crn_loss, crn_vgg19
from semsynth.losses.diversity import DiversityLoss, diversity_loss
from semsynth.losses.feature_matching import FeatureMatchingLoss, feature_matching_loss
from semsynth.losses.frozen_features import FrozenFeatureLoss, feature_l1
from semsynth.losses.kl import KLLoss, kl_divergence
from semsynth.losses.label_mix import LabelMixLoss, label_mix_loss, label_mix_mask
from semsynth.losses.patch_contrast import PatchContrastLoss, patch_contrast
from semsynth.losses.perceptual import PerceptualLoss, perceptual_loss, vgg19
from semsynth.losses.pixel import L1Loss, l1
from semsynth.losses.pixel_memory import PixelMemory
from semsynth.losses.pixel_sampling import sample_pixels
from semsynth.losses.segmentation_adversarial import (
    SegmentationAdversarialLoss,
    class_cross_entropy,
    fake_cross_entropy,
)
from semsynth.losses.segmentor_features import SegmentorFeatureLoss
from semsynth.losses.similarity import SimilarityLoss
from semsynth.losses.step import Step
from semsynth.ops import sampled_similarity_loss, similarity_loss, tiled_contrastive

__all__ = ['AdversarialLoss', 'CRNLoss', 'ClassScoreLoss', 'ClassSpecificLoss', 'ContrastiveLoss', 'DiversityLoss',
           'FeatureMatchingLoss', 'FrozenFeatureLoss', 'HingeLoss', 'KLLoss', 'L1Loss', 'LabelMixLoss',
           'LeastSquaresLoss', 'Loss', 'PatchContrastLoss', 'PerceptualLoss', 'PixelMemory',
           'SegmentationAdversarialLoss', 'SegmentorFeatureLoss', 'SimilarityLoss', 'Step', 'VanillaLoss', 'average',
           'class_cross_entropy', 'class_score_loss', 'class_specific_l1', 'contrastive_loss', 'crn_loss', 'crn_vgg19',
           'cross_entropy', 'diversity_loss', 'fake_cross_entropy', 'feature_l1', 'feature_matching_loss',
           'full_precision', 'hinge', 'kl_divergence', 'l1', 'label_mix_loss', 'label_mix_mask', 'least_squares',
           'over_scales', 'patch_contrast', 'perceptual_loss', 'sample_pixels', 'sampled_similarity_loss',
           'similarity_loss', 'tiled_contrastive', 'vgg19']
