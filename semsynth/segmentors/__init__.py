"""Segmentors: frozen networks that label images."""

from semsynth.segmentors.base import Segmentor
from semsynth.segmentors.mmseg_segmentor import MMSegSegmentor

__all__ = ['MMSegSegmentor', 'Segmentor']
