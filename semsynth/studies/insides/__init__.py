"""Pictures of the insides (ECGAN, figures 3, 6, 7, 9): what a trained model computes on the way to an image."""

from semsynth.studies.insides.draw import draw_insides
from semsynth.studies.insides.look import Insides, look_inside
from semsynth.studies.insides.panels import Panel, Section
from semsynth.studies.insides.sheet import draw_sheet

__all__ = ['Insides', 'Panel', 'Section', 'draw_insides', 'draw_sheet', 'look_inside']
