"""Masks, ``(H, W)`` bool, from strokes, polygons and clicks."""

from __future__ import annotations

import cv2
import numpy as np


def stroke(size: tuple[int, ...], points: np.ndarray, radius: int) -> np.ndarray:
    """The pixels of a round brush drawn along points ``(N, 2)``; one point gives a disc, radius 0 a pixel's width.

    Args:
        size: height and width.
        points: one or more; they may lie outside.
        radius: in pixels.
    """
    canvas = np.zeros(size, np.uint8)
    path = np.rint(points).astype(np.int32).reshape(-1, 1, 2)
    cv2.polylines(canvas, [path], isClosed=False, color=1, thickness=2 * radius + 1)
    for x, y in path[:, 0].tolist():
        cv2.circle(canvas, (x, y), radius, color=1, thickness=-1)
    return canvas.astype(bool)


def polygon(size: tuple[int, ...], points: np.ndarray) -> np.ndarray:
    """The pixels within a polygon of three or more corners ``(N, 2)``, x and y, its outline included."""
    canvas = np.zeros(size, np.uint8)
    cv2.fillPoly(canvas, [np.rint(points).astype(np.int32).reshape(-1, 1, 2)], color=1)
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
