"""Layouts under edit: pure edits and their history; the Editor, which shows what a model makes of them; its page."""

from semsynth.editor.editor import Editor

__all__ = ['Editor']
