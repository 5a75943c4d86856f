"""Polygons as Cityscapes has them."""

import numpy as np
import pytest

from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.cityscapes_polygons import CityscapesPolygonsSource
from semsynth.errors import DataError


def thing(label, left, top, right, bottom, **fields):
    return dict(label=label, polygon=[[left, top], [right, top], [right, bottom], [left, bottom]]) | fields


def annotated(*objects, **fields):
    return dict(imgHeight=6, imgWidth=8, objects=list(objects)) | fields


def test_the_official_tree(tmp_path, write, photo):
    for split in ('train', 'val'):
        write(f'gtFine/{split}/city/{split}_000001_gtFine_polygons.json', annotated(
            thing('road', 0, 2, 7, 5), thing('car', 2, 3, 4, 4), thing('cargroup', 6, 3, 7, 3),
            thing('sky', 0, 0, 7, 0, deleted=1), dict(label='sky', polygon=[[0, 0], [1, 1]])))
        path = photo(f'leftImg8bit/{split}/city/{split}_000001_leftImg8bit.png')
    source = CityscapesPolygonsSource(tmp_path, ImportOptions())
    train, val = 'train_000001_leftImg8bit', 'val_000001_leftImg8bit'
    assert source.splits == {train: 'train', val: 'val'} and source.classes == ['car', 'road', 'background']
    scene = source.scene(val)
    label = np.full((6, 8), 2)
    label[2:6] = 1
    label[3:5, 2:5] = label[3, 6:] = 0
    np.testing.assert_array_equal(scene.label, label)
    instance = np.array([2, 1, 0])[label]
    instance[3, 6:] = 0
    np.testing.assert_array_equal(scene.instance, instance)
    assert scene.photo == path and scene.remarks == {'polygons of fewer than 3 points, left out': 1}


@pytest.mark.parametrize('names', [('a.json', 'a.jpg'), ('a_polygons.json', 'a.png'),
                                   ('a_gtCoarse_polygons.json', 'a_leftImg8bit.png')])
def test_names_of_files(tmp_path, write, photo, names):
    write(names[0], annotated(thing('car', 0, 0, 1, 1)))
    path = photo(names[1])
    source = CityscapesPolygonsSource(tmp_path, ImportOptions())
    assert source.scene(source.names[0]).photo == path
    assert CityscapesPolygonsSource.recognises(tmp_path)


@pytest.mark.parametrize(('fields', 'said'), [
    (dict(objects=None), '"objects"'), (dict(objects=[dict(label='a')]), 'objects[0] has no "polygon"'),
    (dict(objects=[dict(label=3, polygon=[])]), '"label"'), (dict(imgWidth=80), '6x80'), (dict(imgWidth=-8), '6x-8'),
    (dict(objects=[]), 'no shape')])
def test_what_is_wrong_is_one_sentence(tmp_path, write, photo, fields, said):
    photo()
    content = annotated(thing('car', 0, 0, 1, 1), **fields)
    path = write('a.json', {name: value for name, value in content.items() if value is not None})
    with pytest.raises(DataError) as error:
        source = CityscapesPolygonsSource(path, ImportOptions())
        source.scene(source.names[0])
    assert said in str(error.value) and 'a.json' in str(error.value) and '\n' not in str(error.value)
