"""Segmentors: frozen networks that label images."""

from semsynth.segmentors.segmentor import Segmentor

__all__ = ['Segmentor']
