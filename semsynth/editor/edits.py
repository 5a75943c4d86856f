"""Edits of a layout: pure functions from label and instance map to new ones.

Both maps are ``(H, W)``: class indices, and object ids. An edit keeps every object in one class: where each id of the
layout has one class, each id of the result has.
"""

from __future__ import annotations

from collections.abc import Collection

import cv2
import numpy as np

from semsynth.data.objects import Maps, paint
from semsynth.editor.shapes import shift


def move(label: np.ndarray, instance: np.ndarray, identity: int, dx: int, dy: int, things: Collection[int]) -> Maps:
    """Shift an object right by dx and down by dy, in front of what is there; its old place is filled from its
    surroundings, and what lies beyond the frame is lost."""
    mask = instance == identity
    class_index = label[mask][0]
    return paint(*fill(label, instance, mask, things), shift(mask, label.shape, dx, dy), class_index, identity)


def fill(label: np.ndarray, instance: np.ndarray, mask: np.ndarray, things: Collection[int]) -> Maps:
    """Fill a mask with what is likely to lie behind: the class and object of the nearest surface.

    A surface is of no thing, and thick: poles, signs and frames do not spread. Where nothing outside the mask is one,
    whatever is of no thing counts, and last, everything.

    Args:
        label: class indices.
        instance: object ids.
        mask: ``(H, W)`` bool; some of the picture lies outside.
        things: indices of the classes that come in instances.
    """
    stuff = ~mask & ~np.isin(label, list(things))
    window = np.ones(2 * [2 * round(min(label.shape) / 64) + 1])
    classes = label.astype(np.uint16)
    thick = cv2.erode(classes, window) == cv2.dilate(classes, window)
    source = next(pixels for pixels in (stuff & thick, stuff, ~mask) if pixels.any())
    nearest = cv2.distanceTransformWithLabels((~source).astype(np.uint8), cv2.DIST_L2, 5,
                                              labelType=cv2.DIST_LABEL_PIXEL)[1]
    places = np.zeros(nearest.max() + 1, np.int64)
    places[nearest[source]] = np.flatnonzero(source)
    chosen = places[nearest[mask]]
    filled = label.copy(), instance.copy()
    for new, old in zip(filled, (label, instance), strict=True):
        new[mask] = old.ravel()[chosen]
    return filled
