"""COCO's JSON."""

import numpy as np
import pytest

from semsynth.data.class_files import ClassTable
from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.coco import COCOSource, counts_in_text
from semsynth.errors import DataError

pytest.importorskip('pycocotools')
ROAD, CAR = 40, 7  # the numbers of categories have gaps


def annotation(category, segmentation, number=1, **fields):
    return dict(id=number, image_id=5, category_id=category, segmentation=segmentation, iscrowd=0) | fields


def exported(*annotations, **fields):
    return dict(images=[dict(id=5, file_name='sub/a.png', height=6, width=8)], annotations=list(annotations),
                categories=[dict(id=ROAD, name='road'), dict(id=CAR, name='car')]) | fields


def corners(left, top, right, bottom):
    """An outline in COCO's measure, where pixel i reaches from i to i + 1."""
    return [left, top, right + 1, top, right + 1, bottom + 1, left, bottom + 1]


def lengths(mask):
    """Run lengths by a loop, column by column."""
    counts, value = [0], 0
    for pixel in np.asarray(mask, int).T.ravel():
        if pixel == value:
            counts[-1] += 1
        else:
            counts.append(1)
            value = pixel
    return counts


def read(path, **options):
    source = COCOSource(path, ImportOptions(**options))
    return source, source.scene(source.names[0])


def test_small_objects_lie_over_large_ones(tmp_path, write, photo):
    path = photo('images/sub/a.png')
    write('annotations/instances.json', exported(
        annotation(CAR, [corners(1, 3, 3, 4), corners(5, 3, 6, 3)]), annotation(ROAD, [corners(0, 2, 7, 5)], 2)))
    source, scene = read(tmp_path)
    assert source.names == ['a'] and scene.photo == path
    assert source.classes == ['car', 'road', 'background']
    label = np.full((6, 8), 2)
    label[2:6] = 1
    label[3:5, 1:4] = label[3, 5:7] = 0
    np.testing.assert_array_equal(scene.label, label)
    assert len(np.unique(scene.instance[label == 0])) == len(np.unique(scene.instance[label == 1])) == 1
    assert (scene.instance[label == 2] == 0).all() and scene.instance.max() == 2


@pytest.mark.parametrize('compressed', [False, True])
def test_run_lengths(tmp_path, write, photo, compressed):
    from pycocotools import mask as coder
    photo('sub/a.png')
    inside = np.random.default_rng(0).random((6, 8)) > 0.5
    counts = coder.encode(np.asfortranarray(inside, np.uint8))['counts'].decode() if compressed else lengths(inside)
    write('a.json', exported(annotation(CAR, dict(size=[6, 8], counts=counts)),
                             annotation(ROAD, [corners(0, 0, 7, 5)])))
    np.testing.assert_array_equal(read(tmp_path)[1].label == 0, inside)


@pytest.mark.parametrize('counts', [[5], [0, 3, 2], [1, 20, 300, 4000, 5, 70000, 8, 9, 1000000, 3]])
def test_compressed_text(counts):
    from pycocotools import mask as coder
    text = coder.frPyObjects(dict(size=[1, sum(counts)], counts=counts), 1, sum(counts))['counts'].decode()
    assert counts_in_text(text).tolist() == counts


@pytest.mark.parametrize('text', ['\x7f', 'é', '`', 'oooooooooo'])
def test_text_that_is_none(text):
    with pytest.raises(ValueError, match='it'):
        counts_in_text(text)


def test_a_crowd_has_no_single_objects(tmp_path, write, photo):
    photo('sub/a.png')
    write('a.json', exported(annotation(CAR, [corners(0, 0, 3, 3)], iscrowd=1),
                             annotation(CAR, [corners(5, 0, 7, 2)], 2)))
    scene = read(tmp_path)[1]
    assert (scene.label[:4, :4] == 0).all() and (scene.instance[:4, :4] == 0).all() and scene.instance[0, 6] == 1


def test_categories_of_one_name_are_one_class(tmp_path, write, photo):
    photo('sub/a.png')
    write('a.json', exported(annotation(CAR, [corners(0, 0, 3, 3)]), categories=[
        dict(id=0, name='car', supercategory='none'), dict(id=CAR, name='car'), dict(id=9, name='sky')]))
    source, _ = read(tmp_path)
    assert source.classes == ['car', 'background'] and 'sky' in source.remarks[0]
    source, scene = read(tmp_path, classes=ClassTable(['sky', 'car'], [[1, 2, 3], [4, 5, 6]]), background='sky')
    assert source.classes == ['sky', 'car'] and source.palette == [(1, 2, 3), (4, 5, 6)] and scene.label[5, 5] == 0
    with pytest.raises(DataError, match=r'car.*--classes'):
        read(tmp_path, classes=ClassTable(['sky'], []))


def test_splits_are_those_of_the_files(tmp_path, write, photo):
    for split in ('train', 'valid', 'test'):
        photo(f'{split}/{split}.png')
        images = [dict(id=5, file_name=f'{split}.png', height=6, width=8),
                  dict(id=6, file_name='no.png', height=6, width=8)]
        write(f'{split}/_annotations.coco.json', exported(annotation(CAR, [corners(0, 0, 3, 3)]), images=images))
    source, _ = read(tmp_path)
    assert source.splits == {'train': 'train', 'valid': 'val', 'test': 'test'}
    assert any('3 photos' in remark for remark in source.remarks)


def test_what_is_left_out(tmp_path, write, photo):
    photo('sub/a.png')
    write('a.json', exported(annotation(CAR, [corners(0, 0, 3, 3), [1, 1, 2, 2]]), annotation(CAR, []),
                             annotation(CAR, [[1, 1, 2, 2]]), annotation(CAR, [[1, 1, 2, 2]], image_id=77)))
    source, scene = read(tmp_path)
    assert scene.remarks == {'boxes without a segmentation, left out': 1,
                             'polygons of fewer than 3 points, left out': 1}
    assert len(source.remarks) == 2 and '1 annotation' in source.remarks[0]


@pytest.mark.parametrize(('fields', 'said'), [
    (dict(images=None), '"images"'), (dict(categories=[dict(id=1)]), 'categories[0] has no "name"'),
    (dict(images=[dict(id=5, file_name='sub/a.png')]), 'images[0] has no "height"'),
    (dict(images=[dict(id=5, file_name='sub/a.png', height=-6, width=8)]), '-6x8'),
    (dict(images=[dict(id=5, file_name='sub/a.png', height=60, width=8)]), '60x8'),
    (dict(images=[dict(id=5, file_name='b.png', height=6, width=8)]), 'b.png'),
    (dict(annotations=[annotation(3, [corners(0, 0, 3, 3)])]), 'category_id 3'),
    (dict(annotations=[annotation(CAR, [[0, 0, 1]])]), 'annotations[0]'),
    (dict(annotations=[annotation(CAR, [[0, 0, 1, 1, 2, float('inf')]])]), 'annotations[0]'),
    (dict(annotations=[annotation(CAR, [[0, 0, 1, 1, 2, 1e7]])]), 'pixels away'),
    (dict(annotations=[annotation(CAR, [[0, 0, 1e6, 0] * 9])]), 'outlines'),
    (dict(annotations=[annotation(CAR, dict(size=[6, 9], counts=[54]))]), '6x8'),
    (dict(annotations=[annotation(CAR, dict(size=[6, 8], counts=[5, 3]))]), 'add up'),
    (dict(annotations=[annotation(CAR, dict(size=[6, 8], counts=[50, -2]))]), 'add up'),
    (dict(annotations=[annotation(CAR, dict(size=[6, 8], counts='xx'))]), 'counts'),
    (dict(annotations=[annotation(CAR, dict(size=[6, 8], counts=''))]), 'add up'),
    (dict(annotations=[annotation(CAR, dict(size=[6, 8], counts=[[5], [3, 4]]))]), 'counts'),
    (dict(annotations=[annotation(CAR, [])]), 'no shape')])
def test_what_is_wrong_is_one_sentence(tmp_path, write, photo, fields, said):
    photo('sub/a.png')
    content = exported(annotation(CAR, [corners(0, 0, 3, 3)]), **fields)
    path = write('a.json', {name: value for name, value in content.items() if value is not None})
    with pytest.raises(DataError) as error:
        read(path)
    assert said in str(error.value) and 'a.json' in str(error.value) and '\n' not in str(error.value)


def test_recognised(tmp_path, write):
    assert COCOSource.recognises(write('a.json', exported(annotation(CAR, []))))
    assert COCOSource.recognises(tmp_path)
    assert not COCOSource.recognises(write('b.json', dict(images=[], annotations=[], categories=[])))
