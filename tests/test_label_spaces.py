import numpy as np
import pytest
from mmseg.datasets import CityscapesDataset as OfficialCityscapes

from helpers.facts import facts
from semsynth.data import CityscapesDataset
from semsynth.data.camvid import CamVidDataset
from semsynth.errors import DataError
from semsynth.label_spaces import CLASS_MAPS, LabelSpace, class_table


def space(count=4, **kwargs):
    return LabelSpace(tuple('abcdefgh'[:count]), **kwargs)


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.int16, np.int32, np.uint32, np.int64])
def test_identity(dtype):
    ids = np.array([[0, 3], [2, 1]], dtype)
    indices = space().to_indices(ids, 'x.png')
    assert indices.dtype == np.uint8
    np.testing.assert_array_equal(indices, ids)


def test_id_map_knows_no_other_ids():
    mapped = space(id_map={7: 0, 300: 3, -1: 1}, unknown=2, unknown_ids=(255,))
    assert mapped.to_indices(np.array([[7, 300, -1, 255]]), 'x').tolist() == [[0, 3, 1, 2]]
    with pytest.raises(DataError, match=facts(
            'x.png', 'the id 0', '4 classes', '-1, 7, 255, 300', 'unknown_ids=(255, 0)')):
        mapped.to_indices(np.array([[7, 0]]), 'x.png')


@pytest.mark.parametrize('stranger', [4, 255, 65535, 65536, 2**31, -1, -2, -70000])
def test_ids_out_of_range(stranger):
    with pytest.raises(DataError, match=facts('x.png', f'the id {stranger}', '4 classes', '0..3')):
        space().to_indices(np.array([[0, stranger]], np.int64), 'x.png')


def test_many_ids_out_of_range():
    with pytest.raises(DataError, match=r'the ids 4, 5, 6, 7, 8, 9, 10, 11, 12, 13 and 2 more, but'):
        space().to_indices(np.arange(16, dtype=np.uint8)[None], 'x')


def test_more_than_256_classes():
    large = LabelSpace(tuple(map(str, range(895))))
    indices = large.to_indices(np.array([[894]], np.uint16), 'x')
    assert indices.dtype == np.int64
    assert indices.item() == 894


@pytest.mark.parametrize('arguments, message', [
    (dict(count=0), 'classes is empty'),
    (dict(unknown=4), r'unknown=4 is none of the 4 classes: .* its index, 0\.\.3, or None'),
    (dict(unknown_ids=(255,)), r'unknown_ids=\(255,\) needs unknown, .*: set it, or set unknown_ids=\(\)'),
    (dict(id_map={9: 4}), r'id_map sends id 9 to 4, which is none of the 4 classes: indices are 0\.\.3'),
    (dict(id_map={}), 'id_map is empty, so that no id is allowed'),
    (dict(id_map={'7': 1}), r"^LabelSpace: id_map={'7': 1}, expected a dict from whole numbers to whole numbers ")])
def test_spaces_that_do_not_fit(arguments, message):
    with pytest.raises(ValueError, match=message):
        space(**arguments)


def test_cityscapes_table_is_the_official_one():
    dataset_names = list(_names(CityscapesDataset))
    table = class_table('cityscapes_35_to_19', 35)
    official = OfficialCityscapes.METAINFO
    for index, train_id in enumerate(table):
        if train_id != 255:
            assert dataset_names[index] == official['classes'][train_id]
            assert list(_names(CityscapesDataset)[dataset_names[index]]) == official['palette'][train_id]
    assert sorted(table[table != 255]) == list(range(19))
    # cityscapesScripts' helpers/labels.py, the column trainId, by id from 0 to 33; license plate has none.
    assert table.tolist() == [255] * 7 + [0, 1, 255, 255, 2, 3, 4, 255, 255, 255, 5, 255, *range(6, 16), 255, 255, 16,
                                          17, 18, 255]


def _names(dataset):
    import importlib
    return importlib.import_module(dataset.__module__)._CLASSES


def test_camvid_table():
    assert CLASS_MAPS['camvid_12_to_11'] == (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255)
    assert list(_names(CamVidDataset))[8] == 'Car'


def test_class_tables():
    assert class_table(None, 3).tolist() == [0, 1, 2]
    assert class_table('identity', 3, unknown=2).tolist() == [0, 1, 255]
    assert class_table([2, 255, 0], 3).tolist() == [2, 255, 0]
    with pytest.raises(ValueError, match=r"class_map='citys' is no named table; there are identity, city"):
        class_table('citys', 3)
    with pytest.raises(ValueError, match='class_map has 35 entries, but there are 12 classes'):
        class_table('cityscapes_35_to_19', 12)
    with pytest.raises(ValueError, match=r'class_map=\[0, 256\]: its entries are classes 0\.\.254, or 255 for none'):
        class_table([0, 256], 2)


def test_identity_goes_with_an_unknown_class_that_is_the_last_one():
    for unknown, table in ((0, [255, 0, 1, 2]), (1, [0, 255, 1, 2])):
        with pytest.raises(ValueError, match=rf'unknown={unknown} of 4, and a segmentor has no class for it: set '
                                             r'class_map=\[') as refusal:
            class_table('identity', 4, unknown)
        remedy = eval(str(refusal.value).rpartition('class_map=')[2].rstrip('.'))
        assert class_table(remedy, 4, unknown).tolist() == remedy == table
    with pytest.raises(ValueError, match=r"set class_map='nyu_41_to_40'\."):
        class_table('identity', 41, 0)


def test_large_and_negative_ids():
    wide = space(id_map={-9999: 1, 2**32 - 1: 2, 5: 0})
    assert wide.to_indices(np.array([[-9999, 2**32 - 1, 5]]), 'x').tolist() == [[1, 2, 0]]
    assert wide.to_indices(np.array([[5]], np.uint8), 'x').tolist() == [[0]]
    with pytest.raises(DataError, match=r'the ids -9998, 0, 4294967294, but .* knows the ids -9999, 5, 4294967295'):
        wide.to_indices(np.array([[-9998, 2**32 - 2, 0]]), 'x')
