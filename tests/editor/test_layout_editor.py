from dataclasses import replace

import numpy as np
import pytest

from helpers.facts import facts
from semsynth.editor.layout_editor import LayoutEditor
from semsynth.editor.scene import Object, Scene
from semsynth.label_spaces import LabelSpace

SPACE = LabelSpace(('sky', 'road', 'car', 'person'), id_map={23: 0, 7: 1, 26: 2, 24: 3})
SKY, ROAD, CAR, PERSON = range(4)
THINGS = frozenset([CAR, PERSON])
SIZE = (24, 32)


@pytest.fixture
def editor():
    """Sky over road; two cars that touch; a person in the sky."""
    label, instance = np.full(SIZE, SKY, np.uint8), np.full(SIZE, 23)
    for part, index, identity in ((np.s_[12:], ROAD, 7), (np.s_[10:16, 4:10], CAR, 26000),
                                  (np.s_[10:16, 10:14], CAR, 26001), (np.s_[2:8, 20:22], PERSON, 24000)):
        label[part], instance[part] = index, identity
    editor = LayoutEditor(SPACE, THINGS)
    editor._start(Scene(label, instance, {26000: (0.5,), 23: (0.25,)}))
    return editor


def state(editor):
    scene = editor.scene
    return scene.label.tobytes(), scene.instance.tobytes(), scene.label.dtype, scene.instance.dtype, scene.styles


def test_objects(editor):
    assert editor.objects() == [Object(*found, {found[1]: found[2]}) for found in (
        (7, ROAD, 12 * 32 - 4 * 10, (0, 12, 32, 24)), (23, SKY, 12 * 32 - 2 * 10 - 12, (0, 0, 32, 12)),
        (24000, PERSON, 12, (20, 2, 22, 8)), (26000, CAR, 36, (4, 10, 10, 16)), (26001, CAR, 24, (10, 10, 14, 16)))]
    assert [editor.object_at(*at) for at in ((0, 0), (21, 2), (9, 15), (10, 15), (31, 23))] == [
        23, 24000, 26000, 26001, 7]
    for array in (editor.label, editor.instance):
        with pytest.raises(ValueError, match='read-only'):
            array[0, 0] = 1


def test_pasting_from_another_layout(editor):
    label, instance = np.full((10, 50), SKY, np.uint8), np.full((10, 50), 23)
    label[4:7, 28:36], instance[4:7, 28:36] = CAR, 26000
    label[8:], instance[8:] = ROAD, 7
    before = state(editor)
    assert editor.paste(label, instance, 26000, dx=-10, dy=12) == 26002  # a new id, for 26000 is taken here
    pasted = np.zeros(SIZE, bool)
    pasted[16:19, 18:26] = True
    assert np.array_equal(editor.instance == 26002, pasted) and (editor.label[pasted] == CAR).all()
    assert editor.scene.styles == {26000: (0.5,), 23: (0.25,)}
    assert editor.paste(label, instance, 26000) == 26003 and (editor.label[4:7, 28:] == CAR).all()  # cut off
    assert editor.paste(label, instance, 7, dy=-8) == 7 and (editor.label[:2] == ROAD).all()  # no thing
    for _ in range(3):
        editor.undo()
    assert state(editor) == before


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(id=5), 'There is no object 5 in that layout'),
    (dict(id=1, dx=40), facts('40, 0', 'outside the picture')),
    (dict(id=1, instance=np.ones((4, 5))), facts('(4, 4)', '(4, 5)')),
    (dict(id=1, label=np.full((4, 4), 9)), 'no class 9'),
    (dict(id=1, label=np.eye(4, dtype=int)), facts('id 1 covers 2 classes'))])
def test_what_cannot_be_pasted(editor, arguments, message):
    before = state(editor)
    with pytest.raises(ValueError, match=message):
        editor.paste(**dict(label=np.full((4, 4), CAR), instance=np.ones((4, 4), int)) | arguments)
    assert state(editor) == before and not editor.can_undo


def test_painting_joins_a_region_starts_a_thing_or_extends_it(editor):
    assert editor.brush([(0, 20), (5, 20)], 0, SKY) == 23
    assert (editor.instance[20, :6] == 23).all() and (editor.label[20, :6] == SKY).all()
    assert editor.brush([(20, 20)], 2, CAR) == 26002
    assert editor.brush([(26, 20)], 2, CAR, instance=26002) == 26002
    assert editor.label[20, 26] == CAR and editor.object_at(26, 20) == 26002
    assert editor.fill(20, 3, ROAD) == 7
    assert {found.id for found in editor.objects()} == {7, 23, 26000, 26001, 26002}
    assert editor.fill(11, 12, PERSON) == 24000
    assert (editor.instance[10:16, 10:14] == 24000).all() and (editor.instance[10:16, 4:10] == 26000).all()


def test_adding_and_relabelling(editor):
    assert editor.add(PERSON, polygon=[(1, 14), (3, 14), (3, 22), (1, 22)]) == 24001
    assert (editor.label[14:23, 1:4] == PERSON).all()
    mask = np.zeros(SIZE, bool)
    mask[20:22, 20:22] = True
    assert editor.add(SKY, mask=mask) == 23
    assert editor.relabel(26001, PERSON) == 24002
    assert (editor.instance[10:16, 10:14] == 24002).all() and (editor.label[10:16, 10:14] == PERSON).all()
    assert editor.relabel(23, ROAD) == 7
    assert not (editor.label == SKY).any() and editor.scene.styles == {26000: (0.5,)}
    assert editor.relabel(7, ROAD) == 7


def test_moving_and_removing(editor):
    editor.move(26000, 10, 4)
    assert (editor.instance[14:20, 14:20] == 26000).all() and editor.scene.styles[26000] == (0.5,)
    assert set(np.unique(editor.label[10:16, 4:10])) == {SKY, ROAD}
    assert (editor.instance[10:16, 10:14] == 26001).all()
    editor.move(26000, 15, 0)  # partly out of the frame
    assert editor.scene.objects[26000].area == 6 * 3
    editor.remove(26000)
    assert 26000 not in editor.scene.objects and editor.scene.styles == {23: (0.25,)}
    assert editor.add(CAR, polygon=[(0, 0), (3, 0), (3, 3)]) == 26000
    assert 26000 not in editor.scene.styles  # a new car does not look like the one whose id it has


def test_a_step_that_changes_nothing_is_none(editor):
    assert editor.fill(0, 0, SKY) == 23
    assert editor.fill(5, 12, CAR) == 26000
    editor.move(26000, 0, 0)
    editor.relabel(26000, CAR)
    assert not editor.can_undo


def test_random_edits_stay_consistent_and_are_all_undone(editor):
    dice = np.random.default_rng(0)

    def any_object():
        return int(dice.choice([found.id for found in editor.objects()]))

    def any_point():
        return int(dice.integers(SIZE[1])), int(dice.integers(SIZE[0]))

    operations = [
        lambda: editor.paint(dice.random(SIZE) < 0.1, int(dice.integers(4))),
        lambda: editor.brush([any_point(), any_point()], int(dice.integers(4)), int(dice.integers(4))),
        lambda: editor.brush([any_point()], 2, CAR, instance=any_object()),
        lambda: editor.fill(*any_point(), int(dice.integers(4))),
        lambda: editor.add(int(dice.integers(4)), polygon=[any_point() for _ in range(4)]),
        lambda: editor.relabel(any_object(), int(dice.integers(4))),
        lambda: editor.move(any_object(), *(dice.integers(-9, 10, 2).tolist())),
        lambda: editor.remove(any_object()),
        lambda: editor._commit(replace(editor.scene, styles={**editor.scene.styles, any_object(): (dice.random(),)}))]
    states, refused = [state(editor)], 0
    for _ in range(300):
        try:
            operations[dice.integers(len(operations))]()
        except ValueError:  # such as extending what is no car
            refused += 1
            assert state(editor) == states[-1]
        if state(editor) != states[-1]:
            states.append(state(editor))
        assert all(list(found.areas) == [found.class_index] for found in editor.objects())
        assert set(editor.scene.styles) <= set(editor.scene.objects)
        assert sum(found.area for found in editor.objects()) == SIZE[0] * SIZE[1]
        for found in editor.objects():
            number = SPACE.to_id(found.class_index)
            assert number == (found.id // 1000 if found.class_index in THINGS else found.id)
    assert len(states) > 150 and refused
    for expected in reversed(states[:-1]):
        editor.undo()
        assert state(editor) == expected
    assert not editor.can_undo
    for expected in states[1:]:
        editor.redo()
        assert state(editor) == expected
    assert not editor.can_redo


def test_an_edit_after_undoing_forgets_what_was_undone(editor):
    editor.remove(26000)
    editor.undo()
    editor.remove(26001)
    assert not editor.can_redo


@pytest.mark.parametrize(('mistake', 'message'), [
    (lambda e: e.paint(np.ones((2, 2), bool), ROAD), r'mask is \(2, 2\) bool, instead of \(24, 32\) bool'),
    (lambda e: e.paint(np.ones(SIZE, int), ROAD), r'mask is \(24, 32\) int64, instead of \(24, 32\) bool'),
    (lambda e: e.paint(np.zeros(SIZE, bool), ROAD), 'The mask is empty: nothing of it lies within the picture'),
    (lambda e: e.paint(np.ones(SIZE, bool), 4), r'There is no class 4: there are 0\.\.3'),
    (lambda e: e.paint(np.ones(SIZE, bool), ROAD, instance=26000), 'The object 26000 is car: painting road cannot'),
    (lambda e: e.paint(np.ones(SIZE, bool), ROAD, instance=5), 'There is no object 5 in the layout'),
    (lambda e: e.brush([(40, 40)], 3, ROAD), 'The mask is empty'),
    (lambda e: e.brush([], 3, ROAD), r'points are 1 or more pairs \(x, y\), not \[\]'),
    (lambda e: e.brush([(1, np.nan)], 3, ROAD), r'points are 1 or more pairs \(x, y\)'),
    (lambda e: e.brush([(1, 1)], -1, ROAD), r'radius=-1: a brush for this picture has a radius of 0\.\.32 pixels'),
    (lambda e: e.fill(32, 0, ROAD), r'\(32, 0\) is no pixel of the picture, which is 32 wide and 24 high'),
    (lambda e: e.object_at(0, -1), r'\(0, -1\) is no pixel'),
    (lambda e: e.add(CAR), 'add takes either a mask or a polygon'),
    (lambda e: e.add(CAR, polygon=[(1, 1), (2, 2)]), 'points are 3 or more pairs'),
    (lambda e: e.relabel(26000, -1), 'There is no class -1'),
    (lambda e: e.relabel(5, CAR), 'There is no object 5'),
    (lambda e: e.move(26000, 100, 0), 'Moved by 100, 0 the object 26000 would lie outside the picture: remove it'),
    (lambda e: e.remove(5), 'There is no object 5'),
    (lambda e: e.undo(), 'There is nothing to undo'),
    (lambda e: e.redo(), 'There is nothing to redo')])
def test_mistakes_change_nothing(editor, mistake, message):
    before = state(editor)
    with pytest.raises(ValueError, match=message):
        mistake(editor)
    assert state(editor) == before and not editor.can_undo and not editor.can_redo


def test_what_is_alone_cannot_be_removed(editor):
    editor.paint(np.ones(SIZE, bool), CAR)
    for edit in (lambda: editor.remove(26002), lambda: editor.move(26002, 1, 1)):
        with pytest.raises(ValueError, match='The object 26002 is all that there is: nothing surrounds it'):
            edit()


def test_a_background_shared_by_classes_is_no_object(editor):
    """Own data often have the id 0 for all that is no instance."""
    label, instance = editor.label.copy(), editor.instance.copy()
    instance[instance < 1000] = 0
    editor._start(Scene(label, instance, {}))
    for edit in (lambda: editor.remove(0), lambda: editor.relabel(0, CAR), lambda: editor.move(0, 1, 1)):
        with pytest.raises(ValueError, match=facts('id 0', '2 classes')):
            edit()
    assert editor.brush([(20, 20)], 1, SKY) == 0
    editor.remove(26000)
    assert set(np.unique(editor.instance)) == {0, 24000, 26001}


def test_a_failure_takes_back_the_edits_before_it(editor):
    editor.move(26000, 2, 0)
    editor.remove(24000)
    editor.undo()
    before = state(editor)
    with pytest.raises(OSError, match='full'), editor.kept_on_failure():
        editor.remove(26001)
        raise OSError('full')
    assert state(editor) == before and (editor.steps, editor.can_redo) == (1, True)
    editor.redo()
    assert 24000 not in editor.instance and 26001 in editor.instance


def test_nothing_is_open():
    editor = LayoutEditor(SPACE, THINGS)
    for edit in (editor.objects, lambda: editor.remove(7), lambda: editor.label):
        with pytest.raises(ValueError, match='Nothing is open: open a layout first'):
            edit()
