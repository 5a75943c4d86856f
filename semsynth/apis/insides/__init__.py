"""Pictures of the insides (ECGAN, figures 3, 6, 7, 9): what a trained model computes on the way to an image."""

from semsynth.apis.insides.draw import draw_insides
from semsynth.apis.insides.look import Insides, look_inside
from semsynth.apis.insides.panels import Panel, Section
from semsynth.apis.insides.sheet import draw_sheet

__all__ = ['Insides', 'Panel', 'Section', 'draw_insides', 'draw_sheet', 'look_inside']
