"""Resizing of a whole scene."""

from __future__ import annotations

from typing import Literal

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from semsynth.registry import TRANSFORMS


@TRANSFORMS.register_module()
class ResizeScene(BaseTransform):
    """Resize photo, edge map and image-like input bicubically with antialiasing, as pix2pixHD does, and ids by nearest
    neighbour.

    mmcv's Resize takes neither 64 bit ids nor one interpolation a map. Works as ``resize_type`` of mmcv's RandomResize.

    Args:
        scale: width and height, in mmcv's order; where one of them is None, it follows from the other and the aspect
            ratio.
        keep_ratio: whether to keep the aspect ratio and only fit into ``scale``.
    """

    def __init__(self, scale: tuple[int | None, int | None] | Literal[0], keep_ratio: bool = False):
        # mmcv's RandomResize builds it with 0, and sets the scale of each scene afterwards
        self.scale: tuple[int | None, int | None] = scale or (None, None)
        self.keep_ratio = keep_ratio

    def transform(self, results: dict) -> dict:
        """Change ``img`` and every map in ``seg_fields``; set ``img_shape``, ``scale`` and ``scale_factor``."""
        old = next(results[key].shape[1::-1] for key in ('img', 'gt_seg_map', 'raw') if key in results)
        new = mmcv.rescale_size(old, self.scale) if self.keep_ratio else _with_both_sides(old, self.scale)
        smooth = [key for key in ('img', 'edge_map') if key in results]
        for key in smooth:
            results[key] = mmcv.imresize(results[key], new, interpolation='bicubic', backend='pillow')
        if 'raw' in results:
            results['raw'] = resize_raw(results['raw'], new)
        for key in set(results['seg_fields']) - {*smooth, 'raw'}:
            results[key] = resize_ids(results[key], new)
        results.update(scale=new, scale_factor=(new[0] / old[0], new[1] / old[1]), keep_ratio=self.keep_ratio,
                       img_shape=new[::-1])
        return results


def _with_both_sides(old: tuple[int, int], scale: tuple[int | None, int | None]) -> tuple[int, int]:
    factor = next(new / before for before, new in zip(old, scale, strict=True) if new is not None)
    width, height = (new or max(1, round(before * factor)) for before, new in zip(old, scale, strict=True))
    return width, height


def resize_raw(raw: np.ndarray, scale: tuple[int, int]) -> np.ndarray:
    """Bicubic with antialiasing, channel by channel and kept within each channel's range.

    Pillow and OpenCV take at most 4 channels, and Pillow resizes 16 bits without antialiasing.

    Args:
        raw: ``(H, W, C)`` uint8, uint16 or float32.
        scale: width and height.
    """
    planes = []
    for plane in np.moveaxis(raw, -1, 0):
        image = Image.fromarray(plane if plane.dtype == np.uint8 else plane.astype(np.float32))
        resized = np.asarray(image.resize(scale, Image.Resampling.BICUBIC)).clip(plane.min(), plane.max())
        planes.append((resized if raw.dtype.kind == 'f' else resized.round()).astype(raw.dtype))
    return np.stack(planes, axis=-1)


def resize_ids(ids: np.ndarray, scale: tuple[int, int]) -> np.ndarray:
    """Nearest neighbour with aligned pixel centres, ``(H, W)`` of any type to width and height ``scale``."""
    rows, columns = (((2 * np.arange(new) + 1) * old) // (2 * new)
                     for new, old in zip(scale[::-1], ids.shape, strict=True))
    return ids[rows[:, None], columns]
