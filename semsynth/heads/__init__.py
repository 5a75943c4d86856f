"""Heads: features in, named images out."""

from semsynth.heads.base import Head, View
from semsynth.heads.edge_guided import EdgeGuidedHead
from semsynth.heads.rgb import RGBHead

__all__ = ['EdgeGuidedHead', 'Head', 'RGBHead', 'View']
