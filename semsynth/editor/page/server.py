"""The editor's page for a model, served to browsers on this machine."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.arguments import check_arguments
from semsynth.editor.page.session import Session
from semsynth.segmentors import Segmentor

HOST = '127.0.0.1'
FIRST_PORT, PORTS = 7860, 100
"""Where a free port is looked for."""
PATIENCE = 5
"""Seconds that ``close`` waits for the server's thread."""


class EditorServer:
    """The page while it is served, from a thread of its own.

    Args:
        make_session: makes that of a new tab.
        model: held by whoever uses the model.
        listener: a socket that listens.

    Attributes:
        url: the page's address.
    """

    def __init__(self, make_session: Callable[[], Session], model: threading.Lock, listener: socket.socket):
        import uvicorn

        from semsynth.editor.page.app import build_app

        self._model, self._uploads = model, TemporaryDirectory(prefix='semsynth-editor-')
        app = build_app(make_session, Path(self._uploads.name))

        self.url = f'http://{HOST}:{listener.getsockname()[1]}'
        # log_config=None: uvicorn's own would close the log files of the whole process, a training's too.
        self._server = uvicorn.Server(uvicorn.Config(
            app, log_config=None, log_level='warning', access_log=False, lifespan='off', ws='none',
            server_header=False))
        # A daemon: a model that is at work does not keep the process from ending.
        self._thread = threading.Thread(target=self._server.run, args=([listener],), daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Wait until the server is closed, such as by Ctrl+C (KeyboardInterrupt)."""
        self._thread.join()

    def close(self) -> None:
        """End the server at once; what it is doing is dropped, and uploaded files are deleted."""
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(PATIENCE)
        self._uploads.cleanup()

    @property
    def working(self) -> bool:
        """Whether the model is at work: its thread cannot be stopped, also when the server is closed."""
        return self._model.locked()


@check_arguments
def serve_editor(inferencer: Inferencer, layouts: Sequence[LayoutFile] = (), segmentor: Segmentor | None = None, *,
                 port: int | None = None) -> EditorServer:
    """Serve the page to browsers on this machine. Each tab has its own editor; they share the model.

    Args:
        inferencer: of the trained model, which from now on makes no outputs that only losses read.
        layouts: to choose from, by ``Inferencer.find``.
        segmentor: labels photos, by ``build_segmentor``; None: they are not labelled.
        port: by default the first that is free from 7860 on.

    Returns:
        The page, served in the background: its address is ``url``, ``wait()`` serves until the process is interrupted,
        ``close()`` ends it.

    Raises:
        ValueError: Starlette or uvicorn is not installed, the port cannot be used, or the segmentor does not fit the
            model.
    """
    check_servable(port)
    inferencer.model.generator.head.drop_extras()
    if segmentor is not None:
        segmentor.to(inferencer.device)
    model = threading.Lock()
    Session(inferencer, layouts, segmentor, model)  # so that what does not fit is said now, not to the first tab
    return EditorServer(lambda: Session(inferencer, layouts, segmentor, model), model, _listen(port))


@check_arguments
def check_servable(port: int | None) -> None:
    """Raise a ValueError where Starlette or uvicorn is missing, or for a port that is taken or that this process has no
    right to."""
    try:
        import python_multipart  # noqa: F401  # by which Starlette reads uploads
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise ValueError(f"The editor's page needs Starlette, uvicorn and python-multipart ({error}): "
                         "pip install 'semsynth[edit]'") from error
    if port is not None:
        _listen(port).close()


def _listen(port: int | None) -> socket.socket:
    """A socket that listens on a port, or on the first that is free."""
    if port is not None:
        try:
            return _bound(port)
        except OSError as error:
            raise ValueError(f'port={port} cannot be used ({error.strerror}): name another one, or none to have a free '
                             'one taken.') from None
    for candidate in range(FIRST_PORT, FIRST_PORT + PORTS):
        with suppress(OSError):
            return _bound(candidate)
    return _bound(0)  # any that the system has


def _bound(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that was given back a moment ago is free
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener
