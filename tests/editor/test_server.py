"""The server of the editor's page: its port, its end, and what it lets through."""

import json
import socket
import sys
import threading
import urllib.error
import urllib.request

import pytest

from helpers.ranks import PATIENCE
from semsynth.apis.layout_files import LayoutFile
from semsynth.editor.page import check_servable, serve_editor

pytest.importorskip('starlette', reason="Starlette is not installed: pip install 'semsynth[edit]'")


@pytest.fixture(scope='module')
def server(plain):
    server = serve_editor(plain)
    yield server
    server.close()


def ask(server, path, method='GET', body=None, **headers):
    """Status, headers and body of an answer."""
    headers = {name.replace('_', '-'): value for name, value in headers.items()}
    request = urllib.request.Request(f'{server.url}/{path}', body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_the_page_loads_nothing_from_elsewhere(server):
    status, headers, content = ask(server, '')
    assert status == 200 and b'semsynth editor' in content and b'://' not in content
    policy = headers['Content-Security-Policy']
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "frame-ancestors 'none'" in policy
    assert server.url.startswith('http://127.0.0.1:')
    assert ask(server, 'workspace.py')[0] == ask(server, '../session.py')[0] == 404


@pytest.mark.parametrize('headers', [
    dict(Host='evil.example'), dict(Host='evil.example:7860', Origin='http://evil.example:7860'),
    dict(Host='127.0.0.1.evil.example')])
def test_another_name_of_this_machine_is_refused(server, headers):
    for method, path in (('GET', ''), ('POST', 'sessions')):
        assert ask(server, path, method, **headers)[0] in (400, 403)


@pytest.mark.parametrize('headers', [
    {}, dict(Origin='null'), dict(Origin='http://evil.example'), dict(Origin='http://127.0.0.1:1'),
    dict(Origin='https://127.0.0.1')])
def test_another_sites_page_cannot_ask(server, headers):
    status, _, body = ask(server, 'sessions', 'POST', **headers)
    assert status == 403 and 'only the page at http://127.0.0.1' in json.loads(body)['message']
    if headers:
        assert ask(server, '', **headers)[0] == 403


def test_a_tunnel_has_its_own_port(server):
    assert ask(server, 'sessions', 'POST', Host='localhost:9000', Origin='http://localhost:9000')[0] == 201


@pytest.mark.parametrize(('headers', 'status'), [
    (dict(Content_Length=str(2**40), Content_Type='multipart/form-data; boundary=x'), 413),
    (dict(Content_Length=str(2**24), Content_Type='application/json'), 413),
    (dict(Content_Length='5', Content_Type='text/plain'), 415),
    (dict(Transfer_Encoding='chunked', Content_Type='application/json'), 411)])
def test_what_is_too_large_is_refused_before_it_is_read(server, headers, status):
    assert ask(server, 'sessions', 'POST', Origin=server.url, **headers)[0] == status


@pytest.mark.parametrize('port', [0, -1, 70000, 'x'])
def test_impossible_ports(port):
    with pytest.raises(ValueError, match=f'port={port!r}, expected a whole number from 1 to 65535 or None'):
        check_servable(port)


def test_a_port_that_is_taken(plain, held_port):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(('127.0.0.1', held_port))
        taken.listen()
        for use in (check_servable, lambda port: serve_editor(plain, port=port)):
            with pytest.raises(ValueError, match=f'port={held_port} cannot be used .*: name another one, or none'):
                use(held_port)
    check_servable(held_port)


def test_a_port_is_found(plain, server):
    second = serve_editor(plain)
    assert second.url != server.url and ask(second, '')[0] == 200
    second.close()


def test_a_port_is_given_back(plain, held_port):
    server = serve_editor(plain, port=held_port)
    assert ask(server, '')[0] == 200
    server.close()
    server.close()
    check_servable(held_port)


def test_it_ends_at_once_though_the_model_works(plain, files, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def synthesize(*arguments, **named):
        began.set()
        assert go_on.wait(PATIENCE)
        raise RuntimeError('too late')

    monkeypatch.setattr(type(plain), 'synthesize', synthesize)
    server = serve_editor(plain, [LayoutFile('first', *files[:2])])
    token = json.loads(ask(server, 'sessions', 'POST', Origin=server.url)[2])['session']
    body = b'{"name": "first"}'
    waiting = threading.Thread(target=lambda: ask(server, f'sessions/{token}/open', 'POST', body, Origin=server.url,
                                                  Content_Type='application/json'), daemon=True)
    waiting.start()
    assert began.wait(PATIENCE) and server.working
    server.close()
    server._thread.join(PATIENCE)
    assert not server._thread.is_alive() and server.working
    go_on.set()


def test_without_starlette(monkeypatch):
    monkeypatch.setitem(sys.modules, 'starlette', None)
    with pytest.raises(ValueError, match=r"needs Starlette, .*: pip install 'semsynth\[edit\]'"):
        check_servable(None)
