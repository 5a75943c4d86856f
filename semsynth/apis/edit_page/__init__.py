"""The editor's page in a browser (pix2pixHD, 4.3)."""

from semsynth.apis.edit_page.serve import serve_editor
from semsynth.apis.edit_page.session import Session

__all__ = ['Session', 'serve_editor']
