"""The editor's page and its API, over HTTP.

``GET /`` is the page, and its files lie beside it. Everything else belongs to a session, one a tab:

======  ===============================  ==============================================================================
method  path                             what it does
======  ===============================  ==============================================================================
POST    ``sessions``                     begins a session; JSON: its token, the classes and what the model can do, and
                                         the layouts that can be opened
DELETE  ``sessions/TOKEN``               ends it
GET     ``sessions/TOKEN/state``         the state of the scene
POST    ``sessions/TOKEN/edit``          JSON, a list of actions such as ``{"operation": "brush", "points": [[3, 5]],
                                         "radius": 4, "class_index": 0, "extend": true}``; carries them out in this
                                         order, without waiting for the model, and answers with the state;
                                         with ``?batch=N``, counted from 1, each list once
GET     ``sessions/TOKEN/image``         the image of the scene as it is when the model is free, JPEG; the headers say
                                         which version it shows (``X-Version``) and how long the model took
                                         (``X-Seconds``); with ``?whole=1`` without the photo that is kept
POST    ``sessions/TOKEN/open``          opens in place of what is open: JSON, ``{"name": ...}`` for one of the
                                         layouts, or ``{"width": 256, "height": 128, "class_index": 0}`` for an empty
                                         canvas; or a form with the files ``label``, ``instance`` and ``photo``, or
                                         ``photo`` alone, or ``project`` alone, and the fields ``keep_photo=true`` and
                                         ``feather``, or with a project ``name``. Answers with the state when the
                                         image is made. If it fails, nothing has changed
POST    ``sessions/TOKEN/look``          a form with a ``photo``, whose look the image gets; answers with the state
GET     ``sessions/TOKEN/layout?name=``  another layout, to paste from; as the state
GET     ``sessions/TOKEN/files/PART``    a file of the scene: ``label``, ``instance``, ``image`` or ``project``, the
                                         latter with ``?history=1`` together with the last edits; ``X-Version``
                                         says which version it holds
======  ===============================  ==============================================================================

``Session.edit`` has the operations. **The state** is binary, all numbers uint32, little-endian: the length of the JSON
that follows (a multiple of 4); the JSON; then of each run of equal pixels, row by row, the number of the first pixel
after it; then the place of its object in the JSON's ``objects``; then its class. The JSON has the number of runs, the
size, the objects, the version, what is selected, what can be undone, and ``message``: why the last action was refused.

Errors are JSON with one sentence, ``{"message": ...}``: 404 where there is no such session, or no longer; 422 where a
file or an argument does not fit; 500 where the model or our code failed.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial, wraps
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

from anyio import to_thread
from starlette.applications import Starlette
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from semsynth.editor.page.guard import Guard
from semsynth.editor.page.session import Session
from semsynth.editor.page.sessions import SessionGoneError, Sessions
from semsynth.editor.scene import FEATHER

mimetypes.add_type('text/javascript', '.js')  # some systems name another one, and browsers then refuse it
STATIC = Path(__file__).with_name('static')
HOSTS = ['127.0.0.1', 'localhost']
"""Names of this machine. Under another one a page of another site could reach it (DNS rebinding)."""
FILES = ('label', 'instance', 'photo', 'project')


def build_app(make_session: Callable[[], Session], uploads: Path) -> Starlette:
    """The page and its API.

    Args:
        make_session: makes that of a new tab.
        uploads: folder where uploaded files are while they are read.
    """
    sessions = Sessions(make_session)
    def of_session(answer: Callable[[Session, Request], Awaitable[Response]]) -> Callable:
        @wraps(answer)
        async def endpoint(request: Request) -> Response:
            return await answer(sessions[request.path_params['token']], request)
        return endpoint

    async def begin(request: Request) -> Response:
        token, session = sessions.add()
        return JSONResponse(dict(session=token, **await _run(session.setup)), 201)

    async def end(request: Request) -> Response:
        sessions.drop(request.path_params['token'])
        return Response(status_code=204)

    async def open(session: Session, request: Request) -> Response:
        if request.headers.get('content-type', '').startswith('application/json'):
            what = await _json(request, dict)
            return _binary(await _run(session.open if 'name' in what else session.open_blank, **what))
        async with _form(request) as form:
            name = form.get('name')
            how = partial(session.open_files, name=name if isinstance(name, str) else None,
                          keep_photo=form.get('keep_photo') == 'true', feather=_whole(form.get('feather', FEATHER)))
            return _binary(await _run(_with_files, uploads, form, how))

    async def look(session: Session, request: Request) -> Response:
        async with _form(request) as form:
            return _binary(await _run(_with_files, uploads, form, session.look_like))

    here, post = '/sessions/{token}', ['POST']
    routes = [
        Route('/sessions', begin, methods=post),
        Route(here, end, methods=['DELETE']),
        Route(f'{here}/state', of_session(_state)),
        Route(f'{here}/edit', of_session(_edit), methods=post),
        Route(f'{here}/image', of_session(_image)),
        Route(f'{here}/open', of_session(open), methods=post),
        Route(f'{here}/look', of_session(look), methods=post),
        Route(f'{here}/layout', of_session(_layout)),
        Route(f'{here}/files/{{part}}', of_session(_file)),
        Mount('/', StaticFiles(directory=STATIC, html=True))]
    return Starlette(
        routes=routes, exception_handlers={SessionGoneError: _explain(404), ValueError: _explain(422),
                                           HTTPException: _explain(400), Exception: _explain(500)},
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False), Middleware(Guard)])


async def _state(session: Session, request: Request) -> Response:
    return _binary(await _run(session.edit, []))


async def _edit(session: Session, request: Request) -> Response:
    actions = await _json(request, list)
    if not all(isinstance(action, dict) and 'operation' in action for action in actions):
        raise HTTPException(400, 'edit takes a list of actions, each with its operation.')
    batch = request.query_params.get('batch')
    return _binary(await _run(session.edit, actions, None if batch is None else _whole(batch)))


async def _image(session: Session, request: Request) -> Response:
    shown = await _run(session.image, request.query_params.get('whole') == '1')
    return Response(shown.content, media_type='image/jpeg', headers={
        'X-Version': str(shown.version), 'X-Seconds': f'{shown.seconds:.3f}'})


async def _layout(session: Session, request: Request) -> Response:
    return _binary(await _run(session.other, request.query_params.get('name', '')))


async def _file(session: Session, request: Request) -> Response:
    part = request.path_params['part']
    if part not in ('label', 'instance', 'image', 'project'):
        raise HTTPException(404, f'There is no file {part}.')
    found = await _run(session.file, part, request.query_params.get('history') == '1')
    return Response(found.content, media_type='application/octet-stream', headers={
        'X-Version': str(found.version),
        'Content-Disposition': f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"})


async def _run(what: Callable, *arguments: Any, **named: Any) -> Any:
    """Run what takes long in a thread; when the server ends, it is left to itself."""
    return await to_thread.run_sync(partial(what, *arguments, **named), abandon_on_cancel=True)


async def _json(request: Request, kind: type) -> Any:
    try:
        content = await request.json()
    except ValueError:
        content = None
    if not isinstance(content, kind):
        raise HTTPException(400, f'The request holds no JSON {kind.__name__}.')
    return content


def _form(request: Request) -> AbstractAsyncContextManager[FormData]:
    return request.form(max_files=len(FILES), max_fields=len(FILES))


def _whole(number: object) -> int:
    try:
        return int(str(number))
    except ValueError:
        raise ValueError(f'{number!s:.20} is no whole number.') from None


def _with_files(uploads: Path, form: FormData, how: Callable[..., bytes]) -> bytes:
    """Call a function with a form's files, which are on disk meanwhile, and no longer."""
    with TemporaryDirectory(dir=uploads) as folder:
        paths = {}
        for kind in FILES:
            file = form.get(kind)
            if isinstance(file, UploadFile) and file.filename:
                path = Path(folder, kind, Path(file.filename).name)
                path.parent.mkdir()
                path.write_bytes(file.file.read())
                paths[kind] = str(path)
        try:
            return how(**paths)
        except ValueError as error:  # which names its files, where they were for a moment
            raise ValueError(re.sub(f'{re.escape(folder)}/({"|".join(FILES)})/', '', str(error))) from error


def _binary(content: bytes) -> Response:
    return Response(content, media_type='application/octet-stream')


def _explain(status: int) -> Callable[[Request, Exception], Response]:
    """What answers an error, by this status where it has none of its own."""
    def answer(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return JSONResponse(dict(message=error.detail), error.status_code)
        if isinstance(error, SessionGoneError):
            message = 'This tab is older than the server, or was not used for long.'
        elif isinstance(error, ValueError):
            message = str(error)
        else:
            message = f'That failed ({type(error).__name__}: {str(error).split(chr(10))[0]:.300}).'
        return JSONResponse(dict(message=message), status)
    return answer
