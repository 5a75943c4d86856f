"""Heads: features in, named images out."""

from semsynth.heads.base import Head, View
from semsynth.heads.dagan import DAGANHead
from semsynth.heads.edge_guided import EdgeGuidedHead
from semsynth.heads.lggan import LGGANHead
from semsynth.heads.linear import LinearHead
from semsynth.heads.rgb import RGBHead

__all__ = ['DAGANHead', 'EdgeGuidedHead', 'Head', 'LGGANHead', 'LinearHead', 'RGBHead', 'View']
