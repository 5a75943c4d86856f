"""A model is published and loaded again."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from helpers.facts import facts
from helpers.trained import trained
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.publishing.publish import publish
from semsynth.apis.publishing.reading import read_published
from semsynth.styles import StyleBank
from semsynth.weights import hash_weights

MODELS = dict(
    ecgan='configs/ecgan/ecgan_toycity.py', oasis='configs/oasis/oasis_toycity.py',
    latent='configs/spade/spade_vae_toycity.py', styles='configs/pix2pixhd/pix2pixhd_styles_toycity.py',
    edges='configs/pix2pixhd/pix2pixhd_edges_toycity.py', backbone='configs/ecgan/ecgan_resnet18_toycity.py')


def images(inferencer, toycity, **options):
    kind = 'leftImg8bit' if inferencer.reader.kind == 'photo' else 'gtFine'
    [layout, *_] = inferencer.find([toycity / kind / 'val'], **options)
    return {**next(inferencer.sample(layout))['outputs']}


@pytest.mark.parametrize('kind', MODELS)
def test_the_same_images(kind, toycity, tmp_path):
    inferencer = trained(MODELS[kind], toycity, tmp_path)
    own = dict(photos=toycity / 'leftImg8bit/val') if inferencer.model.style_channels else {}
    before = images(inferencer, toycity, **own)
    exact, half = (Inferencer(publish(inferencer, tmp_path / f'{half}', half=half, scenes=0), device='cpu')
                   for half in (False, True))
    for name, image in images(exact, toycity, **own).items():
        assert torch.equal(image, before[name]) and image.float().std() > 1
    stored = torch.load(inferencer.checkpoint, weights_only=True)
    rounded = {key: value.half() if value.is_floating_point() else value for key, value in stored['state_dict'].items()}
    torch.save(dict(state_dict={key: value.float() if value.is_floating_point() else value
                                for key, value in rounded.items()}), tmp_path / 'rounded.pth')
    expected = images(Inferencer(inferencer.config, tmp_path / 'rounded.pth', 'cpu'), toycity, **own)
    for name, image in images(half, toycity, **own).items():
        assert torch.equal(image, expected[name])
    assert next(half.model.parameters()).dtype == torch.float32
    sizes = [(tmp_path / f'{half}/model.safetensors').stat().st_size for half in (False, True)]
    assert sizes[1] < 0.6 * sizes[0]
    if kind == 'oasis':
        assert (expected['image'].int() - before['image'].int()).abs().float().mean() < 1


def test_no_state_of_training_and_no_path_of_the_publisher(whole, toycity):
    folder, inferencer = whole
    stored = torch.load(inferencer.checkpoint, weights_only=True)
    weights = load_file(folder / 'model.safetensors')
    assert weights.keys() == {name for name in stored['state_dict'] if name.startswith(('generator.', 'encoder.'))}
    assert all(torch.equal(value, stored['state_dict'][name]) for name, value in weights.items())
    content = b''.join(path.read_bytes() for path in folder.rglob('*') if path.is_file())
    for place in (folder.parent, toycity, inferencer.config.filename):
        assert str(place).encode() not in content
    config = json.loads((folder / 'config.json').read_text())
    assert config['model'].keys() <= {'type', 'generator', 'encoder', 'data_preprocessor', 'channels_last'}


def test_what_is_there_stays_unless_it_is_a_published_model(whole, tmp_path):
    _, inferencer = whole
    out = tmp_path / 'out'
    out.mkdir()
    (out / 'config.json').write_text('{"model_type": "bert"}')
    (out / 'model.safetensors').write_bytes(b'mine')
    with pytest.raises(ValueError, match=facts(out, 'something else than a published model')):
        publish(inferencer, out)
    assert (out / 'model.safetensors').read_bytes() == b'mine' and len(list(tmp_path.iterdir())) == 1
    (out / 'config.json').unlink()
    (out / 'model.safetensors').unlink()
    publish(inferencer, out, scenes=0)
    (out / 'LICENSE').write_text('mine')
    (out / 'styles.npz').write_text('of another model')
    publish(inferencer, out, half=True, scenes=0)
    assert sorted(path.name for path in out.iterdir()) == [
        'LICENSE', 'README.md', 'config.json', 'model.safetensors']
    assert read_published(out).facts['weights'] == 'float16' and len(list(tmp_path.iterdir())) == 1


def test_weights_too_large_for_half(toycity, tmp_path):
    inferencer = trained(MODELS['oasis'], toycity, tmp_path)
    stored = torch.load(inferencer.checkpoint, weights_only=True)
    name = next(name for name in stored['state_dict'] if name.endswith('bias'))
    stored['state_dict'][name][0] = 70_000
    torch.save(stored, inferencer.checkpoint)
    with pytest.raises(ValueError, match=facts(name, 'too large for float16')):
        publish(inferencer, tmp_path / 'out', half=True)
    assert not (tmp_path / 'out').exists() and not list(tmp_path.glob('.*'))


def test_pipelines_that_only_code_can_say(toycity, tmp_path):
    inferencer = trained(MODELS['ecgan'], toycity, tmp_path, **{'test_dataloader.dataset.flip': 0.5})
    with pytest.raises(ValueError, match=facts('RandomFlip', 'size in place of a pipeline')):
        publish(inferencer, tmp_path / 'out')


def test_a_model_without_weights(whole, toycity, tmp_path):
    with pytest.raises(ValueError, match='no checkpoint'):
        publish(Inferencer(whole[1].config, None, 'cpu'), tmp_path / 'out')


def test_what_is_published_already(whole, tmp_path):
    with pytest.raises(ValueError, match=facts(whole[0], 'is published already')):
        publish(Inferencer(whole[0], device='cpu'), tmp_path / 'out')


def test_styles_beside_the_checkpoint_are_published(toycity, tmp_path):
    inferencer = trained(MODELS['styles'], toycity, tmp_path / 'work')
    channels = inferencer.model.style_channels
    bank = StyleBank(torch.rand(3, channels), torch.tensor([10, 11, 11]), inferencer.classes,
                     np.zeros((0, 0, 0, 3), np.uint8), hash_weights(inferencer.model.encoder), settings='1234abcd')
    bank.save(tmp_path / 'work/styles.npz')
    out = publish(inferencer, tmp_path / 'out', half=True, scenes=1)
    loaded = Inferencer(out, device='cpu')  # refuses styles of another encoder, and float16 makes another one
    assert torch.equal(loaded.styles.centres, bank.centres) and loaded.styles.settings == ''
    assert 'several looks' in (out / 'README.md').read_text() and 'styles.npz' in (out / 'README.md').read_text()
    assert next(loaded.sample(loaded.find([out / 'samples/labels'])[0]))['outputs']['image'].shape == (3, 64, 64)
    replace(bank, encoder='of another').save(tmp_path / 'work/styles.npz')
    with pytest.raises(ValueError, match=facts('styles.npz', 'iter_7.pth', 'semsynth encode_styles')):
        publish(inferencer, tmp_path / 'other')
    assert not (tmp_path / 'other').exists()


def test_a_model_whose_run_had_no_test_set(toycity, tmp_path):
    """Without a judge a run drops its test and validation sets; its pictures have one."""
    inferencer = trained('configs/ecgan/ecgan_toycity.py', toycity, tmp_path / 'work')
    inferencer.config.default_hooks.pictures.dataset = inferencer.config.test_dataloader.dataset
    inferencer.config.test_dataloader = inferencer.config.val_dataloader = None
    folder = publish(inferencer, tmp_path / 'model', scenes=1)
    assert len(list((folder / 'samples/labels').iterdir())) == 1
