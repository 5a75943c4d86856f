import shutil

import numpy as np
import pytest

from helpers.facts import facts
from semsynth.data.given_images import find_given_images
from semsynth.errors import DataError
from semsynth.writing import write_png

NAMES = ('lake/a_1', 'lake/a_2', 'wood/b_1')


def fill(folder, *names, size=(4, 6)):
    for number, name in enumerate(names):
        write_png(folder / name, np.full((*size, 3), number, np.uint8))
    return folder


def stems(given, folder):
    return {name: str(path).removeprefix(f'{folder}/') for name, path in given.paths.items()}


@pytest.mark.parametrize('files', [
    ['lake/a_1.png', 'lake/a_2.png', 'wood/b_1.png'], ['a_1.png', 'a_2.png', 'b_1.png'],
    ['x/y/a_1.png', 'lake/a_2.png', 'b_1.png'], ['a_1_photo.png', 'a_2_photo.png', 'wood/b_1_photo.png']])
def test_names_subfolders_and_endings(tmp_path, files):
    given = find_given_images(fill(tmp_path, *files), NAMES, ['_photo.png'])
    assert stems(given, tmp_path) == dict(zip(NAMES, files, strict=True))
    assert (given.surplus, given.sizes, len(given.hash)) == ([], {(4, 6): 3}, 16)


def test_other_types_of_file_and_what_is_left_over(tmp_path):
    fill(tmp_path, 'lake/a_1.png', 'lake/a_1_edge.png', 'lake/a_3.png', 'a_1.bmp')
    fill(tmp_path / 'wood', 'b_1.webp', size=(2, 2))
    given = find_given_images(tmp_path, ['lake/a_1', 'wood/b_1'])
    assert stems(given, tmp_path) == {'lake/a_1': 'lake/a_1.png', 'wood/b_1': 'wood/b_1.webp'}
    assert given.surplus == ['a_1', 'lake/a_3'] and given.sizes == {(4, 6): 1, (2, 2): 1}


def test_layouts_of_one_name_need_their_folders(tmp_path):
    names = ['lake/1', 'wood/1']
    with pytest.raises(DataError, match=facts('2 of 2 layouts have no image', 'lake/1, wood/1')):
        find_given_images(fill(tmp_path / 'flat', '1.png'), names)
    assert len(find_given_images(fill(tmp_path / 'deep', 'lake/1.png', 'wood/1.png'), names).paths) == 2


def test_the_hash_is_of_names_and_contents(tmp_path):
    first = find_given_images(fill(tmp_path / 'a', *(f'{name}.png' for name in NAMES)), NAMES)
    shutil.copytree(tmp_path / 'a', tmp_path / 'b')
    assert find_given_images(tmp_path / 'b', NAMES).hash == first.hash
    fill(tmp_path / 'b', 'lake/a_2.png')
    assert find_given_images(tmp_path / 'b', NAMES).hash != first.hash
    assert find_given_images(tmp_path / 'a', NAMES[:2]).hash != first.hash


@pytest.mark.parametrize(('files', 'said'), [
    ([], ['holds no image', 'it is empty']),
    (['lake/a_1.png'], ['2 of 3 layouts have no image', '(lake/a_2, wood/b_1)', 'indices=']),
    (['lake/A_1.png', 'lake/A_2.png', 'b_1.png'], ['2 of 3', 'a_1 and A_1', 'differ in upper and lower case']),
    (['a_1_fake.png', 'a_1_real.png', 'a_2_fake.png'], ['3 of 3', 'a_1_fake.png', 'a_1', '--ending _fake.png']),
    (['c.png'], ['3 of 3', 'add them, each called like', 'semsynth synthesize', '1 image there has other names (c)']),
    (['lake/a_1.png', 'lake/a_1.bmp', 'lake/a_2.png', 'b_1.png'],
     ['1 of 3 layouts has more than one image', 'a_1.bmp and', 'a_1.png', 'keep one'])])
def test_images_that_are_not_there(tmp_path, files, said):
    tmp_path.joinpath('made').mkdir()
    with pytest.raises(DataError, match=facts(*said)):
        find_given_images(fill(tmp_path / 'made', *files), NAMES)


def test_all_kinds_of_problems_are_told_at_once(tmp_path):
    fill(tmp_path, 'lake/a_1.png', 'lake/a_1.bmp', 'wood/b_1.png')
    (tmp_path / 'wood/b_1.png').write_bytes(b'none')
    with pytest.raises(DataError, match=facts(
            f'1 of 3 layouts has no image in {tmp_path} (lake/a_2): add it, called like its layout',
            '1 of 3 layouts has more than one image',
            'keep one of each.', '1 of 2 images cannot be judged', 'b_1.png')):
        find_given_images(tmp_path, NAMES)


def test_images_that_cannot_be_read(tmp_path):
    fill(tmp_path, *(f'{name}.png' for name in NAMES), size=(64, 64))
    for name in NAMES[1:]:
        path = tmp_path / f'{name}.png'
        path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=facts('2 of 3 images cannot be judged', 'a_2.png', 'truncated')):
        find_given_images(tmp_path, NAMES)
    with pytest.raises(DataError, match='There is no folder'):
        find_given_images(tmp_path / 'nowhere', NAMES)
    (tmp_path / 'texts').mkdir()
    (tmp_path / 'texts/a_1.txt').write_text('')
    with pytest.raises(DataError, match=facts('holds no image', '.txt')):
        find_given_images(tmp_path / 'texts', NAMES)
