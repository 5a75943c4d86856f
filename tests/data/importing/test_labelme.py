"""labelme's JSON."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from semsynth.data.importing.base import UNKNOWN, ImportOptions
from semsynth.data.importing.labelme import LabelmeSource
from semsynth.errors import DataError


def shape(label, *points, **fields):
    return dict(label=label, points=[list(point) for point in points], group_id=None, flags={}, shape_type='polygon',
                ) | fields


def box(label, left, top, right, bottom, **fields):
    return shape(label, (left, top), (right, bottom), shape_type='rectangle', **fields)


def annotated(*shapes, **fields):
    return dict(version='5.0.1', flags={}, shapes=list(shapes), imagePath='a.png', imageData=None, imageHeight=6,
                imageWidth=8) | fields


def read(path, **options):
    source = LabelmeSource(path, ImportOptions(**options))
    return source, source.scene(source.names[0])


def test_later_shapes_lie_over_earlier_ones(tmp_path, write, photo):
    path = photo()
    write('a.json', annotated(box('road', 0, 2, 7, 5), shape('car', (2, 3), (4, 3), (4, 4), (2, 4))))
    source, scene = read(tmp_path)
    assert source.names == ['a']
    assert source.classes == ['car', 'road', 'background']
    assert (scene.name, scene.photo, dict(scene.remarks)) == ('a', path, {})
    label = np.full((6, 8), 2)
    label[2:6] = 1
    label[3:5, 2:5] = 0
    np.testing.assert_array_equal(scene.label, label)
    np.testing.assert_array_equal(scene.instance, np.array([2, 1, 0])[label])


def test_a_group_is_one_object(tmp_path, write, photo):
    photo()
    write('a.json', annotated(box('car', 0, 0, 1, 1, group_id=3), box('car', 3, 0, 4, 1),
                              box('dog', 0, 3, 1, 4, group_id=3), box('car', 6, 0, 7, 1, group_id=3)))
    scene = read(tmp_path)[1]
    assert scene.instance[0].tolist() == [1, 1, 0, 2, 2, 0, 1, 1]
    assert scene.instance[3, 0] == 3


def test_every_kind_of_shape(tmp_path, write, photo):
    photo(size=(40, 40))
    file = io.BytesIO()
    Image.fromarray(np.array([[255, 0, 255]], np.uint8)).save(file, 'PNG')
    mask = base64.b64encode(file.getvalue()).decode()
    write('a.json', annotated(
        shape('circle', (10, 10), (10, 15), shape_type='circle'),
        shape('mask', (30.2, 4.9), (32.2, 4.9), shape_type='mask', mask=mask),
        shape('turned', (30, 20), (35, 25), (30, 30), (25, 25), shape_type='oriented_rectangle'),
        shape('point', (1, 1), shape_type='point'), shape('line', (1, 1), (9, 9), shape_type='line'),
        shape('strip', (1, 1), (9, 9), (1, 9), shape_type='linestrip'), shape('flat', (1, 1), (2, 2)),
        shape('outside', (50, 50), (60, 50), (60, 60)), imageHeight=40, imageWidth=40))
    source, scene = read(tmp_path)
    assert source.classes == ['circle', 'mask', 'outside', 'turned', 'background']
    assert scene.remarks == {'points and lines, which have no area, left out': 3,
                             'polygons of fewer than 3 points, left out': 1,
                             'shapes without any pixel on their photo': 1}
    rows, columns = np.indices((40, 40))
    radius = np.hypot(rows - 10, columns - 10)
    assert (scene.label[radius <= 4.5] == 0).all() and (scene.label[(radius > 6) & (columns < 20)] == 4).all()
    assert scene.label[5, 29:34].tolist() == [4, 1, 4, 1, 4]
    away = abs(rows - 25) + abs(columns - 30)
    assert (scene.label[away <= 5] == 3).all() and (scene.label[(away > 6) & (rows > 15)] == 4).all()


def test_names_that_mean_no_class_and_the_background(tmp_path, write, photo):
    photo()
    write('a.json', annotated(box('__ignore__', 0, 0, 7, 0), box('car', 0, 1, 7, 1), box('_background_', 0, 1, 3, 1)))
    source, scene = read(tmp_path)
    assert source.classes == ['background', 'car']
    assert scene.label[0].tolist() == [UNKNOWN] * 8 and scene.instance[0].tolist() == [0] * 8
    assert scene.label[1].tolist() == [0] * 4 + [1] * 4
    source, scene = read(tmp_path, background='unknown')
    assert source.classes == ['background', 'car'] and (scene.label[2:] == UNKNOWN).all()


def test_labels_txt_orders_the_classes(tmp_path, write, photo):
    photo()
    write('a.json', annotated(box('b', 0, 0, 1, 1), box('a', 3, 0, 4, 1), box('c', 0, 3, 1, 4)))
    write('labels.txt', '__ignore__\n_background_\nc\nx\nb\n')
    source, _ = read(tmp_path)
    assert source.classes == ['c', 'b', 'a', 'background']
    assert len(source.remarks) == 1 and 'x' in source.remarks[0] and '--classes' in source.remarks[0]


def test_the_photo_among_the_annotations(tmp_path, write):
    file = io.BytesIO()
    Image.fromarray(np.full((6, 8, 3), 77, np.uint8)).save(file, 'PNG')
    data = base64.b64encode(file.getvalue()).decode()
    write('x/a.json', annotated(box('car', 0, 0, 1, 1), imagePath='..\\photos\\b.png', imageData=data))
    write('y/a.json', annotated(box('car', 0, 0, 1, 1), imagePath='b.jpg', imageData='AAAA'))
    source = LabelmeSource(tmp_path, ImportOptions())
    assert len(source.names) == 2
    scene = source.scene(source.names[0])
    assert scene.photo.name == 'b.png' and np.asarray(Image.open(scene.photo)).max() == 77
    assert sorted(path.name for path in tmp_path.rglob('*.*')) == ['a.json', 'a.json']  # the export is left alone
    with pytest.raises(DataError, match=r'b\.jpg'):
        source.scene(source.names[1])


def test_photos_elsewhere_and_paths_of_windows(tmp_path, write, photo):
    photo('photos/a.png')
    write('set/json/a.json', annotated(box('car', 0, 0, 1, 1), imagePath='..\\..\\a.png'))
    with pytest.raises(DataError, match=r'no photo .*a\.png.*a\.json.*--photos'):
        LabelmeSource(tmp_path / 'set', ImportOptions())
    for photos in (str(tmp_path / 'photos'), '../photos', str(tmp_path / 'photos/*.png')):
        assert LabelmeSource(tmp_path / 'set', ImportOptions(photos=photos)).names == ['a']


def test_a_turned_photo(tmp_path, write, photo):
    exif = Image.Exif()
    exif[274] = 6  # shown turned by 90 degrees
    photo('a.jpg', (6, 8), exif=exif)
    for height, width in ((8, 6), (6, 8)):
        write('a.json', annotated(box('car', 0, 0, 1, 1), imagePath='a.jpg', imageHeight=height, imageWidth=width))
        assert read(tmp_path)[1].label.shape == (height, width)


def test_what_is_in_the_folder_besides(tmp_path, write, photo):
    photo()
    photo('b.png')
    write('a.json', annotated(box('car', 0, 0, 1, 1)))
    write('b.json', annotated(imagePath='b.png'))
    write('settings.json', dict(colour='red'))
    source, _ = read(tmp_path)
    assert source.names == ['a']
    assert len(source.remarks) == 1 and 'b.json' in source.remarks[0]
    assert LabelmeSource.recognises(tmp_path) and LabelmeSource.recognises(tmp_path / 'a.json')
    assert not LabelmeSource.recognises(tmp_path / 'settings.json')
    assert LabelmeSource(tmp_path / 'a.json', ImportOptions()).names == ['a']


@pytest.mark.parametrize(('changed', 'said'), [
    (dict(imagePath=None), 'a.json has no "imagePath"'), (dict(imagePath='none.png'), 'none.png'),
    (dict(imageHeight=-6), '-6x8'), (dict(imageHeight=60), '60x8'), (dict(imageWidth='8'), '"imageWidth"'),
    (dict(shapes={}), '"shapes"'), (dict(shapes=[dict(points=[])]), 'shapes[0] has no "label"'),
    (dict(shapes=[shape('car', shape_type='star')]), "'star'"),
    (dict(shapes=[shape('car', (1, 2, 3))]), 'shapes[0]'),
    (dict(shapes=[shape('car', (1, float('nan')))]), 'shapes[0]'),
    (dict(shapes=[shape('car', (0, 0), (1, 1), shape_type='mask')]), 'no "mask"'),
    (dict(shapes=[box('car', 0, 0, 1, 1, group_id=[1])]), 'group_id'), (dict(shapes=[]), 'no shape')])
def test_what_is_wrong_is_one_sentence(tmp_path, write, photo, changed, said):
    photo()
    fields = {name: value for name, value in annotated(box('car', 0, 0, 1, 1), **changed).items() if value is not None}
    write('a.json', fields)
    with pytest.raises(DataError) as error:
        read(tmp_path / 'a.json')
    assert said in str(error.value) and str(tmp_path) in str(error.value) and '\n' not in str(error.value)


def test_torn_files(tmp_path, write, photo):
    photo()
    write('a.json', json.dumps(annotated(box('car', 0, 0, 1, 1)))[:-20])
    with pytest.raises(DataError, match=r'a\.json is no JSON.*labelme'):
        LabelmeSource(tmp_path, ImportOptions())


def test_two_files_on_one_photo(tmp_path, write, photo):
    photo()
    for name in ('a.json', 'copy.json'):
        write(name, annotated(box('car', 0, 0, 1, 1)))
    with pytest.raises(DataError, match=r'a\.json and .*copy\.json both label .*a\.png'):
        LabelmeSource(tmp_path, ImportOptions())
