"""The editor: edits of layouts and their history, the Editor, which synthesises them by a model, and its page."""

from semsynth.editor.editor import Editor

__all__ = ['Editor']
