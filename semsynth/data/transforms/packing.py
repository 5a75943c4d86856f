"""PackScene, the last transform: a scene as tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

from semsynth.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackScene(BaseTransform):
    """Pack a scene for the preprocessor, in as few bytes as hold it: they cross to the device as they are.

    Returns ``dict(inputs=dict(label, instance, raw, image, edge), sample=dict(name, size))`` with what the scene has:
    label and instance ``(H, W)``, each in the first of uint8, int16, int32 and int64 that holds all of its numbers, raw
    ``(C, H, W)`` uint8, uint16 or float32, image ``(3, H, W)`` uint8 RGB, edge ``(1, H, W)`` uint8; size is height and
    width. What ``KeepFullSize`` kept is in ``sample['full']``: label and image.
    """

    def transform(self, results: dict) -> dict:
        """Turn the scene's arrays into tensors."""
        inputs = _pack(results)
        sample = dict(name=results['name'], size=tuple(next(iter(inputs.values())).shape[-2:]))
        if 'full' in results:
            sample['full'] = _pack(results['full'])
        return dict(inputs=inputs, sample=sample)


def _pack(results: Mapping[str, Any]) -> dict[str, Tensor]:
    inputs = {}
    for name, key in dict(label='gt_seg_map', instance='instance_map').items():
        if key in results:
            inputs[name] = _tensor(_narrow(results[key]))
    if 'raw' in results:
        inputs['raw'] = _tensor(results['raw'].transpose(2, 0, 1))
    if 'img' in results:
        inputs['image'] = _tensor(results['img'][..., ::-1].transpose(2, 0, 1))
    if 'edge_map' in results:
        inputs['edge'] = _tensor(results['edge_map'][None])
    return inputs


def _narrow(ids: np.ndarray) -> np.ndarray:
    lowest, highest = ids.min(), ids.max()
    kinds = [np.iinfo(kind) for kind in (np.uint8, np.int16, np.int32, np.int64)]
    return ids.astype(next(kind.dtype for kind in kinds if kind.min <= lowest and highest <= kind.max))


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
