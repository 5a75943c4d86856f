"""Shapes as pixels: each function gives the pixels of one, ``(H, W)`` bool."""

from __future__ import annotations

import base64
import binascii
import io

import numpy as np
from PIL import Image, ImageDraw

from semsynth.data.pictures import read_ids
from semsynth.errors import DataError

Size = tuple[int, int]
"""Height and width in pixels."""


def polygon(size: Size, points: np.ndarray) -> np.ndarray:
    """The pixels within a polygon and on its outline, as Pillow draws it; labelme and Cityscapes' scripts do so, too.

    Args:
        size: of the photo; what lies outside of it is cut off.
        points: ``(N, 2)``, x before y, in pixels. The last is joined to the first. Where a polygon crosses itself,
            what lies within it twice is outside.
    """
    mask = Image.new('L', (size[1], size[0]))
    ImageDraw.Draw(mask).polygon(points.ravel().tolist(), fill=1, outline=1)
    return np.asarray(mask, bool)


def box(corner: np.ndarray, opposite: np.ndarray) -> np.ndarray:
    """The corners of an upright rectangle, ``(4, 2)``."""
    (left, top), (right, bottom) = corner, opposite
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


def ellipse(centre: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Points of an upright ellipse, ``(360, 2)``: so dense that they are off by less than a tenth of a pixel for radii
    of up to 2000 pixels."""
    angles = np.deg2rad(np.arange(360))
    return centre + radii * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def turned(points: np.ndarray, centre: np.ndarray, degrees: float) -> np.ndarray:
    """Points turned clockwise, as seen on a screen, around another one."""
    angle = np.deg2rad(degrees)
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    return (points - centre) @ turn + centre


def bitmap(size: Size, mask: np.ndarray, left: int, top: int) -> np.ndarray:
    """The pixels of a smaller mask within a picture.

    Args:
        size: of the picture; what lies outside of it is cut off.
        mask: ``(h, w)`` bool.
        left: of the mask's first column in the picture.
        top: of its first row.
    """
    inside = np.zeros(size, bool)
    bottom, right = min(top + mask.shape[0], size[0]), min(left + mask.shape[1], size[1])
    rows, columns = slice(max(top, 0), max(bottom, 0)), slice(max(left, 0), max(right, 0))
    inside[rows, columns] = mask[max(-top, 0):bottom - top, max(-left, 0):right - left]
    return inside


def runs(size: Size, counts: np.ndarray) -> np.ndarray:
    """A mask, ``(h, w)`` bool, of the lengths of its runs, row by row: first of pixels outside, then inside, and so on.

    Args:
        size: of the mask.
        counts: of pixels; they add up to the mask's.
    """
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts).reshape(size)


def picture_in_text(place: str, text: str, remedy: str) -> np.ndarray:
    """A mask that stands in a file as the base64 of a PNG, ``(h, w)`` bool: where it is not 0.

    Raises:
        DataError: it is no such text, or holds no picture of one channel.
    """
    return read_ids(place, io.BytesIO(bytes_in_text(place, text, remedy))) != 0


def bytes_in_text(place: str, text: str, remedy: str) -> bytes:
    """What a text in base64 holds.

    Raises:
        DataError: it is no base64.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise DataError(f'{place} is no base64 ({error}): {remedy}.') from None
