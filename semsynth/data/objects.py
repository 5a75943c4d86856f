"""Objects of layouts, and how they are put into others: for the editor and for training alike.

Maps are ``(H, W)``: class indices, and object ids.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from semsynth.data.numbering import Numbering

Maps = tuple[np.ndarray, np.ndarray]


def paint(label: np.ndarray, instance: np.ndarray, mask: np.ndarray, class_index: int, identity: int) -> Maps:
    """Make the pixels of a mask part of an object of a class."""
    label, instance = label.copy(), instance.copy()
    label[mask], instance[mask] = class_index, identity
    return label, instance


def paste(label: np.ndarray, instance: np.ndarray, mask: np.ndarray, class_index: int, numbering: Numbering,
          areas: Mapping[int, Mapping[int, int]] | None = None) -> tuple[np.ndarray, np.ndarray, int]:
    """Put an object in front of what is there.

    Args:
        label: class indices.
        instance: object ids.
        mask: its pixels, ``(H, W)`` bool.
        class_index: its class.
        numbering: gives a thing a new id; what does not come in instances joins the largest region of its class.
        areas: pixels of each object there is, by id, and of each class in it; counted where it is None.

    Returns:
        The new maps, and the object's id in them.
    """
    identity = numbering.target(areas_of(label, instance) if areas is None else areas, class_index)
    return *paint(label, instance, mask, class_index, identity), identity


def areas_of(label: np.ndarray, instance: np.ndarray) -> dict[int, dict[int, int]]:
    """Pixels of each object, by id, and of each class in it, by index."""
    pairs, counts = np.unique(np.stack([instance.ravel().astype(np.int64), label.ravel().astype(np.int64)]), axis=1,
                              return_counts=True)
    areas: dict[int, dict[int, int]] = {}
    for identity, class_index, count in zip(*pairs.tolist(), counts.tolist(), strict=True):
        areas.setdefault(identity, {})[class_index] = count
    return areas


def find_objects(label: np.ndarray, instance: np.ndarray | None, class_index: int) -> tuple[np.ndarray, np.ndarray]:
    """The objects of a class: by their ids, or without an instance map its connected regions (8 neighbours).

    Returns:
        The number of each pixel's object, ``(H, W)``, 0 for none; and the pixels of each number.
    """
    mask = label == class_index
    if instance is None:
        _, parts = cv2.connectedComponents(mask.astype(np.uint8))
    else:
        parts = np.zeros(label.shape, np.int64)
        parts[mask] = np.unique(instance[mask], return_inverse=True)[1] + 1
    return parts, np.bincount(parts.ravel())


def stands_alike(mask: np.ndarray, label: np.ndarray, other: np.ndarray) -> float:
    """How alike two layouts are right below an object: the share of these pixels that have one class in both.

    1 where there are none, as at the lower edge of the picture.
    """
    below = np.zeros_like(mask)
    below[1:] = mask[:-1] & ~mask[1:]
    return float((label[below] == other[below]).mean()) if below.any() else 1.0
