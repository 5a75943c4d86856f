"""Images that are there already, in a model's place: they are judged as a model's are."""

from __future__ import annotations

from collections.abc import Mapping

import mmcv
import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor

from semsynth.data.pictures import read_photo
from semsynth.layout import Layout
from semsynth.registry import MODELS


@MODELS.register_module()
class GivenImagesModel(BaseModel):
    """Gives the image of each layout that is there, read from its file, where a model would synthesise one.

    An image of another size than its layout is resized to it as photos of a data set are: bicubically, with
    antialiasing.

    Args:
        data_preprocessor: of the config whose layouts they belong to.
        paths: the image of each layout, by the layout's name; whoever builds this fills them in.
    """

    def __init__(self, data_preprocessor: dict, paths: Mapping[str, str] | None = None):
        super().__init__(MODELS.build(data_preprocessor, default_args=dict(type='LayoutPreprocessor')))
        self.paths = dict(paths or {})

    def forward(self, layout: Layout, real: dict[str, Tensor] | None = None, samples: list[dict] | None = None,
                mode: str = 'predict') -> list[dict]:
        """One dict per image, as of ``Synthesizer.forward``; where it has ``full``, the image as on disk is in its
        ``given``."""
        results = self.data_preprocessor.unbatch(layout, {}, real or {}, samples or [])
        for result in results:
            image = read_photo(self.paths[result['name']])
            height, width = result[self.data_preprocessor.layout_key].shape[-2:]
            result['outputs'] = dict(image=_to_tensor(_fitted(image, height, width)))
            if 'full' in result:
                result['full'] = {**result['full'], 'given': dict(image=_to_tensor(image))}
        return results


def _fitted(image: np.ndarray, height: int, width: int) -> np.ndarray:
    if image.shape[:2] == (height, width):
        return image
    return mmcv.imresize(image, (width, height), interpolation='bicubic', backend='pillow')


def _to_tensor(image: np.ndarray) -> Tensor:
    """``(H, W, 3)`` uint8 BGR to ``(3, H, W)`` RGB."""
    return torch.from_numpy(np.ascontiguousarray(image[..., ::-1].transpose(2, 0, 1)))
