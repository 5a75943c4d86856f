"""Imports: the exports of labelling tools become a tree that a data set reads."""

from semsynth.data.importing.base import UNKNOWN, ImportedScene, ImportOptions, ImportSource

SOURCES: tuple[type[ImportSource], ...] = ()
"""The formats. A source that looks like several of them is refused until one is named."""

__all__ = ['SOURCES', 'UNKNOWN', 'ImportOptions', 'ImportSource', 'ImportedScene']
