import fcntl

import pytest

from helpers.facts import facts
from semsynth.data.importing.place import check_free, folder_of_import, write_note


def imported(out, text='config'):
    with folder_of_import(out) as folder:
        (folder / 'images').mkdir()
        (folder / f'images/{text}.png').touch()
        write_note(folder, dict(format='made'), {'mine.py': text})


def test_a_folder_appears_when_it_is_whole(tmp_path):
    out = tmp_path / 'data/mine'
    with folder_of_import(out) as folder:
        (folder / 'images').mkdir()
        assert not out.exists() and folder.parent == out.parent
    assert sorted(path.name for path in out.iterdir()) == ['images']
    assert [path.name for path in out.parent.iterdir()] == ['mine']


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_nothing_is_left_of_one_that_fails(tmp_path, error):
    imported(tmp_path / 'mine')
    with pytest.raises(error), folder_of_import(tmp_path / 'mine') as folder:
        (folder / 'images').mkdir()
        raise error
    assert [path.name for path in tmp_path.iterdir()] == ['mine']
    assert (tmp_path / 'mine/mine.py').read_text() == 'config'


def test_what_a_killed_one_left_is_removed(tmp_path):
    (tmp_path / '.mine.importing/images').mkdir(parents=True)
    (tmp_path / '.mine.importing/images/old.png').touch()
    (tmp_path / '.mine.replaced').mkdir()
    imported(tmp_path / 'mine')
    imported(tmp_path / 'mine', 'newer')
    assert [path.name for path in tmp_path.iterdir()] == ['mine']
    assert [path.name for path in (tmp_path / 'mine/images').iterdir()] == ['newer.png']


def test_an_earlier_import_is_free_as_it_was_written(tmp_path):
    out = tmp_path / 'mine'
    check_free(out)
    out.mkdir()
    check_free(out)
    (out / 'thesis.tex').touch()
    with pytest.raises(ValueError, match=facts('mine', 'thesis.tex', 'import.json', 'another folder')):
        check_free(out)
    (out / 'thesis.tex').unlink()
    imported(out)
    check_free(out)
    (out / 'mine.py').write_text('changed')
    with pytest.raises(ValueError, match=facts('mine.py', 'was changed', 'another folder')):
        check_free(out)
    (out / 'mine.py').unlink()
    check_free(out)
    for torn in ('', '[]', '{"files": 3}', '\udcff'):
        (out / 'import.json').write_text(torn, errors='surrogateescape')
        with pytest.raises(ValueError, match=facts('holds other files')):
            check_free(out)


def test_what_somebody_has_added_is_kept(tmp_path):
    out = tmp_path / 'mine'
    imported(out)
    (out / 'notes.txt').write_text('mine')
    (out / 'more').mkdir()
    (out / 'more/link').symlink_to('nowhere')
    assert check_free(out) == ['more', 'notes.txt']
    with folder_of_import(out, check_free(out)) as folder:
        (folder / 'labels').mkdir()
    assert sorted(path.name for path in out.iterdir()) == ['labels', 'more', 'notes.txt']
    assert (out / 'notes.txt').read_text() == 'mine' and (out / 'more/link').is_symlink()


def test_two_at_once(tmp_path):
    (tmp_path / '.mine.importing').mkdir()
    with (tmp_path / '.mine.importing/.lock').open('wb') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match=facts('Another import', 'mine', 'wait')):
            imported(tmp_path / 'mine')
    imported(tmp_path / 'mine')
