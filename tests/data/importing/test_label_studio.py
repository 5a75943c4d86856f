"""Label Studio's JSON."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.label_studio import LabelStudioSource, decode_brush
from semsynth.errors import DataError


def region(kind, label, **value):
    return dict(type=kind, id='x', from_name='label', to_name='image', original_width=10, original_height=20,
                image_rotation=0, value=value | ({kind: [label]} if label else {}))


def box(label, x, y, width, height, **more):
    return region('rectanglelabels', label, x=x, y=y, width=width, height=height, **(dict(rotation=0) | more))


def task(*results, **fields):
    return dict(id=1, data=dict(image='/data/upload/3/5f3e1d2c-a.png'), file_upload='5f3e1d2c-a.png',
                annotations=[dict(was_cancelled=False, ground_truth=False, result=list(results))]) | fields


def read(path):
    source = LabelStudioSource(path, ImportOptions())
    return source, source.scene(source.names[0])


def packed(values, sizes=(3, 4, 8, 16)):
    """Values of 8 bits in Label Studio's run lengths, by the rule: repeated values where there are two or more, and up
    to three others as they are."""
    bits = f'{len(values):032b}{7:05b}' + ''.join(f'{size - 1:04b}' for size in sizes)
    place = 0
    while place < len(values):
        count = 1
        while place + count < len(values) and values[place + count] == values[place] and count < 2**16:
            count += 1
        repeated = count > 1
        if not repeated:
            count = min(3, len(values) - place)
        kind = next(kind for kind, size in enumerate(sizes) if count <= 2**size)
        bits += f'{int(repeated)}{kind:02b}' + f'{count - 1:0{sizes[kind]}b}'
        bits += ''.join(f'{value:08b}' for value in values[place:place + (1 if repeated else count)])
        place += count
    bits += '0' * (-len(bits) % 8)
    return [int(bits[start:start + 8], 2) for start in range(0, len(bits), 8)]


def test_shapes_in_percent(tmp_path, write, photo):
    path = photo('a.png', (20, 10))
    write('a.json', [task(box('road', 0, 50, 90, 45), region('polygonlabels', 'car', closed=True, points=[
        [20, 60], [40, 60], [40, 70], [20, 70]]))])
    source, scene = read(tmp_path)
    assert source.classes == ['car', 'road', 'background'] and scene.photo == path
    label = np.full((20, 10), 2)
    label[10:20, :10] = 1  # from 50 to 95 percent of 20 rows, the outline included
    label[12:15, 2:5] = 0
    np.testing.assert_array_equal(scene.label, label)
    np.testing.assert_array_equal(scene.instance, np.array([2, 1, 0])[label])


def test_turned_boxes_and_ellipses(tmp_path, write, photo):
    photo('a.png', (20, 10))
    write('a.json', [task(
        box('a', 60, 10, 20, 30, rotation=90),  # around its corner (6, 2): 2 pixels wide and 6 high, then to the left
        region('ellipselabels', 'b', x=50, y=70, radiusX=40, radiusY=10, rotation=90))])
    label = read(tmp_path)[1].label
    assert (label[2:5, 0:7] == 0).all() and (label[2:5, 7:] == 2).all() and (label[5:9] == 2).all()
    # 4 pixels by 2 before, 2 by 4 after
    assert (label[10:19, 5] == 1).all() and (label[14, 3:8] == 1).all() and (label[14, [1, 9]] == 2).all()


def test_brush_strokes(tmp_path, write, photo):
    photo('a.png', (20, 10))
    rng = np.random.default_rng(0)
    inside = rng.random((20, 10)) > 0.6
    pixels = np.zeros((20, 10, 4), np.uint8)
    pixels[inside] = (1, 2, 3, 255)
    pixels[0, 0], inside[0, 0] = (9, 9, 9, 7), True  # the soft border of a stroke
    rle = packed(pixels.ravel().tolist())
    write('a.json', [task(region('brushlabels', 'car', format='rle', rle=rle))])
    np.testing.assert_array_equal(read(tmp_path)[1].label == 0, inside)
    np.testing.assert_array_equal(decode_brush(bytes(rle), (20, 10)), inside)


@pytest.mark.parametrize('change', [lambda rle: rle[:9], lambda rle: [0, *rle], lambda rle: [300], lambda rle: ['a'],
                                    lambda rle: [], lambda rle: rle[:-1]])
def test_brush_strokes_that_are_none(tmp_path, write, photo, change):
    photo('a.png', (20, 10))
    rle = packed(np.random.default_rng(0).integers(0, 256, 800).tolist())
    write('a.json', [task(region('brushlabels', 'car', format='rle', rle=change(rle)))])
    with pytest.raises(DataError, match=r'a\.json, tasks\[0\].*"rle"'):
        read(tmp_path)


def test_bitmaps(tmp_path, write, photo):
    photo('a.png', (20, 10))
    inside, file = np.random.default_rng(0).random((20, 10)) > 0.5, io.BytesIO()
    Image.fromarray(inside.astype(np.uint8) * 255).save(file, 'PNG')
    url = f'data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}'
    write('a.json', [task(region('bitmasklabels', 'car', imageDataURL=url))])
    np.testing.assert_array_equal(read(tmp_path)[1].label == 0, inside)


def test_the_annotation_that_counts(tmp_path, write, photo):
    def annotation(label, **fields):
        return dict(was_cancelled=False, ground_truth=False, result=[box(label, 0, 0, 100, 100)]) | fields

    photo('a.png', (20, 10))
    write('a.json', [task(annotations=[annotation('a'), annotation('b'), annotation('c', was_cancelled=True)])])
    source, scene = read(tmp_path)
    assert source.classes == ['b', 'background'] and sum(scene.remarks.values()) == 1
    write('a.json', [task(annotations=[annotation('a', ground_truth=True), annotation('b')])])
    assert read(tmp_path)[0].classes == ['a', 'background']


def test_json_min(tmp_path, write, photo):
    photo('a.png', (20, 10))
    entry = dict(x=0, y=50, width=90, height=45, rotation=0, original_width=10, original_height=20,
                 rectanglelabels=['road'])
    write('a.json', [dict(id=1, image='/data/upload/3/5f3e1d2c-a.png', label=[entry], annotator=1, choice='x')])
    source, scene = read(tmp_path)
    assert source.classes == ['road', 'background'] and (scene.label[:10] == 1).all() and (scene.label[10:] == 0).all()


def test_labels_apart_from_their_regions(tmp_path, write, photo):
    photo('a.png', (20, 10))
    area = dict(x=0, y=50, width=90, height=45, rotation=0)
    write('a.json', [task(region('rectangle', None, **area), region('labels', 'road', **area),
                          dict(type='choices', value=dict(choices=['sunny'])),
                          region('keypointlabels', 'nose', x=1, y=1, width=0.2),
                          region('polygonlabels', 'flat', points=[[0, 0], [1, 1]]))])
    source, scene = read(tmp_path)
    assert source.classes == ['road', 'background'] and (scene.label[10:] == 0).all()
    assert scene.remarks == {'regions without a label, left out': 1,
                             'points and lines, which have no area, left out': 1,
                             'polygons of fewer than 3 points, left out': 1}


@pytest.mark.parametrize(('entry', 'said'), [
    (task(box('a', 0, 0, 50, 'x')), '"height"'), (task(box('a', 0, 0, 50, 50) | dict(image_rotation=90)), 'turned'),
    (task(box('a', 0, 0, 50, 50) | dict(original_width=70)), '20x70'),
    (task(box('a', 0, 0, 50, 50), box('a', 0, 0, 5, 5) | dict(original_width=70)), 'several sizes'),
    (task(box('a', 0, 0, 50, 50), data=dict(text='x'), file_upload=None), 'names no photo'),
    (task(box('a', 0, 0, 50, 50), file_upload='b.png', data={}), 'b.png'),
    (task(region('polygonlabels', 'a', points=[1, 2, 3])), '"points"'), (task(annotations=[]), 'no shape'),
    ([], 'tasks[0]')])
def test_what_is_wrong_is_one_sentence(tmp_path, write, photo, entry, said):
    photo('a.png', (20, 10))
    path = write('a.json', [entry])
    with pytest.raises(DataError) as error:
        read(path)
    assert said in str(error.value) and '.json' in str(error.value) and '\n' not in str(error.value)


def test_recognised(tmp_path, write):
    assert LabelStudioSource.recognises(write('a.json', [task(box('a', 0, 0, 50, 50))]))
    assert LabelStudioSource.recognises(tmp_path)
    assert not LabelStudioSource.recognises(write('b.json', [dict(original_width=1)]))
