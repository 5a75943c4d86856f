"""Photos by the names that annotations give them."""

from pathlib import Path

import pytest

from semsynth.data.importing.photos import Photos, photos_below, short_names, split_of_path
from semsynth.errors import DataError

FILE = Path('set/json/a.json')


def photos(*names):
    return Photos(Path('set', name) for name in names)


@pytest.mark.parametrize('name', [
    'a.jpg', '..\\a.jpg', 'C:\\Users\\me\\a.jpg', '/home/me/a.jpg', 'images/a.jpg', '/data/upload/1/5f3e1d2c-a.jpg',
    '5f3e1d2c-a.jpg', '/data/local-files/?d=images/a.jpg', 's3://bucket/a.jpg', 'https://x.org/p/a.jpg?key=1'])
def test_every_way_to_say_a_name(name):
    assert photos('images/a.jpg', 'images/b.jpg', 'images/a.json').find(name, FILE) == Path('set/images/a.jpg')


def test_names_of_addresses_are_decoded():
    assert photos('ä b.jpg').find('https://x.org/%C3%A4%20b.jpg', FILE) == Path('set/ä b.jpg')


def test_accents_may_be_composed_or_not():
    assert photos('a\u0308.jpg').find('\u00e4.jpg', FILE) == Path('set/a\u0308.jpg')


def test_of_several_the_one_that_is_called_alike():
    both = photos('train/a.jpg', 'val/a.jpg', 'json/a.jpg')
    assert both.find('val/a.jpg', FILE) == Path('set/val/a.jpg')
    assert both.find('../train/a.jpg', FILE) == Path('set/train/a.jpg')
    assert both.find('a.jpg', FILE) == Path('set/json/a.jpg')  # beside the file
    with pytest.raises(DataError, match=r'other/a\.jpg .*train.*val.*--photos'):
        both.find('other/a.jpg', FILE)


def test_beside_the_file_is_beside_it_whichever_way_it_was_named(monkeypatch, tmp_path):
    """A folder called ``labelme`` is one of annotations: photos are looked for beside it, from the root."""
    for name in ('labelme/a.json', 'labelme/a.jpg', 'coco/a.jpg'):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    monkeypatch.chdir(tmp_path / 'coco')
    source = Path('../labelme')
    assert Photos(photos_below(source)).find('a.jpg', source / 'a.json').resolve() == tmp_path / 'labelme/a.jpg'


@pytest.mark.parametrize('name', ['b.jpg', '', '..', 'a', '/etc/passwd', '/data/upload/?d='])
def test_there_is_none(name):
    assert photos('a.jpg').find(name, FILE) is None


def test_photos_beside_a_folder_of_annotations(tmp_path):
    for name in ('export/annotations/x.json', 'export/images/a.jpg', 'b.jpg'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b'')
    export = tmp_path / 'export'
    expected = {export / 'annotations/x.json', export / 'images/a.jpg'}
    for path in (export, export / 'annotations', export / 'annotations/x.json'):
        assert set(photos_below(path)) == expected


def test_short_names():
    assert short_names([Path('a/x.jpg'), Path('b/y.v2.jpg')]) == ['x', 'y.v2']
    assert short_names([Path('s/a/x.jpg'), Path('s/b/x.jpg')]) == ['a/x', 'b/x']
    with pytest.raises(DataError, match=r'x\.jpg .*x\.png'):
        short_names([Path('a/x.jpg'), Path('a/x.png')])


@pytest.mark.parametrize(('path', 'split'), [
    ('train/_annotations.coco.json', 'train'), ('valid/a.json', 'val'), ('instances_val2017.json', 'val'),
    ('gtFine/test/city/a.json', 'test'), ('test/training.json', 'train'), ('a.json', None), ('trains/a.json', None)])
def test_split_of_path(path, split):
    assert split_of_path(path) == split
