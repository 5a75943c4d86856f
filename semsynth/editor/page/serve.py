"""The editor's page for a model, served on localhost."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.arguments import check_arguments
from semsynth.editor.page.session import Session
from semsynth.segmentors import Segmentor

if TYPE_CHECKING:
    import gradio


@check_arguments
def serve_editor(inferencer: Inferencer, layouts: Sequence[LayoutFile] = (), segmentor: Segmentor | None = None, *,
                 port: int | None = None) -> gradio.Blocks:
    """Serve the page to browsers on this machine. Each tab has its own editor; they share the model.

    Args:
        inferencer: of the trained model, which from now on makes no outputs that only losses read.
        layouts: to choose from, by ``Inferencer.find``.
        segmentor: labels photos, by ``build_segmentor``; None: they are not labelled.
        port: by default the first that is free from 7860 on.

    Returns:
        The page, served in the background: its address is ``local_url``, ``block_thread()`` serves until the process is
        interrupted, ``close()`` ends it.

    Raises:
        ValueError: Gradio is not installed, the port cannot be used, or the segmentor does not fit the model.
    """
    check_servable(port)
    from semsynth.editor.page.gradio_page import build_page, launch

    inferencer.model.generator.head.drop_extras()
    if segmentor is not None:
        segmentor.to(inferencer.device)
    page = build_page(lambda: Session(inferencer, layouts, segmentor))
    launch(page, port)
    return page


@check_arguments
def check_servable(port: int | None) -> None:
    """Raise a ValueError where Gradio is missing, or for a port that is taken or that this process has no right to."""
    try:
        import gradio  # noqa: F401
    except ImportError as error:
        raise ValueError(f"The editor's page needs Gradio ({error}): pip install -e '.[edit]'") from error
    if port is None:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was given back a moment ago is free
        try:
            probe.bind(('127.0.0.1', port))
        except OSError as error:
            raise ValueError(f'port={port} cannot be used ({error.strerror}): name another one, or none to have a free '
                             'one taken.') from None
