"""Who judges synthesised images: a segmentor that was trained on real photos, and that no training has seen."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from semsynth.apis import Inferencer
from semsynth.apis.training import usual_weights
from semsynth.registry import SEGMENTORS
from semsynth.segmentors import Segmentor


def judge_config(config: str, checkpoint: str | None = None, size: Sequence[int] | None = None) -> dict[str, Any]:
    """The judge of a config and its weights; without these, those that ``semsynth train_segmentor CONFIG`` writes."""
    judge = dict(type='Segmentor', config=config, checkpoint=str(checkpoint or usual_weights(config)))
    return judge | (dict(input_size=tuple(size)) if size else {})


def find_judge(inferencer: Inferencer, given: dict | None) -> tuple[Segmentor, list[int] | None]:
    """The judge, built, and the size that it looks at where that is not the images'.

    Args:
        inferencer: of the trained model.
        given: config of the judge; None takes the config's ``judge``. One that is given without ``input_size`` looks at
            images at the size that its training had, where it knows that size and it has the images' proportions.

    Raises:
        ValueError: there is none, the training of the model has seen it, or it does not know the layout's classes.
        FileNotFoundError: its weights are missing.
    """
    config = given or inferencer.config.get('judge')
    if not config:
        raise ValueError('Nothing says who judges the images: name a segmentor that was trained on real photos, with '
                         '--judge CONFIG CHECKPOINT, or ignore no pixels, with --no-filter.')
    config = dict(config)
    if given and 'class_map' not in config and inferencer.config.get('class_map'):
        config['class_map'] = inferencer.config.class_map
    judge: Segmentor = SEGMENTORS.build(config)
    height, width = size = tuple(inferencer.reader.size or (None, None))
    learned, looked = judge.trained_size, config.get('input_size')
    if given and 'input_size' not in config and height and width and learned is not None and learned != size:
        if learned[0] * width == learned[1] * height:
            judge.look_at(learned)
            looked = learned
        else:
            warnings.warn(f'The judge was trained on images of {_shown(learned)}, and looks at images of '
                          f'{_shown(size)}, other proportions: if things are larger or smaller there than it has '
                          'learned, name the size that it should look at with --judge-size HEIGHT WIDTH (in Python '
                          'input_size).', stacklevel=3)
    refuse_seen(judge.weights_hash, inferencer.meta)
    judge.check_layout(len(inferencer.classes), inferencer.reader.unknown)
    return judge.to(inferencer.device), list(looked) if looked and tuple(looked) != size else None


def _shown(size: Sequence[int | None]) -> str:
    return 'x'.join(map(str, size))


def refuse_seen(weights: str, meta: Mapping[str, Any]) -> None:
    """Refuse a judge that the training of a model has seen: it was taught to please it.

    Args:
        weights: the judge's hash.
        meta: what the model's checkpoint says of its training.

    Raises:
        ValueError: it has the weights of the label generator, or of a network that a loss reads.
    """
    seen = {meta.get('label_generator'): 'the label generator', **(meta.get('loss_networks') or {})}
    if weights in seen:
        raise ValueError(f'The judge has the very weights ({weights}) of {seen[weights]}, which a loss of the model '
                         'read in training: its images were made to please it, and it would find little wrong with '
                         'them. Name another segmentor with --judge.')
