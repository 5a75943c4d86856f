"""The objects of a layout, each with a row of a table of fixed size."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

ROUNDS = 12
"""Times that objects look for another row. At a third of the rows taken, one in 3**12 then has none of its own."""
NOBODY = torch.iinfo(torch.int64).max


class ObjectRows(NamedTuple):
    """Which row belongs to which object, in each image.

    Args:
        rows: each pixel's row, ``(B, H, W)`` long in ``0..rows-1``.
        classes: the class of each row's object, ``(B, rows)`` long; 0 where there is none.
        present: whether a row has an object, ``(B, rows)``.
    """

    rows: Tensor
    classes: Tensor
    present: Tensor


def object_keys(objects: Tensor, label: Tensor, num_classes: int) -> Tensor:
    """A number for each object and class: what has one id and several classes is several objects, ``(B, H, W)``.

    Args:
        objects: ids, ``(B, H, W)`` long, any integers.
        label: class indices, ``(B, H, W)`` long in ``0..num_classes-1``.
        num_classes: how many there are.
    """
    return objects * num_classes + label


def object_rows(objects: Tensor, label: Tensor, num_classes: int, rows: int) -> ObjectRows:
    """Give each object of each image a row of its own, which hardly depends on the image's other objects.

    An object's row is its id modulo ``rows``: without instances it is the class. Of those that want one row, the one
    with the least key keeps it, and the others go to further ones, in steps of their own, ``ROUNDS`` times. So an
    object that is added to a layout, or taken away, leaves the rows of nearly all others as they were. There is no
    loop over objects, and no wait for the device. Where there are too many objects some share a row.

    Args:
        objects: ids, ``(B, H, W)`` long, any integers.
        label: class indices, ``(B, H, W)`` long in ``0..num_classes-1``.
        num_classes: how many there are.
        rows: how many there are in an image.
    """
    keys = object_keys(objects, label, num_classes).flatten(1)
    index = objects.flatten(1) % rows
    step = 1 + torch.div(keys, rows, rounding_mode='floor') % max(1, rows - 1)
    owners = _owners(keys, index, rows)
    for _ in range(ROUNDS):
        index = torch.where(owners.gather(1, index) == keys, index, (index + step) % rows)
        owners = _owners(keys, index, rows)
    present = owners != NOBODY
    classes = torch.where(present, owners % num_classes, 0)
    return ObjectRows(index.view_as(label), classes, present)


def _owners(keys: Tensor, index: Tensor, rows: int) -> Tensor:
    """The least key of those who want each row, ``(B, rows)``."""
    # no len(): an exporter would take it for a number that never changes
    nobody = torch.full((keys.shape[0], rows), NOBODY, dtype=torch.int64, device=keys.device)
    return nobody.scatter_reduce(1, index, keys, 'amin')
