"""Loading of photos, label maps, instance maps and image-like inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from semsynth.data.pictures import read_ids, read_photo
from semsynth.data.raw_files import read_raw
from semsynth.errors import DataError
from semsynth.label_spaces import class_table
from semsynth.registry import TRANSFORMS


@TRANSFORMS.register_module()
class LoadPhoto(BaseTransform):
    """Load ``img``, ``(H, W, 3)`` uint8 BGR; a scene without a photo stays without.

    Raises:
        DataError: the file is absent, truncated or no image.
    """

    def transform(self, results: dict) -> dict:
        """Add ``img``, ``img_shape`` and ``ori_shape``, as mmcv's own loading does."""
        if 'img_path' in results:
            results['img'] = read_photo(results['img_path'])
            results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results


@TRANSFORMS.register_module()
class LoadLabel(BaseTransform):
    """Load ``gt_seg_map``, ``(H, W)``, and turn its ids into indices by the dataset's label space.

    mmseg's LoadAnnotations casts ids to 8 bits first, so that those out of range come out as other classes.

    Raises:
        DataError: the file cannot be read, is a JPEG, holds an unknown id, or differs from the photo in size.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_seg_map`` and list it in ``seg_fields``."""
        path = results['seg_map_path']
        label = results['label_space'].to_indices(read_ids(path), path)
        if results.get('ori_shape', label.shape) != label.shape:
            raise DataError(sizes_differ(results['img_path'], results['ori_shape'], path, label.shape))
        results['gt_seg_map'] = label
        results['seg_fields'].append('gt_seg_map')
        return results


@TRANSFORMS.register_module()
class LoadInstances(BaseTransform):
    """Load ``instance_map``, ``(H, W)`` int64: files of 8, 16 and 32 bits keep all their bits.

    Raises:
        DataError: the file cannot be read, is a JPEG, or differs from the label map in size.
    """

    def transform(self, results: dict) -> dict:
        """Add ``instance_map`` and list it in ``seg_fields``."""
        path = results['instance_path']
        instance, label = read_ids(path).astype(np.int64), results['gt_seg_map']
        if instance.shape != label.shape:
            raise DataError(sizes_differ(results['seg_map_path'], label.shape, path, instance.shape))
        results['instance_map'] = instance
        results['seg_fields'].append('instance_map')
        return results


@TRANSFORMS.register_module()
class LoadRaw(BaseTransform):
    """Load ``raw``, ``(H, W, C)`` uint8, uint16 or float32, the image-like input of a data set with ``raw_channels``.

    A scene without a file of that kind stays without: edges of its photo may take its place.

    Raises:
        DataError: the file cannot be read, has another number of channels, or differs from the photo in size.
    """

    def transform(self, results: dict) -> dict:
        """Add ``raw`` and list it in ``seg_fields``."""
        if 'raw_path' in results:
            path = results['raw_path']
            raw = read_raw(path, results['raw_channels'])
            if results.get('ori_shape', raw.shape[:2]) != raw.shape[:2]:
                raise DataError(sizes_differ(results['img_path'], results['ori_shape'], path, raw.shape[:2]))
            results['raw'] = raw
            results['seg_fields'].append('raw')
        return results


@TRANSFORMS.register_module()
class KeepFullSize(BaseTransform):
    """Keep the photo and the label map at the size on disk, for evaluators that judge at that size.

    The dataset's argument ``full_size`` puts it in place: before anything is resized.
    """

    def transform(self, results: dict) -> dict:
        """Add ``full``, which holds ``img`` and ``gt_seg_map``, as far as there are any."""
        results['full'] = {key: results[key] for key in ('img', 'gt_seg_map') if key in results}
        return results


@TRANSFORMS.register_module()
class ToSegmentorClasses(BaseTransform):
    """Turn the indices in ``gt_seg_map`` into a segmentor's classes, 255 where it has none.

    For training a segmentor; the dataset's argument ``class_map`` puts it in place.

    Args:
        class_map: a name in ``CLASS_MAPS``, ``'identity'``, or the class of each index.
    """

    def __init__(self, class_map: str | Sequence[int]):
        self.class_map = class_map

    def transform(self, results: dict) -> dict:
        """Change ``gt_seg_map``, uint8."""
        space = results['label_space']
        table = class_table(self.class_map, space.num_classes, space.unknown)
        results['gt_seg_map'] = table[results['gt_seg_map']]
        return results


def sizes_differ(first: str, first_size: tuple[int, int], second: str, second_size: tuple[int, int]) -> str:
    """The sentence about two maps of one scene that differ in size, height x width."""
    return (f'{first} is {first_size[0]}x{first_size[1]} pixels, but {second} is {second_size[0]}x{second_size[1]}: '
            'bring both to one size, with nearest neighbour for ids.')
