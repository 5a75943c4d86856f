"""Exports as zip archives."""

import zipfile

import pytest

from semsynth.data.importing.archive import unpacked
from semsynth.errors import DataError


def packed(path, *names):
    with zipfile.ZipFile(path, 'w') as archive:
        for name in names:
            archive.writestr(name, f'content of {name}')
    return path


def test_an_archive_is_a_folder_for_a_while(tmp_path):
    source = packed(tmp_path / 'export.zip', 'annotations.xml', 'images/', 'images/sub/a.png')
    with unpacked(source) as folder:
        assert (folder / 'images/sub/a.png').read_text() == 'content of images/sub/a.png'
        assert sorted(path.name for path in folder.rglob('*.*')) == ['a.png', 'annotations.xml']
    assert not folder.exists() and list(tmp_path.iterdir()) == [source]


def test_what_is_no_archive_is_itself(tmp_path):
    folder = tmp_path / 'folder.zip'
    folder.mkdir()
    for path in (tmp_path, tmp_path / 'a.json', folder):
        with unpacked(path) as found:
            assert found == path


@pytest.mark.parametrize('name', ['../a.json', '/a.json', 'x/../../a.json', '..\\a.json', 'C:\\a.json'])
def test_members_that_lead_elsewhere(tmp_path, name):
    source = packed(tmp_path / 'export.zip', 'b.json', name)
    with pytest.raises(DataError, match=r'export\.zip holds .*a\.json'), unpacked(source):
        pass
    assert list(tmp_path.iterdir()) == [source]


def test_torn_archives_and_errors_within(tmp_path):
    source = packed(tmp_path / 'export.zip', 'a.json')
    with pytest.raises(DataError, match=r'export\.zip/a\.json is no JSON'), unpacked(source) as folder:
        raise DataError(f'{folder}/a.json is no JSON')
    source.write_bytes(source.read_bytes()[:20])
    with pytest.raises(DataError, match=r'export\.zip is no whole zip archive'), unpacked(source):
        pass
