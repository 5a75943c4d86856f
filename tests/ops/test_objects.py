"""Rows of objects: one each, and the same whatever the others are."""

import pytest
import torch

from semsynth.ops.objects import object_keys, object_rows


def pairs(label, objects):
    return set(zip(label.flatten().tolist(), objects.flatten().tolist(), strict=True))


@pytest.mark.parametrize('rows', [61, 100])
def test_each_object_has_a_row_of_its_own(rows):
    torch.manual_seed(0)
    label, objects = torch.randint(3, (4, 9, 11)), torch.randint(5, (4, 9, 11)) * 1000 + torch.randint(2, (4, 9, 11))
    found = object_rows(objects, label, 3, rows)
    for b in range(4):
        rows_of = {(c, o): set(found.rows[b][(label[b] == c) & (objects[b] == o)].tolist())
                   for c, o in pairs(label[b], objects[b])}
        assert all(len(own) == 1 for own in rows_of.values())
        assert len(set().union(*rows_of.values())) == len(rows_of) == found.present[b].sum()
        assert torch.equal(found.classes[b][found.rows[b]], label[b])
        assert not found.classes[b][~found.present[b]].any()


def test_without_instances_a_class_is_its_row():
    label = torch.randint(5, (2, 6, 7))
    assert torch.equal(object_rows(label, label, 5, 5).rows, label)


def test_an_added_object_leaves_the_others_where_they_are():
    label = torch.arange(4).repeat_interleave(4).view(1, 4, 4)
    objects = label * 1000 + torch.arange(4) % 2
    before = object_rows(objects, label, 4, 31).rows
    objects[0, 3, 3], kept = 3007, torch.ones(4, 4, dtype=torch.bool)
    kept[3, 3] = False
    assert torch.equal(object_rows(objects, label, 4, 31).rows[0][kept], before[0][kept])


def test_too_many_objects_share():
    objects = torch.arange(12).view(1, 3, 4)
    found = object_rows(objects, objects * 0, 1, 5)
    assert found.rows.max() < 5 and found.present.sum() == 5
    assert object_rows(objects, objects * 0, 1, 1).rows.max() == 0


def test_ids_may_be_negative_and_large():
    objects = torch.tensor([[[-5, 2**31 + 3], [0, 26003]]])
    label = torch.tensor([[[0, 1], [2, 2]]])
    found = object_rows(objects, label, 3, 7)
    assert len(set(found.rows.flatten().tolist())) == 4 and found.rows.min() >= 0
    assert torch.equal(found.classes[0][found.rows[0]], label[0])
    assert object_keys(objects, label, 3)[0, 0, 0] == -15
