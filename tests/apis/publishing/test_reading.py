"""Reading of published folders."""

import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from helpers.facts import facts
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.publishing.folder import is_published
from semsynth.apis.publishing.reading import read_published


def test_what_is_read(folder):
    published = read_published(folder)
    data = published.config.layouts
    assert published.folder == folder and published.weights == folder / 'model.safetensors'
    assert published.config.model.generator.type == 'SPADEGenerator'
    assert data.classes[:2] == ['road', 'sidewalk'] and data.things == ['person', 'car'] and data.size == [64, 64]
    assert data.palette[0] == [128, 64, 128] and data.id_map['26'] == 11
    assert data.suffixes['label'] == ['_gtFine_labelIds.png']
    assert published.facts['iterations'] == 7 and published.facts['dataset'] == 'ToyCityDataset'


def test_which_folders_are_published_ones(folder, tmp_path):
    assert is_published(folder)
    assert not is_published(tmp_path) and not is_published(folder / 'config.json')
    (tmp_path / 'config.json').write_text('{"model_type": "bert"}')  # another library's
    assert not is_published(tmp_path)


@pytest.mark.parametrize('name', ['config.json', 'model.safetensors'])
def test_missing_files(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileNotFoundError, match=facts(folder, name)):
        read_published(folder)
    with pytest.raises(FileNotFoundError, match='There is no folder'):
        read_published(folder / 'x')


@pytest.mark.parametrize('name', ['config.json', 'model.safetensors', 'styles.npz'])
def test_links_are_not_followed_but_those_of_the_hubs_cache(folder, tmp_path, name):
    blob = tmp_path / 'models--a--b/blobs/1234'
    blob.parent.mkdir(parents=True)
    shutil.copy(folder / name if (folder / name).is_file() else folder / 'config.json', blob)
    (folder / name).unlink(missing_ok=True)
    (folder / name).symlink_to(blob)
    with pytest.raises(ValueError, match=facts(folder / name, 'is a link')):
        read_published(folder)
    cached = tmp_path / 'models--a--b/snapshots/main'
    cached.parent.mkdir()
    shutil.move(folder, cached)
    assert read_published(cached).folder == cached


def test_torn_files(folder):
    weights = folder / 'model.safetensors'
    whole = weights.read_bytes()
    for content in (b'', whole[:100], whole[:-1], whole + b'x', b'\xff' * 8 + whole[8:], b'PK\x03\x04'):
        weights.write_bytes(content)
        with pytest.raises(ValueError, match=r'model\.safetensors is torn'):
            read_published(folder)


def test_weights_are_compared_by_name_shape_and_kind(folder):
    path = folder / 'model.safetensors'
    weights = load_file(path)
    name = next(name for name, value in weights.items() if value.ndim == 4)
    others = [{**weights, 'x': torch.ones(1)}, {**weights, name: weights[name][:1].clone()},
              {**weights, name: weights[name].long()}, {each: value for each, value in weights.items() if each != name}]
    for other, about in zip(others, ('x', name, name, name), strict=True):
        save_file(other, path)
        with pytest.raises(ValueError, match=facts('model.safetensors does not fit', 'config.json', about)):
            read_published(folder)


def test_weights_that_are_not_finite(folder):
    path = folder / 'model.safetensors'
    weights = load_file(path)
    next(iter(weights.values())).view(-1)[0] = float('nan')
    save_file(weights, path)
    with pytest.raises(ValueError, match=facts('model.safetensors', 'not finite')):
        Inferencer(folder, device='cpu')
