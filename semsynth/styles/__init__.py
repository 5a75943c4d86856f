"""Styles per instance: banks to pick from, and how they are made (pix2pixHD, 3.4)."""

from semsynth.styles.bank import StyleBank, classes_of, vectors_of
from semsynth.styles.instances import Instances

__all__ = ['Instances', 'StyleBank', 'classes_of', 'vectors_of']
