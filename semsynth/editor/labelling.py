"""Label maps of photos, predicted by a segmentor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config

from semsynth.registry import SEGMENTORS
from semsynth.segmentors.base import Segmentor


def build_segmentor(config: Config, network: str | Path | None = None,
                    checkpoint: str | Path | None = None) -> Segmentor:
    """A segmentor that labels photos for a config's model.

    Args:
        config: of the model; its ``class_map`` says how the layout's indices are the segmentor's classes.
        network: config of the segmentor; None takes the config's ``judge``, else the label generator of its model.
        checkpoint: weights of ``network``.

    Raises:
        ValueError: no network is given, and the config has none.
        FileNotFoundError: there are no such files.
    """
    if network is not None:
        parts = dict(type='Segmentor', config=str(network), checkpoint=checkpoint, class_map=config.get('class_map'))
    elif (parts := config.get('judge') or config.model.get('segmentor')) is None:
        raise ValueError(f'{config.filename} names no segmentor that could label a photo (judge, or model.segmentor): '
                         'name one with --segmentor CONFIG CHECKPOINT.')
    return SEGMENTORS.build(parts)


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
