import os
from pathlib import Path

import pytest

from helpers.facts import facts
from semsynth.writing import check_out_file, check_out_folder


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A folder of two label maps, which is the current folder's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'labels/val').mkdir(parents=True)
    for name in ('a', 'b'):
        (tmp_path / f'labels/val/{name}.png').write_bytes(b'map')
    return [Path('labels/val/a.png'), Path('labels/val/b.png')]


def test_new_places_are_fine_and_not_made(data, tmp_path):
    assert check_out_file('new/results.json', data) == Path('new/results.json')
    assert check_out_folder('new/deep', data, ['labels/val']) == Path('new/deep')
    assert check_out_folder(tmp_path, data, ['labels']) == tmp_path
    assert [path.name for path in tmp_path.iterdir()] == ['labels']


def test_a_file_may_replace_its_like(data):
    Path('results.json').write_text('{}')
    check_out_file('results.json', [*data, None, dict(no='path')])


def test_a_file_that_is_read_is_refused_by_any_name(data, tmp_path):
    os.link('labels/val/a.png', 'hard.png')
    Path('soft.png').symlink_to('labels/val/a.png')
    Path('maps').symlink_to('labels/val')
    for name in ('labels/val/a.png', tmp_path / 'labels/val/a.png', 'labels/../labels/val/a.png', 'hard.png',
                 'soft.png', 'maps/a.png', 'absent/../labels/val/a.png'):
        with pytest.raises(ValueError, match=r'is read, and writing would replace it: name another file'):
            check_out_file(name, data)


def test_names_are_compared_as_the_disk_compares_them(data):
    if not Path('LABELS').exists():
        check_out_file('LABELS/VAL/A.PNG', data)
        return
    with pytest.raises(ValueError, match='is read'):
        check_out_file('LABELS/VAL/A.PNG', data)


def test_a_folder_that_is_read_is_refused_by_any_name(data, tmp_path):
    Path('maps').symlink_to('labels/val')
    for name in ('labels/val', tmp_path / 'labels/val', 'labels/val/../val', 'maps', 'maps/', 'labels/val/absent/..'):
        for reads in (data, data[:1], ['labels/val'], ['absent', 'labels/val']):
            with pytest.raises(ValueError, match=facts('folder that is read')):
                check_out_folder(name, reads)


def test_links_to_what_is_read_are_refused(data):
    for link in (os.link, lambda source, path: Path(path).symlink_to(Path(source).absolute())):
        Path('out').mkdir(exist_ok=True)
        Path('out/a.png').unlink(missing_ok=True)
        link('labels/val/a.png', 'out/a.png')
        check_out_folder('out', data, names=['b.png', 'deep/a.png'])
        with pytest.raises(ValueError, match=facts('out/a.png', 'labels/val/a.png')):
            check_out_folder('out', data, names=['b.png', 'a.png'])


def test_the_folder_above_is_fine(data):
    check_out_folder('labels', ['labels/val', *data])
    check_out_folder('.', ['labels/val', *data])


def test_data_sets_are_kept(data):
    Path('maps').symlink_to('labels')
    for name in ('labels', 'labels/val', 'labels/new', 'labels/val/new/deep', 'maps/new'):
        with pytest.raises(ValueError, match='is or lies in labels, which holds the data set'):
            check_out_folder(name, kept=['labels', 'absent'])
    check_out_folder('labels/new', kept=['labels/val'])


def test_a_file_where_a_folder_is_wanted_and_the_other_way_round(data):
    with pytest.raises(ValueError, match=r'a\.png is a file, but results go into a folder: name another one'):
        check_out_folder('labels/val/a.png')
    with pytest.raises(ValueError, match=facts('val is a folder', 'labels/val/')):
        check_out_file('labels/val')
    for check in (check_out_file, check_out_folder):
        with pytest.raises(ValueError, match=facts('labels/val/a.png', 'name another')):
            check('labels/val/a.png/deep/out')


def test_links_in_a_circle(data):
    Path('one').symlink_to('two')
    Path('two').symlink_to('one')
    for check in (check_out_file, check_out_folder):
        with pytest.raises(ValueError, match=r'one (can be no path|is a file)'):
            check('one')
        with pytest.raises(ValueError, match='one'):
            check('one/out')


def test_links_to_nothing_are_files(data):
    Path('link').symlink_to('nowhere')
    with pytest.raises(ValueError, match='link is a file, but results go into a folder'):
        check_out_folder('link')


def test_rights_are_looked_at_before(data, monkeypatch):
    monkeypatch.setattr('os.access', lambda path, mode: Path(path).name != 'labels')
    for check in (check_out_file, check_out_folder):
        with pytest.raises(ValueError, match=facts('labels', 'name another')):
            check('labels/new/out')


@pytest.mark.parametrize('name', ['a' * 300, 'a\0b'])
def test_impossible_names(data, name):
    for check in (check_out_file, check_out_folder):
        with pytest.raises(ValueError, match='can be no path'):
            check(name)
