"""The API of the editor's page, over HTTP."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from helpers.editor import SKY, unpacked
from helpers.ranks import PATIENCE
from semsynth.apis.layout_files import LayoutFile
from semsynth.editor.page import serve_editor

pytest.importorskip('starlette', reason="Starlette is not installed: pip install 'semsynth[edit]'")


class Client:
    """What a page of one tab asks the server."""

    def __init__(self, server):
        self.server = server
        self.path = f'sessions/{json.loads(self.ask("sessions", b""))["session"]}'

    def ask(self, path, body=None, kind='application/json', status=None):
        """The answer; of a refusal, with the expected status, its sentence."""
        headers = {'Origin': self.server.url, 'Content-Type': kind}
        request = urllib.request.Request(f'{self.server.url}/{path}', body, headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                assert status is None
                return answer.read()
        except urllib.error.HTTPError as error:
            assert error.code == status
            return json.loads(error.read())['message']

    def post(self, path, content, status=None):
        return self.ask(f'{self.path}/{path}', json.dumps(content).encode(), status=status)

    def form(self, path, status=None, files=(), **fields):
        parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
                 for name, value in fields.items()]
        parts += [f'Content-Disposition: form-data; name="{name}"; filename="{Path(file).name}"\r\n\r\n'.encode()
                  + Path(file).read_bytes() for name, file in files]
        body = b''.join(b'--x\r\n' + part + b'\r\n' for part in parts) + b'--x--\r\n'
        return self.ask(f'{self.path}/{path}', body, 'multipart/form-data; boundary=x', status)


@pytest.fixture(scope='module')
def server(inferencer, files):
    server = serve_editor(inferencer, [LayoutFile('deep/first', *files[:2])])
    yield server
    server.close()


@pytest.fixture
def client(server):
    return Client(server)


def stroke(x):
    return dict(operation='brush', points=[[x, 5]], radius=2, class_index=SKY)


def test_a_session_from_open_to_download(client, tmp_path):
    assert unpacked(client.post('edit', []))['name'] is None
    state = unpacked(client.post('open', dict(name='deep/first')))
    state = unpacked(client.post('edit', [stroke(5), stroke(20)]))
    assert state['label'][5, 5] == state['label'][5, 20] == SKY and state['undo']
    assert client.ask(f'{client.path}/image')[:2] == b'\xff\xd8'
    (tmp_path / 'mine.npz').write_bytes(client.ask(f'{client.path}/files/project'))
    state = unpacked(client.post('open', dict(width=50, height=40, class_index=SKY)))
    assert (state['label'] == SKY).all() and state['label'].shape == (40, 50)
    again = unpacked(client.form('open', files=[('project', tmp_path / 'mine.npz')]))
    assert again['name'] == 'mine' and again['label'][5, 20] == SKY


def test_a_photo_is_kept_and_files_are_deleted(client, server, files):
    kinds = ('label', 'instance', 'photo')
    state = unpacked(client.form('open', files=zip(kinds, files, strict=True), keep_photo='true', feather=3))
    assert state['photo'] and state['feather'] == 3
    kept, whole = (client.ask(f'{client.path}/image{query}') for query in ('', '?whole=1'))
    assert kept != whole and list(Path(server._uploads.name).iterdir()) == []


def test_a_list_that_comes_twice_is_applied_once(client):
    client.post('open', dict(name='deep/first'))
    for number in (1, 1, 2):
        state = unpacked(client.post(f'edit?batch={number}', [stroke(5 + 10 * number)]))
    assert client.post('edit', [dict(operation='undo')]) and state['label'][5, 25] == SKY
    assert unpacked(client.post('edit', [dict(operation='undo')]))['undo'] is False


def test_mistakes_are_told_in_a_sentence_and_change_nothing(client, files, tmp_path):
    before = unpacked(client.post('open', dict(name='deep/first')))
    torn = tmp_path / 'torn.png'
    torn.write_bytes(b'PNG?')
    assert client.form('open', 422, [('label', torn)]).startswith('torn.png ')
    assert 'label map' in client.form('open', 422)
    assert 'whole number' in client.form('open', 422, [('photo', files[2])], feather='wide')
    assert 'canvas is 0' in client.post('open', dict(width=0, height=5), 422)
    assert 'no layout' in client.post('open', dict(name='../../etc/passwd'), 422)
    assert 'without a latent' in client.form('look', 422, [('photo', files[2])])
    assert 'JSON' in client.post('edit', 'x', 400) and 'operation' in client.post('edit', [{}], 400)
    after = unpacked(client.post('edit', []))
    assert after['version'] == before['version'] and np.array_equal(after['label'], before['label'])


def test_sessions_are_apart(client, server):
    other = Client(server)
    client.post('open', dict(name='deep/first'))
    assert unpacked(other.post('edit', []))['name'] is None
    assert 'older than the server' in client.ask('sessions/guessed/state', status=404)
    assert 'no file' in client.ask(f'{client.path}/files/config', status=404)


def test_a_model_that_fails_is_told_in_a_sentence(client, monkeypatch, inferencer):
    client.post('open', dict(name='deep/first'))
    client.post('edit', [stroke(5)])
    monkeypatch.setattr(type(inferencer), 'synthesize', lambda *_, **named: (_ for _ in ()).throw(
        RuntimeError('no memory\nat line 5')))
    assert client.ask(f'{client.path}/image', status=500) == 'That failed (RuntimeError: no memory).'
