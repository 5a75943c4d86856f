"""Imports: the exports of labelling tools become a tree that a data set reads."""

from semsynth.data.importing.base import UNKNOWN, ImportedScene, ImportOptions, ImportSource
from semsynth.data.importing.cityscapes_polygons import CityscapesPolygonsSource
from semsynth.data.importing.coco import COCOSource
from semsynth.data.importing.coco_panoptic import COCOPanopticSource
from semsynth.data.importing.cvat import CVATSource
from semsynth.data.importing.label_studio import LabelStudioSource
from semsynth.data.importing.labelme import LabelmeSource
from semsynth.data.importing.masks import MaskSource
from semsynth.data.importing.voc import VOCSource

SOURCES: tuple[type[ImportSource], ...] = (
    LabelmeSource, COCOSource, COCOPanopticSource, LabelStudioSource, CVATSource, CityscapesPolygonsSource, VOCSource,
    MaskSource)
"""The formats. A source that looks like several of them is refused until one is named."""

__all__ = ['SOURCES', 'UNKNOWN', 'COCOPanopticSource', 'COCOSource', 'CVATSource', 'CityscapesPolygonsSource',
           'ImportOptions', 'ImportSource', 'ImportedScene', 'LabelStudioSource', 'LabelmeSource', 'MaskSource',
           'VOCSource']
