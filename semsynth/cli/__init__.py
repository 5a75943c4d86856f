"""The ``semsynth`` command."""
