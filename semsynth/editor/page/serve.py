"""From a checkpoint to a page on localhost."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmengine.config import Config

from semsynth.apis.inferencer import Inferencer
from semsynth.arguments import check_arguments
from semsynth.editor.labelling import build_segmentor
from semsynth.editor.page.session import Session

if TYPE_CHECKING:
    import gradio


@check_arguments
def serve_editor(config: str | Path | Config, checkpoint: str | Path | None, layouts: Sequence[str | Path] = (), *,
                 styles: str | Path | None = None, segmentor: Sequence[str | Path] | None = None,
                 instances: str | Path | None = None, device: str | None = None, precision: str = 'float32',
                 port: int | None = None, cfg_options: dict | None = None) -> gradio.Blocks:
    """Serve the page to browsers on this machine. Each tab has its own editor; they share the model.

    Args:
        config: of the training.
        checkpoint: path of the trained weights.
        layouts: label maps to choose from, or folders of them.
        styles: file of the styles to pick from, by ``tools/encode_styles.py``.
        segmentor: config and weights of one that labels photos; empty: the one that the config names; None: none.
        instances: folder of the instance maps; by default beside the label maps, where there are some.
        device: such as ``'cpu'``; the GPU where there is one by default.
        precision: of the generator: ``'float32'``, ``'bfloat16'``, or ``'auto'``, which suits the device.
        port: by default the first that is free from 7860 on.
        cfg_options: entries of the config to override.

    Returns:
        The page, served in the background: its address is ``local_url``, ``block_thread()`` serves until the process is
        interrupted, ``close()`` ends it.

    Raises:
        ValueError: Gradio is not installed, the port cannot be used, or the model and the files do not fit.
    """
    if port is not None:
        check_free(port)
    try:
        from semsynth.editor.page.gradio_page import build_page, launch
    except ImportError as error:
        raise ValueError(f"The editor's page needs Gradio ({error}): pip install -e '.[edit]'") from error
    inferencer = Inferencer(config, checkpoint, device, cfg_options, styles, precision)
    inferencer.model.generator.head.drop_extras()
    found = inferencer.find(layouts, instances, instances_optional=True) if layouts else []
    labels = None
    if segmentor is not None:
        labels = build_segmentor(inferencer.config, *segmentor).to(next(inferencer.model.parameters()).device)
    page = build_page(lambda: Session(inferencer, found, labels))
    launch(page, port)
    return page


def check_free(port: int) -> None:
    """Raise a ValueError for a port that another process has, or that this one has no right to."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was given back a moment ago is free
        try:
            probe.bind(('127.0.0.1', port))
        except OSError as error:
            raise ValueError(f'port={port} cannot be used ({error.strerror}): name another one, or none to have a free '
                             'one taken.') from None
