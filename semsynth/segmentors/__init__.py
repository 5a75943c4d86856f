"""Segmentors: frozen networks that label images."""

from semsynth.segmentors.base import Segmentor
from semsynth.segmentors.labelling import label_photo
from semsynth.segmentors.lite_backbone import EfficientNetLiteBackbone
from semsynth.segmentors.mmseg_segmentor import MMSegSegmentor

__all__ = ['EfficientNetLiteBackbone', 'MMSegSegmentor', 'Segmentor', 'label_photo']
