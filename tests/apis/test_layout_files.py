import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsynth.apis.layout_files import Beside, add_instances, find_layouts
from semsynth.data import ADE20KDataset, PairedFolderDataset
from semsynth.data.layout_reader import LayoutReader
from semsynth.errors import DataError


@pytest.fixture
def files(tmp_path):
    """Makes files of zeros by their names; their root."""
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.zeros((2, 2), np.uint8)).save(path)
        return tmp_path
    return make


def dataset(root, **arguments):
    return LayoutReader(**PairedFolderDataset(str(root), 'train', ['a', 'b'], lazy_init=True, **arguments).layout_facts)


def test_photos_and_instance_maps_are_found_whatever_the_case_and_form_of_their_names(files):
    decomposed = unicodedata.normalize('NFD', 'é')
    root = files('labels/sub/é.png', 'labels/b.png', 'labels/b.tif', f'photos/sub/{decomposed}.JPG', 'photos/b.jpeg',
                 'photos/sub/deep/é.png')
    data = dataset(root)
    found = {layout.name: layout for layout, _ in find_layouts(data, [root / 'labels/sub', root / 'labels/b.png'])}
    assert list(found) == ['é', 'b']
    photos, objects = Beside(data, 'photo'), Beside(data, 'instance')
    assert Path(photos.find(found['é'], root / 'photos/sub')).name.endswith('.JPG')
    assert photos.find(found['b'], root / 'photos') == str(root / 'photos/b.jpeg')
    assert photos.find(found['b'], root / 'nowhere') is None
    assert photos.expected(found['b'], root / 'photos') == root / 'photos/b.png'
    assert objects.find(found['b'], root / 'labels') == str(root / 'labels/b.tif')  # ids of 32 bits
    assert objects.find(found['é'], root / 'labels/sub') is None  # not the label map itself


def test_endings_of_the_data_set_count(files):
    root = files('labels/a_mask.png', 'photos/a.png')
    data = dataset(root, endings=dict(label='_mask.png'))
    for source in (root / 'labels', root / 'labels/a_mask.png'):
        [(layout, _)] = find_layouts(data, [source])
        assert layout.name == 'a' and Beside(data, 'photo').find(layout, root / 'photos') == str(root / 'photos/a.png')


def test_plain_names_will_do_where_none_ends_as_the_data_sets(files):
    root = files('maps/a.png', 'maps/b.tif', 'maps/photo.jpg', 'objects/a.png', 'photos/a.jpeg')
    data = dataset(root, endings=dict(label='_mask.png', instance='_ids.png', photo='_photo.png'))
    found = find_layouts(data, [root / 'maps'])
    assert [layout.name for layout, _ in found] == ['a', 'b']
    layout = found[0][0]
    assert Beside(data, 'instance', apart=True).find(layout, root / 'objects') == str(root / 'objects/a.png')
    assert Beside(data, 'photo', apart=True).find(layout, root / 'photos') == str(root / 'photos/a.jpeg')
    assert Beside(data, 'instance').find(layout, root / 'objects') is None
    (root / 'maps/c_mask.png').write_bytes(b'')
    assert [layout.name for layout, _ in find_layouts(data, [root / 'maps'])] == ['c']


def instances_for(reader, *inputs):
    found = find_layouts(reader, inputs)
    add_instances(reader, found)
    return {layout.name: layout.instance for layout, _ in found}


@pytest.mark.parametrize('place', ['', '/day', '/day/noon'])
def test_instance_maps_lie_as_those_of_the_data_set(files, place, monkeypatch):
    """A published model's own are ``labels`` and ``instances``; a training set's may have a split below them."""
    root = files(f'mine/labels{place}/a.png', f'mine/instances{place}/a.png', f'labels/mine/labels{place}/b.png')
    published = LayoutReader(['a', 'b'], data_root=str(root / 'published/samples'),
                             folders=dict(label='labels', instance='instances'), size=(2, 2))
    training = dataset(root / 'elsewhere', instances=True)
    for reader in (published, training):
        expected = {'a': str(root / f'mine/instances{place}/a.png')}
        assert instances_for(reader, root / f'mine/labels{place}') == expected
        assert instances_for(reader, root / f'mine/labels{place}/a.png') == expected
        assert instances_for(reader, root / f'labels/mine/labels{place}') == {'b': None}  # there is no such folder
        monkeypatch.chdir(root / f'mine/labels{place}')
        assert instances_for(reader, '.') == expected
    files(f'mine/labels{place}/c.png')
    with pytest.raises(DataError, match=r'1 of the 2 layouts have none, such as .*c\.png: there is no .*instances'):
        instances_for(published, root / f'mine/labels{place}')


def test_data_sets_without_instance_maps(files):
    data = LayoutReader(**ADE20KDataset('nowhere', 'training', lazy_init=True).layout_facts)
    root = files('a.png', 'objects/a.tif')
    [(layout, folder)] = find_layouts(data, [root / 'a.png'])
    assert Beside(data, 'instance').find(layout, folder) is None
    assert Beside(data, 'instance').find(layout, root / 'objects') == str(root / 'objects/a.tif')
