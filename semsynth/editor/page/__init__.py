"""The editor's page in a browser (pix2pixHD, 4.3)."""

from semsynth.editor.page.server import check_servable, serve_editor
from semsynth.editor.page.session import Session

__all__ = ['Session', 'check_servable', 'serve_editor']
