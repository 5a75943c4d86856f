"""Label maps of photos, predicted by a segmentor."""

from __future__ import annotations

import numpy as np
import torch

from semsynth.segmentors.base import Segmentor


@torch.no_grad()
def label_photo(segmentor: Segmentor, photo: np.ndarray) -> np.ndarray:
    """The label map of a photo: for each pixel the likeliest of the segmentor's classes that the layout has.

    Args:
        segmentor: on any device.
        photo: ``(H, W, 3)`` uint8 RGB.

    Returns:
        ``(H, W)`` class indices, int64.
    """
    table = segmentor.indices()
    image = torch.from_numpy(photo).to(segmentor.table.device).permute(2, 0, 1)[None].float() / 127.5 - 1
    likeliest = segmentor(image)[0, list(table)].argmax(0).cpu().numpy()
    return np.array(list(table.values()))[likeliest]
