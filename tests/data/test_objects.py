"""Objects of layouts against plain computations."""

import numpy as np

from semsynth.data.numbering import Numbering
from semsynth.data.objects import areas_of, find_objects, paste, stands_alike
from semsynth.label_spaces import LabelSpace

LABEL = np.array([[0, 1, 1, 0, 1],
                  [0, 0, 0, 1, 1],
                  [2, 2, 0, 0, 1],
                  [2, 2, 2, 2, 2]], np.uint8)
INSTANCE = np.array([[9, 5, 6, 9, 7],
                     [9, 9, 9, 7, 7],
                     [2, 2, 9, 9, 5],
                     [2, 2, 2, 2, 2]])


def test_objects_by_their_ids():
    parts, areas = find_objects(LABEL, INSTANCE, 1)
    assert parts.tolist() == [[0, 1, 2, 0, 3], [0, 0, 0, 3, 3], [0, 0, 0, 0, 1], [0] * 5]
    assert areas.tolist() == [14, 2, 1, 3]


def test_objects_as_connected_regions():
    parts, areas = find_objects(LABEL, None, 1)
    assert areas.tolist() == [14, 6] and ((parts > 0) == (LABEL == 1)).all()  # by a corner
    assert find_objects(LABEL, None, 3)[1].tolist() == [20] and find_objects(LABEL, INSTANCE, 3)[1].tolist() == [20]


def test_areas():
    assert areas_of(LABEL, INSTANCE) == {2: {2: 7}, 5: {1: 2}, 6: {1: 1}, 7: {1: 3}, 9: {0: 7}}
    assert areas_of(LABEL, np.zeros_like(LABEL)) == {0: {0: 7, 1: 6, 2: 7}}


def test_a_pasted_thing_gets_a_new_id_and_all_else_joins_its_class():
    numbering = Numbering(LabelSpace(('wall', 'car', 'road')), frozenset([1]))
    mask = np.zeros(LABEL.shape, bool)
    mask[0, :2] = True
    label, instance, identity = paste(LABEL, INSTANCE, mask, 1, numbering)
    assert identity == 1000 and (instance[mask] == 1000).all() and (label[mask] == 1).all()
    assert (label[~mask] == LABEL[~mask]).all() and (instance[~mask] == INSTANCE[~mask]).all()
    assert label.dtype == LABEL.dtype and LABEL[0, 0] == 0  # the maps that were given stay
    assert paste(label, instance, mask, 1, numbering)[2] == 1001
    assert paste(LABEL, INSTANCE, mask, 2, numbering)[2] == 2


def test_what_lies_below():
    mask = np.zeros(LABEL.shape, bool)
    mask[0, :2] = mask[1, 0] = True  # below: (2, 0) of class 2, (1, 1) of class 0
    other = LABEL.copy()
    assert stands_alike(mask, LABEL, other) == 1
    other[2, 0] = 1
    assert stands_alike(mask, LABEL, other) == 0.5
    lowest = np.zeros(LABEL.shape, bool)
    lowest[3] = True
    assert stands_alike(lowest, LABEL, 0 * LABEL) == 1
