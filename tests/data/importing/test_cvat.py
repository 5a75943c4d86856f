"""CVAT's XML."""

import numpy as np
import pytest

from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.cvat import CVATSource
from semsynth.errors import DataError

pytest.importorskip('defusedxml')
LABELS = """<meta><task><labels>
<label><name>road</name><color>#804080</color></label><label><name>car</name><color>#00008e</color></label>
<label><name>person</name><color>#ff0000</color><type>skeleton</type></label>
<label><name>1</name><color>#ff00ff</color><type>points</type><parent>person</parent></label>
</labels></task></meta>"""


def exported(*shapes, image='id="0" name="sub/a.png" width="8" height="6"', labels=LABELS):
    return f'<?xml version="1.0"?>\n<annotations><version>1.1</version>{labels}<image {image}>' \
           f'{"".join(shapes)}</image></annotations>'


def box(label, left, top, right, bottom, more=''):
    return f'<box label="{label}" xtl="{left}" ytl="{top}" xbr="{right}" ybr="{bottom}" occluded="0" {more}></box>'


def polygon(label, points, more='z_order="0"'):
    return f'<polygon label="{label}" points="{points}" {more}><attribute name="x">1</attribute></polygon>'


def read(path):
    source = CVATSource(path, ImportOptions())
    return source, source.scene(source.names[0])


def test_shapes_lie_by_their_depth(tmp_path, write, photo):
    path = photo('images/sub/a.png')
    write('annotations.xml', exported(polygon('car', '2.0,3.0;4.0,3;4,4;2,4', 'z_order="1"'), box('road', 0, 2, 7, 5),
                                      box('car', 6, 0, 7, 1), '<tag label="sunny"></tag>'))
    source, scene = read(tmp_path)
    assert source.classes == ['road', 'car', 'background'] and scene.photo == path
    assert source.palette == [(0x80, 0x40, 0x80), (0, 0, 0x8e), (0, 0, 0)]
    assert len(source.remarks) == 1 and 'person' in source.remarks[0]
    label = np.full((6, 8), 2)
    label[2:6] = 0
    label[3:5, 2:5] = label[:2, 6:] = 1
    np.testing.assert_array_equal(scene.label, label)
    assert [scene.instance[y, x] for y, x in ((5, 0), (0, 7), (3, 3), (0, 0))] == [1, 2, 3, 0]


def test_masks(tmp_path, write, photo):
    photo('a.png')
    inside = np.array([[1, 0, 1], [1, 1, 0]], bool)
    write('a.xml', exported('<mask label="car" rle="0, 1, 1, 3, 1" left="5" top="3" width="3" height="2"/>'))
    label = np.ones((6, 8), int)
    label[3:5, 5:8] = ~inside
    np.testing.assert_array_equal(read(tmp_path)[1].label, label)


def test_turned_boxes_and_ellipses(tmp_path, write, photo):
    photo('a.png', (30, 30))
    write('a.xml', exported(box('road', 2, 6, 14, 8, 'rotation="90"'),
                            '<ellipse label="car" cx="20" cy="20" rx="8" ry="2" rotation="90"/>',
                            image='name="a.png" width="30" height="30"'))
    label = read(tmp_path)[1].label
    assert (label[1:14, 7:10] == 0).all() and (label[:16, [5, 11]] == 2).all()
    assert (label[12:29, 20] == 1).all() and (label[20, 18:23] == 1).all() and (label[20, [16, 24]] == 2).all()


def test_groups_and_what_has_no_area(tmp_path, write, photo):
    photo('a.png')
    write('a.xml', exported(box('car', 0, 0, 1, 1, 'group_id="2"'), box('car', 3, 0, 4, 1),
                            box('car', 6, 0, 7, 1, 'group_id="2"'), polygon('car', '1,1;2,2'),
                            '<polyline label="road" points="1,1;2,2"/>', '<points label="road" points="1,1"/>'))
    scene = read(tmp_path)[1]
    assert scene.instance[0].tolist() == [1, 1, 0, 2, 2, 0, 1, 1]
    assert scene.remarks == {'points and lines, which have no area, left out': 2,
                             'polygons of fewer than 3 points, left out': 1}


def test_splits_are_the_subsets(tmp_path, write, photo):
    for split in ('Train', 'Validation'):
        photo(f'{split}.png')
        write(f'{split}.xml', exported(box('car', 0, 0, 1, 1),
                                       image=f'name="{split}.png" subset="{split}" width="8" height="6"'))
    assert read(tmp_path)[0].splits == {'Train': 'train', 'Validation': 'val'}


@pytest.mark.parametrize(('content', 'said'), [
    ('', 'no XML'), ('<annotations>', 'no XML'), ('<html></html>', '<html>'),
    ('<annotations><track id="0" label="car"></track></annotations>', 'video'),
    ('<!DOCTYPE a [<!ENTITY e "eeee">]><annotations>&e;</annotations>', 'no XML'),
    ('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><annotations>&e;</annotations>', 'no XML'),
    (exported(box('car', 0, 0, 1, 1), image='width="8" height="6"'), 'image 0 has no "name"'),
    (exported(box('car', 0, 0, 1, 1), image='name="b.png" width="8" height="6"'), 'b.png'),
    (exported(box('car', 0, 0, 1, 1), image='name="a.png" width="-8" height="6"'), '6x-8'),
    (exported(box('car', 0, 0, 1, 1), image='name="a.png" width="80" height="6"'), '6x80'),
    (exported(box('car', 0, 0, 1, 'x')), '"ybr"'), (exported(polygon('car', '1,1;2,2;3')), '"points"'),
    (exported(polygon('car', '1,1;2,2;nan,3')), '"points"'), (exported('<polygon points="1,1"/>'), '"label"'),
    (exported('<mask label="car" rle="2, 3" left="0" top="0" width="3" height="2"/>'), '"rle"'),
    (exported('<mask label="car" rle="9, -3" left="0" top="0" width="3" height="2"/>'), '"rle"'),
    (exported('<mask label="car" rle="2, 4" left="0" top="0"/>'), '"rle"'),
    (exported('<star label="car"/>'), 'unknown'), (exported(), 'no shape')])
def test_what_is_wrong_is_one_sentence(tmp_path, write, photo, content, said):
    photo('a.png')
    path = write('a.xml', content)
    with pytest.raises(DataError) as error:
        read(path)
    assert said in str(error.value) and 'a.xml' in str(error.value) and '\n' not in str(error.value)


def test_recognised(tmp_path, write):
    assert CVATSource.recognises(write('a.xml', exported()))
    assert CVATSource.recognises(tmp_path)
    assert not CVATSource.recognises(write('b.xml', '<annotation><object/></annotation>'))
