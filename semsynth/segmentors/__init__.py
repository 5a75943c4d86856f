"""Segmentors: frozen networks that label images."""

from semsynth.segmentors.base import Segmentor
from semsynth.segmentors.csail_upernet import CSAILUPerNet, CSAILUPerNetSegmentor
from semsynth.segmentors.deeplab_v2 import DeepLabV2, DeepLabV2Segmentor
from semsynth.segmentors.drn import DRN, DRNSegmentor
from semsynth.segmentors.labelling import label_photo
from semsynth.segmentors.lite_backbone import EfficientNetLiteBackbone
from semsynth.segmentors.mmseg_segmentor import MMSegSegmentor
from semsynth.segmentors.released import ReleasedSegmentor

__all__ = ['DRN', 'CSAILUPerNet', 'CSAILUPerNetSegmentor', 'DRNSegmentor', 'DeepLabV2', 'DeepLabV2Segmentor',
           'EfficientNetLiteBackbone', 'MMSegSegmentor', 'ReleasedSegmentor', 'Segmentor', 'label_photo']
