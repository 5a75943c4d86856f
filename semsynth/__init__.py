"""semsynth: the component zoo for semantic image synthesis."""

__version__ = '0.1.0'
