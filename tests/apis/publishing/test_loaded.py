"""A published folder stands wherever a checkpoint does."""

import os
import shutil

import pytest
import torch
from PIL import Image

from helpers.facts import facts
from semsynth.apis.evaluation import evaluate
from semsynth.apis.inferencer import Inferencer
from semsynth.config_files import UnknownConfigError
from semsynth.errors import DataError


def image_of(result):
    return result['outputs']['image']


@pytest.fixture
def labels(whole):
    return sorted((whole[0] / 'samples/labels').iterdir())[0]


def test_a_folder_is_a_model(whole, labels, monkeypatch):
    """No data set is built for it; the instance maps of its samples are found."""
    folder, inferencer = whole
    objects = folder / 'samples/instances' / labels.name.replace('labelIds', 'instanceIds')
    monkeypatch.setattr('semsynth.stored_config.DATASETS', None)
    expected = image_of(inferencer(labels, objects))
    for loaded in (Inferencer(folder, device='cpu'), Inferencer.from_pretrained(folder, device='cpu')):
        assert torch.equal(image_of(loaded(labels)), expected)
        assert loaded.classes == inferencer.classes and loaded.reader.things == inferencer.reader.things
    with Image.open(labels) as opened:
        assert torch.equal(image_of(loaded(opened, objects)), expected)


def test_one_of_ours_has_a_name(whole, labels, monkeypatch, tmp_path):
    monkeypatch.setattr('semsynth.config_files.OWN', tmp_path)
    shutil.copytree(whole[0], tmp_path / 'models/toycity')
    (tmp_path / 'models/a.py').touch()
    objects = whole[0] / 'samples/instances' / labels.name.replace('labelIds', 'instanceIds')
    for load in (Inferencer, Inferencer.from_pretrained):
        inferencer = load('semsynth::models/toycity', device='cpu')
        assert torch.equal(image_of(inferencer(labels)), image_of(whole[1](labels, objects)))
    with pytest.raises(UnknownConfigError, match=facts('models/toycite:', 'did you mean semsynth::models/toycity')):
        Inferencer('semsynth::models/toycite')


def test_options_apply(whole, labels):
    inferencer = Inferencer(whole[0], device='cpu', cfg_options={'layouts.size': (32, 48)})
    assert inferencer(labels).image.size == (48, 32)


def test_what_is_no_model(whole, tmp_path):
    with pytest.raises(FileNotFoundError, match=facts(tmp_path, 'no published folder', 'config.json')):
        Inferencer(tmp_path)
    for age, name in enumerate(('iter_9.pth', 'iter_10.pth')):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (age, age))
    with pytest.raises(FileNotFoundError, match=facts('config.json', f'such as {tmp_path}/iter_10.pth.')):
        Inferencer(tmp_path)
    with pytest.raises(FileNotFoundError, match=facts('no checkpoint toycity', 'did you mean', 'models/toyc')):
        Inferencer('toycity')
    with pytest.raises(FileNotFoundError, match=facts('no checkpoint toy:', 'semsynth::models/toycity')):
        Inferencer('toy')
    with pytest.raises(ValueError, match=facts('is no config', 'b.pth')):
        Inferencer(whole[0], 'b.pth')


def test_it_is_judged_where_it_was_made(whole):
    with pytest.raises(ValueError, match=facts('published', 'README.md', 'semsynth test CONFIG', 'model.safetensors')):
        evaluate(whole[0])


def test_the_command_synthesises_its_samples(folder, run_tool, tmp_path):
    code, out, err = run_tool('synthesize', folder, '--out', tmp_path / 'out', '--device', 'cpu')
    assert code == 0 and '2 scenes' in out, err
    assert {'scene_1.png', 'scene_2.png'} <= {path.name for path in (tmp_path / 'out').iterdir()}
    shutil.rmtree(folder / 'samples')
    code, _, err = run_tool('synthesize', folder, '--out', tmp_path / 'more', '--device', 'cpu')
    assert code == 2 and 'brings no samples: name label maps' in err and not (tmp_path / 'more').exists()


def test_samples_to_try_it_on(whole):
    folder, model = whole[0], Inferencer(whole[0])
    assert list(model.samples) == sorted((folder / 'samples/labels').iterdir()) and model.samples
    assert model(model.samples[0]).image.size[0] > 0


def test_ids_of_no_class_are_told_with_those_that_there_are(whole, tmp_path):
    Image.new('L', (64, 32), 99).save(tmp_path / 'map.png')
    with pytest.raises(DataError, match=facts('map.png', 'id 99', 'no class of this model', '7 road', '26 car')):
        Inferencer(whole[0])(tmp_path / 'map.png')
