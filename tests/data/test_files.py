import os
import unicodedata

import numpy as np
import pytest

from helpers.facts import facts
from semsynth.data.files import find_by_stem, stem_of
from semsynth.data.pictures import read_photo
from semsynth.errors import DataError


def test_find_by_stem(tmp_path, write):
    for name in ('b/x.png', 'a.PNG', 'a.jpg', 'note.txt', '.hidden.png'):
        write(tmp_path / name, b'')
    assert find_by_stem(tmp_path, ('.png', '.jpg')) == {
        'a': [str(tmp_path / 'a.PNG'), str(tmp_path / 'a.jpg')], 'b/x': [str(tmp_path / 'b/x.png')]}
    assert find_by_stem(tmp_path, ('.png', '.jpg'), deep=False).keys() == {'a'}
    assert find_by_stem(tmp_path / 'nowhere', ('.png',)) == {}


def test_of_several_endings_the_longest_counts():
    assert stem_of('a_mask.PNG', ('.png', '_mask.png')) == 'a'
    assert stem_of('a.jpg.png', ('.jpg.png',)) == 'a'
    assert stem_of('a.jpg.png', ('.jpg',)) is None


def test_names_may_hold_spaces_commas_and_dots(tmp_path, write):
    names = ['IMG 001 (1), copy', 'v1.0.final', "it's [1]", '50%']
    for name in names:
        write(tmp_path / f'{name}.png', np.zeros((2, 2, 3), np.uint8))
    found = find_by_stem(tmp_path, ('.png',))
    assert sorted(found) == sorted(names)
    assert all(read_photo(path).shape == (2, 2, 3) for [path] in found.values())


def test_what_is_hidden_and_junk_is_no_data(tmp_path, write):
    for name in ('a.png', '.ipynb_checkpoints/a-checkpoint.png', '._a.png', '__MACOSX/._a.png', '__MACOSX/a.png',
                 'sub/.b/b.png', '@eaDir/a.png/SYNOFILE_THUMB.png', 'Thumbs.db', 'desktop.ini'):
        write(tmp_path / name, b'')
    assert find_by_stem(tmp_path, ('.png', '.db', '.ini')).keys() == {'a', 'Thumbs', 'desktop'}
    assert find_by_stem(tmp_path, ('.png',)).keys() == {'a'}
    hidden = tmp_path / '.cache'
    write(hidden / 'c.png', b'')
    assert find_by_stem(hidden, ('.png',)).keys() == {'c'}  # whoever names a hidden folder means it


def test_names_that_look_alike_are_one(tmp_path, write):
    name = 'Straße_é'
    write(tmp_path / f'images/{unicodedata.normalize("NFD", name)}.png', b'')
    write(tmp_path / f'labels/{unicodedata.normalize("NFC", name)}.png', b'')
    [photo], [label] = (find_by_stem(tmp_path / kind, ('.png',)).items() for kind in ('images', 'labels'))
    assert photo[0] == label[0] == unicodedata.normalize('NFC', name)
    assert all(os.path.exists(path) for _, [path] in (photo, label))  # noqa: PTH110, the name as it is on disk


def test_links_are_followed(tmp_path, write):
    write(tmp_path / 'elsewhere/deep/b.png', b'')
    write(tmp_path / 'elsewhere/c.png', b'')
    write(tmp_path / 'data/a.png', b'')
    (tmp_path / 'data/linked').symlink_to(tmp_path / 'elsewhere', target_is_directory=True)
    (tmp_path / 'data/d.png').symlink_to('../elsewhere/c.png')
    (tmp_path / 'all').symlink_to('data', target_is_directory=True)
    for folder in ('data', 'all'):
        assert find_by_stem(tmp_path / folder, ('.png',)).keys() == {'a', 'd', 'linked/c', 'linked/deep/b'}


@pytest.mark.parametrize('target', ['.', '..', '../..'])
def test_links_in_a_circle_are_named(tmp_path, write, target):
    write(tmp_path / 'data/train/a.png', b'')
    link = tmp_path / 'data/train/all'
    link.symlink_to(target, target_is_directory=True)
    with pytest.raises(DataError, match=facts('train/all is a link', 'remove the link')):
        find_by_stem(tmp_path / 'data/train', ('.png',))
    assert find_by_stem(tmp_path / 'data/train', ('.png',), deep=False).keys() == {'a'}
    link.unlink()
    assert find_by_stem(tmp_path / 'data/train', ('.png',)).keys() == {'a'}


def test_two_links_in_a_circle(tmp_path):
    for name, other in (('a', 'b'), ('b', 'a')):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'other').symlink_to(f'../{other}', target_is_directory=True)
    with pytest.raises(DataError, match=r'is a link to .*: remove the link'):
        find_by_stem(tmp_path / 'a', ('.png',))


def test_a_link_to_nowhere_is_named_by_who_opens_it(tmp_path, write):
    (tmp_path / 'a.png').symlink_to('gone/a.png')
    [path] = find_by_stem(tmp_path, ('.png',))['a']
    with pytest.raises(DataError, match=facts('a.png is a link', 'gone/a.png', 'restore', 'remove the link')):
        read_photo(path)
    write(tmp_path / 'gone/a.png', np.zeros((2, 2, 3), np.uint8))
    assert read_photo(path).shape == (2, 2, 3)
    (tmp_path / 'a.png').unlink()
    assert 'a' not in find_by_stem(tmp_path, ('.png',))


def test_folders_that_may_not_be_listed(tmp_path, write, monkeypatch):
    write(tmp_path / 'sub/a.png', b'')

    def scandir(folder):
        raise PermissionError(13, 'Permission denied', str(folder))

    monkeypatch.setattr('semsynth.data.files.os.scandir', scandir)  # root may list any folder
    with pytest.raises(DataError, match=facts('Permission denied', 'chmod -R u+rX ')):
        find_by_stem(tmp_path, ('.png',))
