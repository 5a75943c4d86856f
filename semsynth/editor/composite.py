"""A real photo and a synthesised image, as one picture."""

from __future__ import annotations

import cv2
import numpy as np

from semsynth.editor.scene import Kept


def composite(kept: Kept, image: np.ndarray) -> np.ndarray:
    """A photo with an image in the place of what was edited; the rest is the photo's, bit by bit.

    Around what was edited the image passes into the photo, linearly with the distance, over the width of the feather.

    Args:
        kept: the photo, and what was edited.
        image: ``(H, W, 3)`` uint8 RGB, of the layout's size; enlarged to the photo's.

    Returns:
        ``(h, w, 3)`` uint8 RGB, of the photo's size.
    """
    size = kept.photo.shape[1::-1]
    edited = kept.edited.astype(np.uint8)
    if edited.shape[::-1] != size:
        edited, image = cv2.resize(edited, size, interpolation=cv2.INTER_NEAREST), cv2.resize(
            image, size, interpolation=cv2.INTER_CUBIC)
    left, top, width, height = cv2.boundingRect(edited)
    result = kept.photo.copy()
    if width:
        box = (slice(max(top - kept.feather, 0), top + height + kept.feather),
               slice(max(left - kept.feather, 0), left + width + kept.feather))
        distance = cv2.distanceTransform(1 - edited[box], cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        share = np.clip(1 - distance / (kept.feather + 1), 0, 1)[..., None]
        result[box] = np.rint(share * image[box] + (1 - share) * kept.photo[box])
    return result
