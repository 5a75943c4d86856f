"""The last transform: a scene as tensors."""

from __future__ import annotations

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from torch import Tensor

from semsynth.registry import TRANSFORMS


@TRANSFORMS.register_module()
class PackScene(BaseTransform):
    """Pack a scene for the preprocessor.

    Returns ``dict(inputs=dict(label, instance, image, edge), sample=dict(name, size))`` with what the scene has:
    label ``(H, W)`` uint8 (int64 above 256 classes), instance ``(H, W)`` int64, image ``(3, H, W)`` uint8 RGB, edge
    ``(3, H, W)`` uint8; size is height and width.
    """

    def transform(self, results: dict) -> dict:
        """Pack."""
        inputs = dict(label=_tensor(results['gt_seg_map']))
        if 'instance_map' in results:
            inputs['instance'] = _tensor(results['instance_map'])
        if 'img' in results:
            inputs['image'] = _tensor(results['img'][..., ::-1].transpose(2, 0, 1))
        if 'edge_map' in results:
            inputs['edge'] = _tensor(results['edge_map']).expand(3, -1, -1)
        return dict(inputs=inputs, sample=dict(name=results['name'], size=tuple(inputs['label'].shape)))


def _tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))
