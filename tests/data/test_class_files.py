import re

import pytest

from helpers.facts import facts
from semsynth.data.class_files import read_class_table, read_classes
from semsynth.errors import DataError

NAMES, COLOURS = ['Bäume', 'Fläche 2', 'Wasser'], [[120, 170, 230], [90, 140, 60], [60, 60, 160]]
TEXT = ''.join(f'{name} {r} {g} {b}\r\n' for name, (r, g, b) in zip(NAMES, COLOURS, strict=True))


def written(tmp_path, text, encoding='utf-8'):
    path = tmp_path / 'classes.txt'
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-32'])
def test_encodings(tmp_path, encoding):
    assert read_classes(written(tmp_path, TEXT, encoding)) == (NAMES, COLOURS)


@pytest.mark.parametrize('encoding', ['utf-16-le', 'utf-16-be'])
def test_byte_order_marks_count_whatever_the_order(tmp_path, encoding):
    assert read_classes(written(tmp_path, f'\ufeff{TEXT}', encoding)) == (NAMES, COLOURS)
    with pytest.raises(DataError, match=r'UTF-8'):
        read_classes(written(tmp_path, TEXT, encoding))
    with pytest.raises(DataError, match=r'holds zero bytes, as UTF-16 without a byte order mark does: save it'):
        read_classes(written(tmp_path, 'sky 1 2 3\n', encoding))


def test_other_encodings_are_refused_and_how_to_convert_them(tmp_path):
    path = written(tmp_path, f'sky 1 2 3\n{TEXT}', 'latin-1')
    with pytest.raises(DataError, match=r'classes\.txt is not in UTF-8: line 2 has the byte 0xe4, .*') as refusal:
        read_classes(path)
    source, target = re.search(r'iconv -f (\S+) -t (\S+)`', str(refusal.value)).groups()
    path.write_text(path.read_bytes().decode(source), encoding=target)
    assert read_classes(path)[0] == ['sky', *NAMES]


@pytest.mark.parametrize('text', [
    'sky 1 2 3\nroad lane 2  4 5 6\ndoor, wooden 7 8 9\n',
    '\n sky,1,2,3 \n"road lane 2",4,5,6\n"door, wooden",7,8,9\n\n',
    'sky;1;2;3\nroad lane 2; 4; 5; 6\ndoor, wooden;7;8;9',
    '1 2 3\tsky\n4 5 6\t\troad lane 2\n7 8 9\tdoor, wooden\n',  # CamVid's label_colors.txt
    '# label:color_rgb:parts:actions\nsky:1,2,3::\nroad lane 2:4,5,6::\ndoor, wooden:7,8,9::\n',  # CVAT's labelmap.txt
    '0 sky 1 2 3\n1 road lane 2 4 5 6\n2: door, wooden, 7 8 9\n',
    'name,r,g,b\nsky,1,2,3\nroad lane 2,4,5,6\n"door, wooden",7,8,9\n',  # Kaggle's class_dict.csv
    'sky:1,2,3:sun,moon:rise\nroad lane 2:4,5,6::\ndoor, wooden:7,8,9:handle:open,close\n',
    'id\tname\tRed\tGreen\tBlue\n0\tsky\t1\t2\t3\n1\troad lane 2\t4\t5\t6\n2\tdoor, wooden\t7\t8\t9\n',
    ',name,r,g,b,things\n0,sky,1,2,3,no\n1,road lane 2,4,5,6,no\n2,"door, wooden",7,8,9,yes\n'])
def test_ways_to_write_classes_and_colours(tmp_path, text):
    assert read_classes(written(tmp_path, text)) == (
        ['sky', 'road lane 2', 'door, wooden'], [[1, 2, 3], [4, 5, 6], [7, 8, 9]])


@pytest.mark.parametrize('text', ['sky\ndoor, wooden\n18 wheeler\nsky\n', 'class\nsky\ndoor, wooden\n18 wheeler\nsky',
                                  '0: sky\n1: door, wooden\n2: 18 wheeler\n3: sky\n'])
def test_ways_to_write_classes_alone(tmp_path, text):
    assert read_classes(written(tmp_path, text)) == (['sky', 'door, wooden', '18 wheeler', 'sky'], [])


EXPECTED = 'write a class a line, its name and after it perhaps its colour as r g b'


@pytest.mark.parametrize(('text', 'sentence'), [
    ('\n , \n', f'names no class: {EXPECTED}.'),
    ('sky 1 2 3\nroad\n', 'has 2 classes but 1 colours: give each class one, or none.'),
    ('sky 1 2 300\n', 'has a colour above 255: r, g and b are 0..255.'),
    ('sky 0.1 0.2 0.3\n', f"the line 'sky 0.1 0.2 0.3' is not understood: {EXPECTED}, three whole numbers of 0..255."),
    ('sky,1,2\n', f"the line 'sky,1,2' is not understood: {EXPECTED}"),
    ('name,r,g,b\nsky,1,2\n', f"the line 'sky,1,2' does not fit the columns name, r, g, b: correct it, or {EXPECTED}."),
    ('name,r,g,b\nsky,1,2,x\n', "the line 'sky,1,2,x' does not fit the columns"),
    ('name,r,g,b\n', f'has the columns name, r, g, b and 0 classes: {EXPECTED}.'),
    ('1: sky\n2: road\n', "numbers its classes 1, ..., 2, but the index of a class is the number of its line, from 0: "
     "leave the numbers out, and where ids in files are other than the indices, set the data set's id_map={id: index, "
     '...}.'),
    ('id,name,r,g,b\n7,sky,1,2,3\n', 'numbers its classes 7, ..., 7, but')])
def test_what_is_not_understood(tmp_path, text, sentence):
    with pytest.raises(DataError) as refusal:
        read_classes(written(tmp_path, text))
    assert sentence in str(refusal.value)
    assert str(refusal.value).startswith(str(tmp_path / 'classes.txt'))


def test_no_file(tmp_path):
    with pytest.raises(DataError, match=facts('none.txt', 'one name a line', 'list')):
        read_classes(tmp_path / 'none.txt')


@pytest.mark.parametrize('text', ['7 sky\n11 road\n', 'Pixel Value, Class\n7, sky\n11, road\n',  # Roboflow's
                                  'class;id\nsky;7\nroad;11\n'])
def test_numbers_of_classes_are_kept_for_those_who_ask(tmp_path, text):
    table = read_class_table(written(tmp_path, text))
    assert (table.names, table.colours, table.numbers) == (['sky', 'road'], [], [7, 11])
