"""COCO's panoptic JSON."""

import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.coco_panoptic import COCOPanopticSource
from semsynth.errors import DataError

SEGMENTS = {70000: 7, 300: 7, 5: 40, 9: 7}  # the ids of segments, and of their categories


def exported(**fields):
    segments = [dict(id=number, category_id=category, iscrowd=int(number == 9))
                for number, category in SEGMENTS.items()]
    return dict(images=[dict(id=3, file_name='a.jpg', height=6, width=8)],
                annotations=[dict(image_id=3, file_name='a.png', segments_info=segments)],
                categories=[dict(id=40, name='sky', isthing=0, color=[1, 2, 3]),
                            dict(id=7, name='car', isthing=1, color=[4, 5, 6])]) | fields


@pytest.fixture
def numbers(tmp_path):
    found = np.random.default_rng(0).choice([0, *SEGMENTS], (6, 8))
    (tmp_path / 'annotations/panoptic_val').mkdir(parents=True)
    colours = np.stack([found % 256, found // 256 % 256, found // 65536], axis=2)
    Image.fromarray(colours.astype(np.uint8)).save(tmp_path / 'annotations/panoptic_val/a.png')
    return found


def test_segments_are_objects_of_things(tmp_path, write, photo, numbers):
    path = photo('images/a.jpg')
    file = write('annotations/panoptic_val.json', exported())
    for place in (tmp_path, file):
        assert COCOPanopticSource.recognises(place)
        source = COCOPanopticSource(place, ImportOptions())
        scene = source.scene('a')
        assert source.classes == ['car', 'sky', 'background'] and scene.photo == path
        assert source.palette == [(4, 5, 6), (1, 2, 3), (0, 0, 0)]
        label = np.select([numbers == 0, numbers == 5], [2, 1], 0)
        np.testing.assert_array_equal(scene.label, label)
        np.testing.assert_array_equal(scene.instance, np.select([numbers == 70000, numbers == 300], [1, 2], 0))


def test_of_files_of_one_name_the_json_files_own_count(tmp_path, write, photo, numbers):
    photo('images/a.jpg')
    file = write('annotations/panoptic_val.json', exported())
    (tmp_path / 'annotations/zz').mkdir()
    Image.new('RGB', (8, 6)).save(tmp_path / 'annotations/zz/a.png')
    assert (COCOPanopticSource(file, ImportOptions()).scene('a').label == 2).sum() == (numbers == 0).sum()
    (tmp_path / 'annotations/panoptic_val').rename(tmp_path / 'annotations/other')
    with pytest.raises(DataError, match=facts('panoptic_val.json', 'other/a.png', 'zz/a.png', 'panoptic_val')):
        COCOPanopticSource(file, ImportOptions()).scene('a')


@pytest.mark.parametrize(('fields', 'said'), [
    (dict(categories=[]), 'category_id 7'), (dict(images=[dict(id=3, file_name='a.jpg', height=60, width=8)]), '60x8'),
    (dict(annotations=[dict(image_id=3, file_name='b.png', segments_info=[])]), 'b.png'),
    (dict(annotations=[dict(image_id=3, file_name='a.png')]), 'segments_info'), (dict(annotations=[]), 'no shape')])
def test_what_is_wrong_is_one_sentence(tmp_path, write, photo, numbers, fields, said):
    photo('images/a.jpg')
    write('annotations/panoptic_val.json', exported(**fields))
    with pytest.raises(DataError) as error:
        COCOPanopticSource(tmp_path / 'annotations/panoptic_val.json', ImportOptions()).scene('a')
    assert said in str(error.value) and 'panoptic_val.json' in str(error.value) and '\n' not in str(error.value)


def test_maps_of_another_kind(tmp_path, write, photo, numbers):
    photo('images/a.jpg', (7, 8))
    write('annotations/panoptic_val.json', exported(images=[dict(id=3, file_name='a.jpg')]))
    source = COCOPanopticSource(tmp_path, ImportOptions())
    with pytest.raises(DataError, match=r'a\.png is 6x8.*7x8'):
        source.scene('a')
