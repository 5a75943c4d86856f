"""Fields of annotations: what they may be, and what is said of others."""

import json

import numpy as np
import pytest

from semsynth.data.importing import records
from semsynth.data.importing.records import Record, mentions, read_json
from semsynth.errors import DataError


def record(**fields):
    return Record('a.json', fields, 'save it again')


@pytest.mark.parametrize(('found', 'kind', 'expected'), [
    ('a', str, 'a'), (3, int, 3), (3.0, int, 3), (3, float, 3.0), ([1], list, [1]), ({'b': 1}, dict, {'b': 1})])
def test_fields_of_a_kind(found, kind, expected):
    assert record(x=found).get('x', kind) == expected


@pytest.mark.parametrize(('found', 'kind'), [
    (1, str), ('1', int), (1.5, int), (True, int), (float('nan'), float), (float('inf'), int), ({}, list), ([], dict)])
def test_fields_of_another_kind(found, kind):
    with pytest.raises(DataError, match=r'a\.json has .*"x".*expected: save it again\.'):
        record(x=found).get('x', kind)


def test_absent_fields():
    assert record(x=None).get('x', int, 5) == 5
    for fields in ({}, dict(x=None)):
        with pytest.raises(DataError, match=r'a\.json has no "x": save it again\.'):
            record(**fields).get('x', int)


def test_entries_say_where_they_are():
    with pytest.raises(DataError, match=r'a\.json, shapes\[1\] has no "label"'):
        [each.get('label', str) for each in record(shapes=[dict(label='a'), {}]).records('shapes')]
    with pytest.raises(DataError, match=r'a\.json, shapes\[0\] has 3, where named fields'):
        list(record(shapes=[3]).records('shapes'))


def test_sizes():
    assert record(h=3, w=4).size('h', 'w') == (3, 4)
    assert record().size('h', 'w') is None
    for wrong in (dict(h=-3, w=4), dict(h=0, w=4), dict(h=3)):
        with pytest.raises(DataError, match=r'a\.json has'):
            record(**wrong).size('h', 'w')


def test_points():
    np.testing.assert_array_equal(record(points=[[1, 2], [3.5, 4]]).points('points'), [[1, 2], [3.5, 4]])
    assert record(points=[]).points('points').shape == (0, 2)
    for wrong in ([1, 2], [[1, 2, 3]], [['1', 2]], [[1, float('nan')]], [[True, 1]], [[1, 1e9]]):
        with pytest.raises(DataError, match=r'a\.json has .*"points"'):
            record(points=wrong).points('points')


@pytest.mark.parametrize(('content', 'said'), [
    (b'', 'no JSON'), (b'{"a": 1', 'no JSON'), (b'\xff\xfe\xff', 'UTF-8'), (b'\x80', 'UTF-8'),
    (b'[' * 10**5, 'nested')])
def test_what_is_no_json(tmp_path, content, said):
    path = tmp_path / 'a.json'
    path.write_bytes(content)
    with pytest.raises(DataError, match=rf'a\.json .*{said}.*: save it again'):
        read_json(path, 'save it again')


def test_json_with_a_byte_order_mark(tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes(json.dumps(dict(a='ä')).encode('utf-8-sig'))
    assert read_json(path, '') == dict(a='ä')


def test_files_that_are_absent_or_huge(tmp_path, monkeypatch):
    with pytest.raises(DataError, match='cannot be read'):
        read_json(tmp_path / 'none.json', 'save it again')
    monkeypatch.setattr(records, 'LARGEST', 10)
    (tmp_path / 'a.json').write_text('[1, 2, 3, 4]')
    with pytest.raises(DataError, match='GiB'):
        read_json(tmp_path / 'a.json', 'save it again')


def test_mentions(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('{"shapes": []}')
    assert mentions(path, '"shapes"')
    assert not mentions(path, '"shapes"', '"images"')
    assert not mentions(tmp_path / 'none.json', 'a')
    path.write_text('')
    assert not mentions(path, 'a')
