import json

import pytest

from helpers.facts import facts
from semsynth.data.class_files import ClassTable
from semsynth.data.importing.class_tables import class_table, find_class_table, means_no_class
from semsynth.errors import DataError

ROAD_AND_SKY = ClassTable(['road', 'sky'], [[128, 64, 128], [0, 0, 255]])


@pytest.mark.parametrize(('name', 'text'), [
    ('classes.txt', 'road 128 64 128\nsky 0 0 255\n'),
    ('labelmap.txt', '# label:color_rgb:parts:actions\nroad:128,64,128::\nsky:0,0,255::\n'),
    ('class_dict.csv', 'name,r,g,b\nroad,128,64,128\nsky,0,0,255\n'),
    ('label_colors.txt', '128 64 128\troad\n0 0 255\tsky\n'),
    ('classes.json', '{"road": [128, 64, 128], "sky": "#0000ff"}'),
    ('labels.json', '[{"name": "road", "color": "#804080", "attributes": []}, {"name": "sky", "color": [0, 0, 255]}]'),
    ('labels.json', '{"classes": [{"title": "road", "color": "#804080"}, {"title": "sky", "color": "#0000ff"}]}')])
def test_files_that_tools_write_are_found_and_read(tmp_path, name, text):
    assert find_class_table(tmp_path) is None
    (tmp_path / 'train').mkdir()
    (tmp_path / 'train' / name).write_text(text)
    assert find_class_table(tmp_path) == ROAD_AND_SKY


def test_numbers_of_classes():
    assert class_table(['road', 'sky']) == ClassTable(['road', 'sky'], [])
    assert class_table({'road': (128, 64, 128), 'sky': (0, 0, 255)}) == ROAD_AND_SKY


def test_numbers_in_json(tmp_path):
    (tmp_path / 'a.json').write_text('[{"id": 7, "label": "road"}, {"id": 11, "label": "sky"}]')
    assert class_table(tmp_path / 'a.json') == ClassTable(['road', 'sky'], [], [7, 11])


@pytest.mark.parametrize('content', ['', '3', '[]', '{"road": 3}', '{"road": "no colour"}', '[{"color": "#804080"}]',
                                     '[{"name": "a", "id": 1}, {"name": "b"}]', '["road", ["sky"]', '{"road": null}'])
def test_what_is_no_json_of_classes(tmp_path, content):
    (tmp_path / 'a.json').write_text(content)
    with pytest.raises(DataError, match=facts('a.json', '{"road": [128, 64, 128], ...}', '"#804080"')):
        class_table(tmp_path / 'a.json')


@pytest.mark.parametrize(('given', 'parts'), [
    ({'road': (1, 2, 3), 'sky': (1, 2, 3)}, ('colour', '(1, 2, 3)')), (['road', 'road'], ('name', 'road')),
    ({'road': (1, 2, 300)}, ('(1, 2, 300)', '0..255')), ({'road': (1, 2)}, ('(1, 2)', 'r, g and b')),
    ([], ('no class',))])
def test_tables_that_say_nothing_clear(given, parts):
    with pytest.raises(DataError, match=facts('classes', *parts)):
        class_table(given)


def test_numbers_that_two_classes_have(tmp_path):
    (tmp_path / 'a.json').write_text(json.dumps([dict(name='road', id=1), dict(name='sky', id=1)]))
    with pytest.raises(DataError, match=facts('a.json', 'number', '1')):
        class_table(tmp_path / 'a.json')


def test_files_that_are_not_there(tmp_path):
    for name in ('classes.txt', 'classes.json'):
        with pytest.raises(DataError, match=facts('There is no file', name)):
            class_table(tmp_path / name)


def test_names_that_mean_no_class():
    assert [name for name in ('Void', '__ignore__', 'unlabelled', '_background_', 'avoid') if means_no_class(name)] == [
        'Void', '__ignore__', 'unlabelled']
