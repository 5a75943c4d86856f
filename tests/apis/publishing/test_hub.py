"""Pushing and loading, against a client that stands for the Hugging Face Hub's."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from helpers.facts import facts
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.publishing import hub
from semsynth.apis.publishing.publish import publish


@pytest.fixture
def client(monkeypatch):
    """A stubbed huggingface_hub; it says what it was asked."""
    class HfApi:
        calls = []
        fails = None

        def __getattr__(self, name):
            def call(*args, **kwargs):
                self.calls.append((name, args, kwargs))
                if name == self.fails:
                    raise OSError('401 Client Error\nmore')
                return f'https://hub.example/{args[0]}' if args else None
            return call

    module = ModuleType('huggingface_hub')
    module.HfApi = HfApi
    module.snapshot_download = HfApi().snapshot_download
    monkeypatch.setitem(sys.modules, 'huggingface_hub', module)
    find = importlib.util.find_spec
    monkeypatch.setattr(hub.importlib.util, 'find_spec', lambda name: name == 'huggingface_hub' or find(name))
    return HfApi


def test_push(client, whole, tmp_path):
    out = publish(whole[1], tmp_path / 'toy', scenes=0, push='user/toy')
    names = [name for name, _, _ in client.calls]
    assert names == ['whoami', 'create_repo', 'upload_folder']
    assert client.calls[1][1:] == (('user/toy',), dict(exist_ok=True))
    options = client.calls[2][2]
    assert options['repo_id'] == 'user/toy' and options['folder_path'] == out
    assert {'config.json', 'model.safetensors', 'README.md', 'samples/*'} <= set(options['allow_patterns'])
    assert "from_pretrained('user/toy')" in Path(out, 'README.md').read_text()


def test_nobody_is_logged_in(client, whole, tmp_path):
    client.fails = 'whoami'
    with pytest.raises(ValueError, match=facts('401 Client Error', 'hf auth login')) as caught:
        publish(whole[1], tmp_path / 'toy', push='user/toy')
    assert '\n' not in str(caught.value) and not list(tmp_path.iterdir())


def test_an_upload_fails(client, whole, tmp_path):
    client.fails = 'upload_folder'
    with pytest.raises(ValueError, match=facts('is written', 'user/toy', 'hf upload user/toy')):
        publish(whole[1], tmp_path / 'toy', scenes=0, push='user/toy')
    assert (tmp_path / 'toy/config.json').is_file()


def test_no_client(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(hub.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=facts('semsynth[hub]')):
        publish(whole[1], tmp_path / 'toy', push='user/toy')
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize('name', ['toy', 'a/b/c', 'https://hub.example/a/b', '../b', ''])
def test_names_of_repositories(whole, tmp_path, name):
    if name:
        with pytest.raises(ValueError, match='USER/NAME'):
            hub.check_push(name)


def test_a_model_of_the_hub(client, whole, monkeypatch):
    """Its own files alone are fetched."""
    asked = {}
    monkeypatch.setattr(sys.modules['huggingface_hub'], 'snapshot_download',
                        lambda name, **options: asked.update(options, name=name) or str(whole[0]))
    inferencer = Inferencer.from_pretrained('user/toy', revision='v1', device='cpu')
    assert (asked['name'], asked['revision']) == ('user/toy', 'v1') and inferencer.device.type == 'cpu'
    assert set(asked['allow_patterns']) == {'config.json', 'model.safetensors', 'styles.npz', 'README.md', 'samples/*'}


def test_what_the_hub_does_not_have(client, monkeypatch, tmp_path):
    client.fails = 'snapshot_download'
    with pytest.raises(ValueError, match=facts('no folder user/toy', '401 Client Error', 'hf auth login')) as caught:
        Inferencer.from_pretrained('user/toy')
    assert '\n' not in str(caught.value)
    with pytest.raises(ValueError, match=facts('no folder', str(tmp_path), 'USER/NAME')):
        Inferencer.from_pretrained(tmp_path / 'nowhere')
    monkeypatch.setattr(hub.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(ValueError, match=facts('user/toy', "pip install 'semsynth[hub]'")):
        Inferencer.from_pretrained('user/toy')
