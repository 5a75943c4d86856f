"""Resizing of a whole scene."""

from __future__ import annotations

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform

from semsynth.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ResizeScene(BaseTransform):
    """Resize photo and edge map bicubically with antialiasing, as pix2pixHD does, and ids by nearest neighbour.

    mmcv's Resize takes neither 64 bit ids nor one interpolation a map. Works as ``resize_type`` of mmcv's RandomResize.

    Args:
        scale: width and height, in mmcv's order.
        keep_ratio: whether to keep the aspect ratio and only fit into ``scale``.
    """

    def __init__(self, scale: tuple[int, int], keep_ratio: bool = False):
        self.scale = scale
        self.keep_ratio = keep_ratio

    def transform(self, results: dict) -> dict:
        """Change ``img`` and every map in ``seg_fields``; set ``img_shape``, ``scale`` and ``scale_factor``."""
        old = next(results[key].shape[1::-1] for key in ('img', 'gt_seg_map') if key in results)
        new = mmcv.rescale_size(old, self.scale) if self.keep_ratio else tuple(self.scale)
        smooth = [key for key in ('img', 'edge_map') if key in results]
        for key in smooth:
            results[key] = mmcv.imresize(results[key], new, interpolation='bicubic', backend='pillow')
        for key in set(results['seg_fields']) - set(smooth):
            results[key] = resize_ids(results[key], new)
        results.update(scale=new, scale_factor=(new[0] / old[0], new[1] / old[1]), keep_ratio=self.keep_ratio,
                       img_shape=new[::-1])
        return results


def resize_ids(ids: np.ndarray, scale: tuple[int, int]) -> np.ndarray:
    """Nearest neighbour with aligned pixel centres, ``(H, W)`` of any type to width and height ``scale``."""
    rows, columns = (((2 * np.arange(new) + 1) * old) // (2 * new)
                     for new, old in zip(scale[::-1], ids.shape, strict=True))
    return ids[rows[:, None], columns]
