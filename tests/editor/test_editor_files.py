import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from helpers.editor import CAR, PERSON, first, state
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.data.pictures import read_ids
from semsynth.editor import Editor
from semsynth.errors import DataError


def test_projects(editor, plain, tmp_path, files):
    editor.style(first(editor, CAR), cluster=2)
    editor.brush([(5, 5), (40, 30)], 3, PERSON)
    saved, path = state(editor), tmp_path / 'deep/scene.npz'
    editor.save(path)
    again = Editor(editor.inferencer)
    again.load(path)
    assert state(again) == saved and not again.can_undo
    again.remove(first(again, PERSON))
    other = Editor(plain)
    with pytest.raises(ValueError, match=facts('scene.npz', 'another model', '0 finite')):
        other.load(path)
    path.write_bytes(b'PK no')
    before = state(again)
    for mistake, message in ((path, r'scene\.npz is no project file of the editor'),
                             (tmp_path / 'nowhere', 'There is no project file .*nowhere')):
        with pytest.raises(DataError, match=message):
            again.load(mistake)
    assert state(again) == before and again.can_undo
    assert [part.name for part in path.parent.iterdir()] == ['scene.npz']


@pytest.mark.parametrize('change', [
    dict(label=np.zeros((4, 4))), dict(label=np.zeros((0, 4), int)), dict(label=np.full((4, 4), 99)),
    dict(instance=np.zeros((3, 4), int)), dict(instance=np.array(['a'])),
    dict(styled=np.array([1.5]), styles=np.ones((1, 3))),
    dict(styled=np.array([1]), styles=np.ones((2, 3))), dict(styled=np.array([1]), styles=np.full((1, 3), np.nan)),
    dict(styled=np.array([1]), styles=np.array([['a', 'b', 'c']])), dict(classes=np.zeros(())),
    dict(format=np.zeros(3))])
def test_projects_that_cannot_be_opened_change_nothing(editor, tmp_path, change):
    path = editor.save(tmp_path / 'scene.npz')
    with np.load(path) as file:
        stored = dict(file)
    np.savez(tmp_path / 'odd.npz', **stored | change)
    editor.brush([(5, 5), (40, 30)], 3, PERSON)
    before = state(editor)
    with pytest.raises(ValueError):
        editor.load(tmp_path / 'odd.npz')
    np.savez(tmp_path / 'odd.npz', format=2)
    with pytest.raises(DataError, match=r"odd\.npz is no project file of the editor \(it has no 'classes'\)"):
        editor.load(tmp_path / 'odd.npz')
    assert state(editor) == before and editor.can_undo
    editor.load(path)


def test_what_was_opened_is_not_written_onto(inferencer, files, tmp_path):
    label, instance, photo = (Path(shutil.copy(path, tmp_path)) for path in files)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    editor = Editor(inferencer)
    editor.open(label, instance)
    name = label.name.removesuffix('_gtFine_labelIds.png')
    for folder in (tmp_path, tmp_path / 'deep/..'):
        with pytest.raises(ValueError, match=r'gtFine_\w+Ids\.png.* is read, and writing would replace it'):
            editor.export(folder, name)
    with pytest.raises(ValueError, match='is read, and writing would replace it'):
        editor.save(label)
    with pytest.raises(ValueError, match='is a folder, but a file is written'):
        editor.save(tmp_path)
    editor.open(label, instance, photo)
    with pytest.raises(ValueError, match=r'leftImg8bit\.png.* is read'):
        editor.export(tmp_path, photo.stem)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    project = editor.save(tmp_path / 'mine.npz')
    editor.load(project)
    assert editor.save(project) == project and editor.export(tmp_path, 'mine')['image'].is_file()
    assert editor.export(tmp_path, 'mine')['image'].is_file()


def test_projects_of_other_classes(editor, tmp_path):
    editor.save(tmp_path / 'scene.npz')
    camvid = Editor(Inferencer(narrow('configs/pix2pixhd/pix2pixhd_camvid.py', tmp_path), None, device='cpu'))
    with pytest.raises(DataError, match=facts('other classes', 'class 0', 'road', 'Sky')):
        camvid.load(tmp_path / 'scene.npz')


def test_exports_are_files_of_the_data_set(editor, tmp_path):
    editor.add(CAR, polygon=[(3, 40), (20, 40), (20, 50)])
    paths = editor.export(tmp_path / 'out', 'mine')
    assert {key: path.name for key, path in paths.items()} == dict(
        label='mine_gtFine_labelIds.png', instance='mine_gtFine_instanceIds.png', image='mine.png')
    label, instance = (read_ids(paths[kind]) for kind in ('label', 'instance'))
    assert label.dtype == np.uint8 and instance.dtype == np.uint16
    assert np.array_equal(np.where(instance >= 1000, instance // 1000, instance), label)  # as in Cityscapes
    assert np.array_equal(np.asarray(Image.open(paths['image'])), editor.image)
    again = Editor(editor.inferencer)
    again.open(paths['label'], paths['instance'])
    assert state(again) == state(editor)
    [found] = editor.inferencer.find([tmp_path / 'out'])
    assert found.name == 'mine'


def test_large_ids_are_exported_in_32_bits(editor, tmp_path):
    instance = editor.instance.copy()
    instance[instance == first(editor, CAR)] = 2**31 - 5
    editor.open(editor.label, instance)
    paths = editor.export(tmp_path, 'mine')
    assert paths['instance'].name == 'mine_gtFine_instanceIds.tif'
    again = Editor(editor.inferencer)
    again.open(paths['label'], paths['instance'])
    assert np.array_equal(again.instance, instance)
    [found] = editor.inferencer.find([tmp_path])
    assert found.instance == str(paths['instance'])
    editor.open(editor.label, instance * 1000)
    with pytest.raises(ValueError, match='but a file holds 32 bits: renumber them'):
        editor.export(tmp_path / 'none', 'mine')
    assert not (tmp_path / 'none').exists()
