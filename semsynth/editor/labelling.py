"""The segmentor that labels an editor's photos."""

from __future__ import annotations

from pathlib import Path

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
