"""Segmentors: frozen networks that label images."""

from semsynth.segmentors.base import Segmentor
from semsynth.segmentors.labelling import label_photo
from semsynth.segmentors.mmseg_segmentor import MMSegSegmentor

__all__ = ['MMSegSegmentor', 'Segmentor', 'label_photo']
