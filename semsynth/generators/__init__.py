"""Generators: layout in, features and named images out."""

from semsynth.generators.base import Generator
from semsynth.generators.crn import CRNGenerator
from semsynth.generators.global_generator import GlobalGenerator
from semsynth.generators.local_enhancer import LocalEnhancer
from semsynth.generators.spade import SPADEGenerator
from semsynth.generators.unet import UNetGenerator

__all__ = ['CRNGenerator', 'Generator', 'GlobalGenerator', 'LocalEnhancer', 'SPADEGenerator', 'UNetGenerator']
