import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from semsynth.apis.layout_files import Beside, find_layouts
from semsynth.data import ADE20KDataset, PairedFolderDataset
from semsynth.data.layout_reader import LayoutReader


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


def test_data_sets_without_instance_maps(files):
    data = LayoutReader(**ADE20KDataset('nowhere', 'training', lazy_init=True).layout_facts)
    root = files('a.png', 'objects/a.tif')
    [(layout, folder)] = find_layouts(data, [root / 'a.png'])
    assert Beside(data, 'instance').find(layout, folder) is None
    assert Beside(data, 'instance').find(layout, root / 'objects') == str(root / 'objects/a.tif')
