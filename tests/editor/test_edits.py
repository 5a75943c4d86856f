import numpy as np
import pytest

from helpers.facts import facts
from semsynth.data.numbering import Numbering
from semsynth.editor import edits, shapes
from semsynth.editor.scene import Scene
from semsynth.label_spaces import LabelSpace

SKY, ROAD, CAR, POLE = range(4)
SPACE = LabelSpace(('sky', 'road', 'car', 'pole'), id_map={23: SKY, 7: ROAD, 26: CAR, -1: CAR, 17: POLE})
NUMBERING = Numbering(SPACE, frozenset([CAR]))


def maps(text, ids=None):
    """Rows of letters: s sky, r road, p pole, and the cars A, B."""
    letters = np.array([list(row) for row in text.split()])
    numbers = dict(s=(SKY, 23), r=(ROAD, 7), p=(POLE, 17), A=(CAR, 26000), B=(CAR, 26001)) | (ids or {})
    pairs = np.array([[numbers[letter] for letter in row] for row in letters])
    return pairs[..., 0].astype(np.uint8), pairs[..., 1].astype(np.int64)


def same(found, expected):
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in zip(found, expected, strict=True))


def test_paint():
    before = maps('sss rrr')
    mask = np.array([[0, 1, 1], [0, 0, 1]], bool)
    assert same(edits.paint(*before, mask, CAR, 26000), maps('sAA rrA'))
    assert same(before, maps('sss rrr'))


def test_what_lies_behind_is_no_thing_and_the_nearest():
    """The removed car A becomes road and sky, not the car B beside it."""
    before = maps('sssss sAABs rAABr rrrrr')
    assert same(edits.fill(*before, before[1] == 26000, [CAR]), maps('sssss sssBs rrrBr rrrrr'))


def test_thin_things_do_not_spread():
    """At 256 rows a window of 9 pixels must fit: the pole, 8 wide, does not, though it is nearest."""
    label, instance = np.full((256, 256), SKY, np.uint8), np.full((256, 256), 23)
    label[128:], instance[128:] = ROAD, 7
    label[:, 100:108], instance[:, 100:108] = POLE, 17
    label[100:160, 108:140], instance[100:160, 108:140] = CAR, 26000
    filled, ids = edits.fill(label, instance, instance == 26000, [CAR])
    hole = instance == 26000
    assert set(np.unique(filled[hole])) == {SKY, ROAD} and same((filled[~hole], ids[~hole]),
                                                                (label[~hole], instance[~hole]))
    assert (filled[100:126, 108:140] == SKY).all() and (filled[130:160, 108:140] == ROAD).all()
    label[:, :100], instance[:, :100] = POLE, 17
    assert POLE in edits.fill(label, instance, hole, [CAR])[0][hole]


def test_where_there_is_no_surface():
    label, instance = np.full((64, 64), CAR, np.uint8), np.full((64, 64), 26000)
    label[:, 5], instance[:, 5] = POLE, 17  # thinner than the window of 3
    filled, ids = edits.fill(label, instance, instance == 26000, [CAR])
    assert (filled == POLE).all() and (ids == 17).all()
    before = maps('AAB AAB')
    assert same(edits.fill(*before, before[1] == 26000, [CAR]), maps('BBB BBB'))


def test_move_covers_what_is_there_and_loses_what_leaves():
    before = maps('sssss sAAss rAABr rrrrr')
    assert same(edits.move(*before, 26000, 1, 1, [CAR]), maps('sssss sssss rrAAr rrAAr'))
    assert same(edits.move(*before, 26000, -2, 0, [CAR]), maps('sssss Assss ArrBr rrrrr'))


def test_new_ids_are_the_data_sets():
    def target(text, class_index, **ids):
        objects = Scene(*maps(text, ids), {}).objects
        return NUMBERING.target({number: found.areas for number, found in objects.items()}, class_index)

    assert [target('sss AAB rrr', index) for index in (CAR, ROAD, POLE)] == [26002, 7, 17]
    assert target('sss BBB rrr', CAR) == 26000
    assert target('sss rrx', ROAD, x=(ROAD, 900)) == 7  # the larger region
    assert target('ssx', POLE, x=(SKY, 17)) == 17_000  # 17 is taken
    assert target('sxy yyx', SKY, x=(SKY, 0), y=(ROAD, 0)) == 0  # a background that classes share


def test_instances_of_a_label_map():
    label, _ = maps('Asss sAsA rrrs')
    expected = maps('Asss sAsB rrrs')
    assert same((label, NUMBERING.instances(label)), expected)


def test_instances_of_a_noisy_label_map():
    label = np.zeros((256, 256), np.uint8)
    label[::4, ::4] = CAR
    instance = NUMBERING.instances(label)
    assert instance[::4, ::4].ravel().tolist() == list(range(26000, 26000 + 64 * 64))
    assert (instance[label == SKY] == 23).all()


def test_ids_of_indices():
    assert [SPACE.to_id(index) for index in range(4)] == [23, 7, 26, 17]
    assert LabelSpace(('a', 'b')).to_id(1) == 1
    assert LabelSpace(('a', 'none'), unknown=1, id_map={5: 0}, unknown_ids=(255,)).to_id(1) == 255
    with pytest.raises(ValueError, match=facts('PNG', 'index 1', '0..65535')):
        LabelSpace(('a', 'b'), id_map={0: 0, -1: 1}).to_id(1)


def test_strokes():
    assert shapes.stroke((3, 4), [(1, 1)], 0).tolist() == [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]
    assert shapes.stroke((3, 4), [(0, 0), (3, 0)], 0).tolist() == [[1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    disc = shapes.stroke((21, 21), [(10, 10)], 6)
    y, x = np.mgrid[:21, :21] - 10
    distance = np.hypot(x, y)
    assert disc[distance <= 5.5].all() and not disc[distance > 7].any()
    line = shapes.stroke((21, 21), [(5, 10), (15, 10)], 3)
    assert line[8:13, 5:16].all() and not line[:6].any() and not line[15:].any()
    assert not shapes.stroke((21, 21), [(40, 40)], 6).any()


def test_polygons():
    assert shapes.polygon((4, 4), [(0, 0), (2, 0), (2, 2), (0, 2)])[:3, :3].all()
    assert shapes.polygon((4, 4), [(0, 0), (2, 0), (2, 2), (0, 2)]).sum() == 9


def test_regions_are_of_one_object_and_connected_by_sides():
    label, instance = maps('rrA rAr ABB')
    assert shapes.region(label, instance, 0, 0).tolist() == [[1, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert shapes.region(label, instance, 1, 1).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]
    assert shapes.region(label, instance, 1, 2).tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 1]]


def test_shift_onto_a_canvas_of_another_size():
    mask = np.array([[1, 0], [1, 1]], bool)
    assert shapes.shift(mask, (2, 3), 1, 0).tolist() == [[0, 1, 0], [0, 1, 1]]
    assert shapes.shift(mask, (2, 3), -1, -1).tolist() == [[1, 0, 0], [0, 0, 0]]
