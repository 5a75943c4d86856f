"""Imports: the exports of labelling tools become a tree that a data set reads."""

from semsynth.data.importing.base import UNKNOWN, ImportedScene, ImportOptions, ImportSource
from semsynth.data.importing.masks import MaskSource
from semsynth.data.importing.voc import VOCSource

SOURCES: tuple[type[ImportSource], ...] = (VOCSource, MaskSource)
"""The formats. A source that looks like several of them is refused until one is named."""

__all__ = ['SOURCES', 'UNKNOWN', 'ImportOptions', 'ImportSource', 'ImportedScene', 'MaskSource', 'VOCSource']
