"""Building of a trained model for inference, without the parts that only training needs."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config
from mmengine.registry import DefaultScope

from semsynth.engine.checkpoint import check_fits
from semsynth.engine.launch import check_synthesizer
from semsynth.models import Synthesizer
from semsynth.registry import MODELS
from semsynth.weights import hash_weights, load_checkpoint, weights_in

TRAINED_ONLY = {**dict.fromkeys(('discriminator', 'segmentor', 'losses', 'views', 'frozen')), 'compiled': False}
"""Entries of a model's config that only training needs, with the values that leave them out."""


def build_for_inference(config: Config, checkpoint: str | Path | None) -> Synthesizer:
    """The parts of a config's model that synthesise, in eval mode; no weights of frozen networks are needed.

    Args:
        config: of the training.
        checkpoint: path; None leaves the weights as they are initialised.

    Raises:
        ValueError: the config is no synthesizer's. The checkpoint's weights do not fit; the message lists what differs.
            Or the file of styles was made with another checkpoint's encoder.
    """
    check_synthesizer(config)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build({**config.model, **TRAINED_ONLY})
    if checkpoint is not None:
        stored = weights_in(load_checkpoint(checkpoint), checkpoint)
        read = {name: value for name, value in stored.items() if name.startswith(('generator.', 'encoder.'))}
        check_fits(model.state_dict(), read or stored, checkpoint, f'the model of {config.filename}')
        model.load_state_dict(read)
        if model.styles and model.styles.encoder not in ('', hash_weights(model.encoder)):
            raise ValueError(f'The styles in {config.model.styles} were not made with the encoder in {checkpoint}: '
                             'make them anew with semsynth encode_styles.')
    return model.eval()
