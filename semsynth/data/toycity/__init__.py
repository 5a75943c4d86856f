"""ToyCity: procedural street scenes in the Cityscapes directory layout."""

from semsynth.data.toycity.scene import Scene, render_scene
from semsynth.data.toycity.writer import make_toycity

__all__ = ['Scene', 'make_toycity', 'render_scene']
