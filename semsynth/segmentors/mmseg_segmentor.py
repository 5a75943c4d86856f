"""Any mmseg segmentor as a frozen, differentiable function of our images."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from textwrap import shorten
from typing import Any

import torch.nn.functional as F
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import DefaultScope
from torch import Tensor, nn

from semsynth.layers.norm import mend_norms, narrow_layer_norms
from semsynth.registry import SEGMENTORS
from semsynth.segmentors.base import Segmentor, as_pixels, checked_size
from semsynth.segmentors.config import PACKAGED, model_config, published_weights
from semsynth.segmentors.mix_transformer import shorten_segformer
from semsynth.weights import find_weights, load_checkpoint, weights_in

with warnings.catch_warnings():
    warnings.filterwarnings('ignore', message='Fail to import ``MultiScaleDeformableAttention``')
    import mmseg.models  # noqa: F401  (registers every segmentor)
from mmseg.registry import MODELS as MMSEG_MODELS


def build_network(model: dict) -> Any:
    """An mmseg segmentor of a model dict, which is left as it is.

    Raises:
        ValueError: mmseg cannot build it.
    """
    with DefaultScope.overwrite_default_scope('mmseg'), warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='Default ``avg_non_ignore``')  # of a loss that is not computed here
        try:
            return MMSEG_MODELS.build(deepcopy(model))
        except Exception as error:  # mmseg's parts assert, index and divide by what a config says
            reason = str(error) or type(error).__name__
            raise ValueError(f'mmseg cannot build the segmentor {model.get("type")}: {reason}; correct the entry that '
                             'this is about.') from error


@SEGMENTORS.register_module(name='Segmentor')
class MMSegSegmentor(Segmentor):
    """A segmentor of mmseg's, in configs ``dict(type='Segmentor', config=..., checkpoint=...)``.

    Images are judged whole (mmseg's sliding window is left out), at the size that they come in or at ``input_size``.

    Args:
        config: path of an mmengine config, ``'mmseg::segformer/NAME.py'`` (a config that mmseg packages), or the
            model's dict.
        checkpoint: path of its weights, loaded strictly; None leaves it at random weights, for tests. The classes have
            the names that it knows, if any.
        class_map: as of ``Segmentor``.
        input_size: height and width to which images are resized, bilinearly, before they are looked at: for a network
            that was trained on larger pictures, in which things have more pixels. Probabilities have the images' size
            all the same: the logits are resized to it. Time and memory follow the input size: 4 times of both for
            ``(512, 1024)`` where images are 256x512. None takes images as they come.

    Raises:
        FileNotFoundError: no such config or checkpoint; the message says which command trains one.
        ValueError: the weights are another network's, the class map does not fit, or the input size is less than 1, or
            no multiple of what the network's config pads images to.
    """

    returns_features = True

    def __init__(self, config: str | Path | dict, checkpoint: str | Path | None = None,
                 class_map: str | Sequence[int] | None = None, input_size: tuple[int, int] | None = None):
        model = model_config(config)
        network: Any = mend_norms(revert_sync_batchnorm(build_network(model)))
        network = shorten_segformer(leave_out_attention_maps(narrow_layer_norms(network)))
        if network.out_channels != network.num_classes:
            raise ValueError(f'segmentor: its head has {network.out_channels} channels for {network.num_classes} '
                             'classes; use one with a channel for each class.')
        classes = None if checkpoint is None else _load(network, config, checkpoint)
        # Else a Runner's init_weights() would overwrite what was loaded.
        network.is_init = True
        super().__init__(network, network.num_classes, classes, class_map)
        # mmseg reads files as BGR: a network whose preprocessor does not turn them wants BGR.
        self.wants_rgb = bool(model['data_preprocessor'].get('bgr_to_rgb'))
        padding = model['data_preprocessor'].get('test_cfg') or {}
        self.size_divisor = padding.get('size_divisor', 1)
        size = model['data_preprocessor'].get('size')
        self.trained_size = None if size is None else (size[0], size[1])
        self.input_size = None if input_size is None else checked_size(input_size, self.size_divisor)

    def look_at(self, size: tuple[int, int]) -> None:
        """Have it resize images to this height and width, as ``input_size`` does.

        Raises:
            ValueError: it is less than 1, or no multiple of what the network's config pads images to.
        """
        self.input_size = checked_size(size, self.size_divisor)

    def segment(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Probabilities, as of a call, and the backbone's features, as of ``features``, in one pass."""
        height, width = images.shape[-2:]
        inputs = self._normalise(images)
        size = tuple(inputs.shape[-2:]) if self.input_size is None else (height, width)
        metas = [dict(ori_shape=size, img_shape=size, pad_shape=size)] * len(inputs)
        features: list[Tensor] = []
        listener = self.frozen.network.backbone.register_forward_hook(lambda *call: features.extend(call[-1]))
        try:
            # Resizes the logits bilinearly to that size.
            logits = self.frozen.network.encode_decode(inputs, metas)
        finally:
            listener.remove()
        return logits[..., :height, :width].float().softmax(dim=1), features

    def features(self, images: Tensor) -> list[Tensor]:
        """The backbone's features, one ``(B, C_i, H_i, W_i)`` a stage, of images ``(B, 3, H, W)`` in ``[-1, 1]``."""
        return list(self.frozen.network.backbone(self._normalise(images)))

    def _normalise(self, images: Tensor) -> Tensor:
        network = self.frozen.network
        images = as_pixels(images, self.input_size)
        images = images if self.wants_rgb else images.flip(1)
        images = (images - network.data_preprocessor.mean.float()) / network.data_preprocessor.std.float()
        # Zeros, on the right and at the bottom: as mmseg pads when it tests.
        bottom, right = (-side % self.size_divisor for side in images.shape[-2:])
        return F.pad(images, (0, right, 0, bottom)).to(next(network.parameters()).dtype)


def leave_out_attention_maps(network: nn.Module) -> nn.Module:
    """Have torch's attention layers return no attention maps, which nobody reads.

    Then they compute by one fused operation, without the maps in memory. In place.
    """
    for layer in network.modules():
        if isinstance(layer, nn.MultiheadAttention):
            layer.register_forward_pre_hook(_without_maps, with_kwargs=True)
    return network


def _without_maps(layer: nn.Module, arguments: tuple, keywords: dict) -> tuple[tuple, dict]:
    return arguments, {**keywords, 'need_weights': False}


def _load(network: nn.Module, config: str | Path | dict, checkpoint: str | Path) -> tuple[str, ...] | None:
    """Load a network's weights; the names of its classes, where the file has them."""
    name = 'CONFIG' if isinstance(config, dict) else config
    try:
        path = find_weights(checkpoint)
    except FileNotFoundError as error:
        if str(config).startswith(PACKAGED):  # it trains on data as mmseg lays them out
            address = published_weights(str(config))
            way_out = f' They are published: download {address}' if address and address != str(checkpoint) else ''
        else:
            way_out = f' Or train it: semsynth train_segmentor {name}'
        raise FileNotFoundError(f'{error}{way_out}') from None
    stored = load_checkpoint(path)
    try:
        network.load_state_dict(weights_in(stored, path))
    except RuntimeError as error:
        differences = shorten(str(error), 300)
        raise ValueError(f'segmentor: the weights {path} are not those of {name}: {differences}') from error
    meta = stored.get('meta', {})
    names = (meta.get('dataset_meta') or {}).get('classes') or meta.get('CLASSES') or ()
    return tuple(names) if len(names) == network.num_classes else None
