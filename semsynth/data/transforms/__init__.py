"""Transforms of a scene that mmcv and mmseg do not have, or have for photos and 8 bit maps only."""

from semsynth.data.transforms.edges import CannyEdges, EdgesAsRaw, LoadEdges
from semsynth.data.transforms.loading import (
    KeepFullSize,
    LoadInstances,
    LoadLabel,
    LoadPhoto,
    LoadRaw,
    ToSegmentorClasses,
)
from semsynth.data.transforms.packing import PackScene
from semsynth.data.transforms.pasting import PasteObjects
from semsynth.data.transforms.resizing import ResizeScene

__all__ = ['CannyEdges', 'EdgesAsRaw', 'KeepFullSize', 'LoadEdges', 'LoadInstances', 'LoadLabel', 'LoadPhoto',
           'LoadRaw', 'PackScene', 'PasteObjects', 'ResizeScene', 'ToSegmentorClasses']
