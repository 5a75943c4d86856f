"""Guard: what comes from other sites is refused, what is too large too, and answers say what a page may do."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST = {'multipart/form-data': 128 * 2**20, 'application/json': 4 * 2**20}
"""Bytes of a body, by its type. A page of another site can send neither type to us without asking first, or only with
its own ``Origin``."""
READING = ('GET', 'HEAD')
HEADERS = {
    'Content-Security-Policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
                               "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
}
"""Of every answer: a page loads and sends nothing elsewhere, and no other site can show or read it."""


class Guard:
    """Middleware between browsers and the page's API; the host itself is checked by Starlette's.

    A request that has an ``Origin`` must come from the page itself, and one that changes something must have it.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the request through."""
        async def answer(message: Message) -> None:
            if message['type'] == 'http.response.start':
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if refusal := _refusal(scope['method'], Headers(scope=scope)):
            status, sentence = refusal
            # What was not read stays on the wire: the next request could not be told from it.
            await JSONResponse(dict(message=sentence), status, {'Connection': 'close'})(scope, receive, answer)
        else:
            await self.app(scope, receive, answer)


def _refusal(method: str, headers: Headers) -> tuple[int, str] | None:
    """Status and sentence for a request that is refused."""
    own = f'http://{headers.get("host")}'
    if headers.get('origin', own if method in READING else None) != own:
        return 403, f'This comes from {headers.get("origin", "nowhere")}, but only the page at {own} may ask for it.'
    if method in READING:
        return None
    length = headers.get('content-length', '0' if 'transfer-encoding' not in headers else '')
    if not length.isdecimal():
        return 411, 'The request does not say how long it is.'
    if not int(length):
        return None
    kind = headers.get('content-type', '').split(';')[0].strip().lower()
    if kind not in LARGEST:
        return 415, f'The request holds {kind or "something unnamed"}, instead of {" or ".join(LARGEST)}.'
    if int(length) > LARGEST[kind]:
        return 413, (f'The files have {int(length) / 2**20:.0f} MiB together, but the editor takes '
                     f'{LARGEST[kind] // 2**20} at most: make them smaller first.')
    return None
