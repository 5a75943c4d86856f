"""Masks, ``(H, W)`` bool, from strokes, polygons and clicks."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

Points = Sequence[tuple[float, float]]
"""Places in a picture, x to the right and y down, in pixels."""


def stroke(size: tuple[int, ...], points: Points, radius: int) -> np.ndarray:
    """The pixels of a round brush drawn along points; one point gives a disc, radius 0 a pixel's width.

    Args:
        size: height and width.
        points: one or more; they may lie outside.
        radius: in pixels.

    Raises:
        ValueError: these are no points.
    """
    canvas = np.zeros(size, np.uint8)
    path = _on_pixels(points, 1)
    cv2.polylines(canvas, [path], isClosed=False, color=1, thickness=2 * radius + 1)
    for x, y in path[:, 0].tolist():
        cv2.circle(canvas, (x, y), radius, color=1, thickness=-1)
    return canvas.astype(bool)


def polygon(size: tuple[int, ...], points: Points) -> np.ndarray:
    """The pixels within a polygon of three or more corners, its outline included.

    Raises:
        ValueError: these are no points, or fewer than three.
    """
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [_on_pixels(points, 3)], color=1)
    return canvas.astype(bool)


def region(label: np.ndarray, instance: np.ndarray, x: int, y: int) -> np.ndarray:
    """The pixels of one class and object that are connected with a pixel through their 4 neighbours."""
    same = (label == label[y, x]) & (instance == instance[y, x])
    parts = cv2.connectedComponents(same.astype(np.uint8), connectivity=4)[1]
    return parts == parts[y, x]


def shift(mask: np.ndarray, size: tuple[int, int], dx: int, dy: int) -> np.ndarray:
    """A mask moved right by dx and down by dy on a canvas of some size; pixels beyond its edges are dropped."""
    moved = np.zeros(size, bool)
    rows, columns = np.nonzero(mask)
    rows, columns = rows + dy, columns + dx
    inside = (rows >= 0) & (rows < size[0]) & (columns >= 0) & (columns < size[1])
    moved[rows[inside], columns[inside]] = True
    return moved


def _on_pixels(points: Points, least: int) -> np.ndarray:
    """Points as OpenCV takes a path, ``(N, 1, 2)``."""
    array = np.asarray(points, np.float64)
    if array.ndim != 2 or array.shape[1] != 2 or len(array) < least or not (np.abs(array) < 2**15).all():
        raise ValueError(f'points are {least} or more pairs (x, y), not {points}.')
    return np.rint(array).astype(np.int32).reshape(-1, 1, 2)
