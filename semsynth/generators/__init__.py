"""Generators: layout in, features and named images out."""

from semsynth.generators.backbone import BackboneGenerator
from semsynth.generators.base import Generator
from semsynth.generators.ccfpse import CCFPSEGenerator
from semsynth.generators.crn import CRNGenerator
from semsynth.generators.global_generator import GlobalGenerator
from semsynth.generators.label_encoder import LabelEncoderGenerator
from semsynth.generators.lggan import LGGANGenerator
from semsynth.generators.local_enhancer import LocalEnhancer
from semsynth.generators.oasis import OASISGenerator
from semsynth.generators.spade import SPADEGenerator
from semsynth.generators.unet import UNetGenerator

__all__ = ['BackboneGenerator', 'CCFPSEGenerator', 'CRNGenerator', 'Generator', 'GlobalGenerator', 'LGGANGenerator',
           'LabelEncoderGenerator', 'LocalEnhancer', 'OASISGenerator', 'SPADEGenerator', 'UNetGenerator']
