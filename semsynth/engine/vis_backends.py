"""Where numbers and pictures of a run go: TensorBoard, which opens on the losses, and MLflow.

Both take the places of mmengine's own, under the same names.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from mmengine.visualization import MLflowVisBackend, TensorboardVisBackend

from semsynth.registry import VISBACKENDS

RUN = ('lr', 'time', 'data_time', 'data_percent', 'images_per_second', 'memory', 'iter', 'grad_norm')
"""Ends of the names of what is logged about the run itself."""


@VISBACKENDS.register_module(name='TensorboardVisBackend')
class GroupedTensorboardVisBackend(TensorboardVisBackend):
    """mmengine's TensorBoard backend, with every number in a group.

    TensorBoard sorts groups by name: ``discriminator`` and ``generator`` come first with the losses, then ``run`` with
    learning rates, times and memory, then ``scores`` with all else.
    """

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs) -> None:
        """Record one number, as of mmengine."""
        super().add_scalar(_grouped(name), value, step, **kwargs)


@VISBACKENDS.register_module(name='MLflowVisBackend')
class PicturesMLflowVisBackend(MLflowVisBackend):
    """mmengine's MLflow backend, with names by which MLflow can store pictures: it tells the format by the ending."""

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs) -> None:
        """Record a picture ``(H, W, 3)`` uint8 RGB, as of mmengine."""
        super().add_image(f'{name}_{step:06d}.png', image, step, **kwargs)


def _grouped(name: str) -> str:
    if name.replace('/', '.').rsplit('.', 1)[-1] in RUN:
        return f'run/{name.replace("/", ".")}'
    return name if name.startswith(('generator/', 'discriminator/')) else f'scores/{name}'
