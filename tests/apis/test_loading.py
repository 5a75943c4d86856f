"""A trained model from its checkpoint alone."""

import shutil

import pytest
import torch
from PIL import Image

from helpers.data_sets import scenes_of
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis import train
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer
from semsynth.editor import Editor
from semsynth.stored_config import layout_facts
from semsynth.weights import load_checkpoint


@pytest.fixture(scope='module')
def config(toycity):
    return narrow('configs/ecgan/ecgan_toycity.py', toycity)


@pytest.fixture
def save(config, tmp_path):
    """Saves a checkpoint of the config, changed, and with a meta of its own."""
    torch.manual_seed(0)
    weights = build_for_inference(config, None).state_dict()

    def run(change=str, **meta):
        path = tmp_path / 'model.pth'
        torch.save(dict(state_dict=weights, meta=dict(cfg=change(config.pretty_text), **meta)), path)
        return path
    return run


@pytest.fixture
def labels(toycity, tmp_path):
    """A label map without others beside it."""
    path = sorted((toycity / 'gtFine/val').rglob('*_labelIds.png'))[0]
    return shutil.copy(path, tmp_path / 'labels.png')


def test_a_checkpoint_alone_is_what_it_is_with_its_config(config, save, toycity):
    path, maps = save(), toycity / 'gtFine/val'
    alone, both = (Inferencer(*each, device='cpu') for each in ((path,), (config, path)))
    for one, other in zip(alone(maps), both(maps), strict=True):
        assert one.name == other.name and torch.equal(one['outputs']['image'], other['outputs']['image'])
    assert alone.find([maps]) == both.find([maps])  # the data set's own folders are known


@pytest.mark.slow
def test_a_trained_checkpoint_says_what_its_layouts_mean(config, tmp_path):
    train(config, work_dir=tmp_path / 'run')
    path = tmp_path / 'run/iter_1.pth'
    stored = load_checkpoint(path)
    assert stored['meta']['layouts'] == layout_facts(config)


def test_neither_data_nor_data_set_are_needed(config, save, labels, toycity):
    hide = lambda text: text.replace('ToyCityDataset', 'HiddenDataset').replace(str(toycity), 'nowhere')
    known = Inferencer(save(), device='cpu')
    hidden = Inferencer(save(hide, layouts=layout_facts(config)), device='cpu')
    assert torch.equal(hidden(labels)['outputs']['image'], known(labels)['outputs']['image'])
    assert hidden.classes == known.classes and hidden.reader.palette == known.reader.palette
    editor = Editor(hidden)
    editor.open(labels)
    editor.brush([(10, 10), (30, 30)], 5, editor.classes.index('sky'))
    assert editor.image.shape == (64, 64, 3)


def test_older_checkpoints_know_names_and_colours_at_least(config, save, labels):
    """Their ids are taken for indices."""
    dataset = scenes_of(config)
    path = save(lambda text: text.replace('ToyCityDataset', 'HiddenDataset'), dataset_meta=dataset.metainfo)
    inferencer = Inferencer(path, device='cpu')
    assert inferencer.classes == dataset.metainfo['classes'] and inferencer.reader.things == {10, 11}
    with Image.open(labels) as image, pytest.raises(ValueError, match=facts('no classes of this model', '0 road')):
        inferencer(image)
    assert inferencer.synthesize(dataset[0]['inputs']['label'].numpy()).image.size == (64, 64)


def test_options_apply(save, labels):
    inferencer = Inferencer(save(), device='cpu', cfg_options={'test_dataloader.dataset.size': (32, 48)})
    assert inferencer(labels).image.size == (48, 32)


def test_what_cannot_be_loaded_is_explained(config, save, tmp_path):
    with pytest.raises(FileNotFoundError, match=facts('nowhere.pth')):
        Inferencer(tmp_path / 'nowhere.pth')
    with pytest.raises(ValueError, match=facts('a.pth', 'is no config', 'b.pth')):
        Inferencer(tmp_path / 'a.pth', tmp_path / 'b.pth')
    path = save(lambda text: text.replace("'EdgeGuidedHead'", "'strangers.Head'"))
    with pytest.raises(KeyError, match=facts('strangers.Head', 'custom_imports.imports=MODULE')):
        Inferencer(path)
    torch.save(load_checkpoint(path)['state_dict'], path)
    with pytest.raises(ValueError, match=facts('model.pth', 'config')):
        Inferencer(path)


def test_an_untrained_model_has_no_checkpoint(config, tmp_path):
    config.dump(tmp_path / 'own.py')
    inferencer = Inferencer(tmp_path / 'own.py', device='cpu')
    with pytest.raises(ValueError, match='no checkpoint'):
        inferencer.require_checkpoint()
