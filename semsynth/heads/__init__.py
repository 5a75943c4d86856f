"""Heads: features in, named images out."""

from semsynth.heads.base import Head, View
from semsynth.heads.edge_guided import EdgeGuidedHead
from semsynth.heads.linear import LinearHead
from semsynth.heads.rgb import RGBHead

__all__ = ['EdgeGuidedHead', 'Head', 'LinearHead', 'RGBHead', 'View']
