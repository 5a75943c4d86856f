"""Colours of masks to classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial import cKDTree

from semsynth.data.importing.base import UNKNOWN

_SHARE_TO_NAME = 0.001
"""A colour with so many of a mask's pixels is named in remarks; rarer ones are told of together."""


class ColourMatcher:
    """Finds the class of each pixel's colour: the class's own, else the nearest within the tolerance.

    Args:
        colours: r, g, b; at least one.
        indices: what each colour stands for, ``UNKNOWN`` for no class.
        tolerance: by how much each channel may differ, 0 to 255.
    """

    def __init__(self, colours: Sequence[Sequence[int]], indices: Sequence[int], tolerance: int):
        self.tolerance = tolerance
        self._tree = cKDTree(np.array(colours, float))
        self._indices = np.array([*indices, UNKNOWN], np.int32)  # the last for colours that are near none
        self._place = np.full(2**24, -1, np.int16)  # of each colour in the table
        self._place[pack(np.array(colours, np.uint8))] = np.arange(len(colours))

    def classes_of(self, mask: np.ndarray) -> tuple[np.ndarray, dict[str, int]]:
        """The class of each pixel, and remarks on colours that are not exactly a class's.

        Args:
            mask: ``(H, W, 3)`` uint8 RGB.

        Returns:
            ``(H, W)`` int32; and how many pixels there were of which kind.
        """
        codes = pack(mask)
        places = self._place[codes]
        strange = places < 0
        label = self._indices[places]  # for strangers the last entry
        if not strange.any():
            return label, {}
        colours, place, counts = np.unique(codes[strange], return_inverse=True, return_counts=True)
        near = self._nearest(colours)
        label[strange] = self._indices[near][place]
        found = near < len(self._indices) - 1
        named = ~found & (counts >= _SHARE_TO_NAME * codes.size)
        remarks = {
            f"pixels of colours that differ from a class's by 1 to {self.tolerance}, and count as that class":
                counts[found].sum(),
            "pixels of rare colours that are no class's, as at smoothed borders, and count as unknown":
                counts[~found & ~named].sum()}
        for colour, count in zip(unpack(colours[named]).tolist(), counts[named], strict=True):
            shown = ' '.join(map(str, colour))
            remarks[f"pixels of the colour {shown}, which is no class's, and count as unknown"] = count
        return label, {what: int(count) for what, count in remarks.items() if count}

    def _nearest(self, codes: np.ndarray) -> np.ndarray:
        """The nearest colour of the table for each of some packed ones; their number where none is near enough."""
        return self._tree.query(unpack(codes), p=np.inf, distance_upper_bound=self.tolerance + 0.5)[1]


def pack(colours: np.ndarray) -> np.ndarray:
    """Colours ``(..., 3)`` uint8 as one number each, int32."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def unpack(codes: np.ndarray) -> np.ndarray:
    """The inverse of ``pack``."""
    return np.stack([codes >> 16 & 255, codes >> 8 & 255, codes & 255], -1)
