"""Segmentors of other code, whose released weights are read as they are, under their official names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.errors import first_few
from semsynth.layers.norm import mend_norms
from semsynth.segmentors.base import Segmentor, as_pixels, checked_size
from semsynth.weights import find_weights, load_checkpoint, weights_in

Size = tuple[int, int]


class ReleasedSegmentor(Segmentor):
    """A segmentor of another code: its network, its classes, and how it wants images.

    A subclass builds the network, which turns images to logits of any size and a list of features, and names its layers
    as the official code does.

    Args:
        network: the network.
        classes: names of its classes.
        weights: by the prefix that the official names have in our table, the file of each part; None leaves the network
            at random weights, for tests.
        official: by the name of our layer, the official one; layers that are not in it have the same name.
        class_map: as of ``Segmentor``.
        input_size: height and width to which images are resized, bilinearly, before they are looked at; None takes them
            as they come. Probabilities have the images' size all the same.

    Raises:
        FileNotFoundError: there is no such file; the message says where the weights are published.
        ValueError: the weights are another network's, the class map does not fit, or the input size is less than 1.
    """

    returns_features = True
    published: ClassVar[str]
    """Where the weights are published, as the end of a sentence."""
    mean: ClassVar[tuple[float, float, float]]
    """Mean of the images that it was trained on: red, green and blue, in 0..255."""
    std: ClassVar[tuple[float, float, float]]
    """Their standard deviation."""
    wants_rgb: ClassVar[bool] = True
    """Whether its first layer reads red first, else blue."""

    _mean: Tensor
    _std: Tensor

    def __init__(self, network: nn.Module, classes: Sequence[str], weights: Mapping[str, str | Path] | None,
                 official: Mapping[str, str], class_map: str | Sequence[int] | None = None,
                 input_size: Size | None = None):
        self.input_size = None if input_size is None else checked_size(input_size)
        if weights is not None:
            load_official(network, self._read(weights), official, f'{type(self).__name__}: the weights '
                          f'{" and ".join(map(str, weights.values()))}')
        super().__init__(mend_norms(network), len(classes), classes, class_map)
        self.register_buffer('_mean', torch.tensor(self.mean).view(3, 1, 1), persistent=False)
        self.register_buffer('_std', torch.tensor(self.std).view(3, 1, 1), persistent=False)

    def segment(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Probabilities, as of a call, and the network's features, as of ``features``, in one pass."""
        logits, features = self.frozen(self._normalised(images, self.input_size))
        if logits.shape[-2:] != images.shape[-2:]:
            logits = F.interpolate(logits.float(), images.shape[-2:], mode='bilinear', align_corners=False)
        return logits.float().softmax(dim=1), features

    def _normalised(self, images: Tensor, size: Size | None) -> Tensor:
        """Images in ``[-1, 1]`` as the network was trained on them, at that size."""
        images = (as_pixels(images, size) - self._mean.float()) / self._std.float()
        images = images if self.wants_rgb else images.flip(1)
        return images.to(next(self.frozen.network.parameters()).dtype)

    def _read(self, weights: Mapping[str, str | Path]) -> dict[str, Tensor]:
        state: dict[str, Tensor] = {}
        for prefix, file in weights.items():
            try:
                path = find_weights(file)
            except FileNotFoundError as error:
                raise FileNotFoundError(f'{error} They are published: {self.published}') from None
            stored = weights_in(load_checkpoint(path), path)
            state |= {f'{prefix}{name.removeprefix("module.")}': value for name, value in stored.items()}
        return state


def official_names(network: nn.Module, official: Mapping[str, str]) -> dict[str, str]:
    """The name of each tensor of a network, by its official name.

    Args:
        network: ours.
        official: as of ``ReleasedSegmentor``.
    """
    names = {}
    for name in network.state_dict():
        layer, _, kind = name.rpartition('.')
        if kind != 'num_batches_tracked':  # older files have none
            names[f'{official.get(layer, layer)}.{kind}'] = name
    return names


def load_official(network: nn.Module, state: Mapping[str, Tensor], official: Mapping[str, str], what: str) -> None:
    """Load a state dict with official names.

    Args:
        network: ours, which is filled.
        state: tensors by their official names.
        official: as of ``ReleasedSegmentor``.
        what: what it is, for the message.

    Raises:
        ValueError: names or shapes are not those of the network; names them.
    """
    names, own = official_names(network, official), network.state_dict()
    given = {name: value for name, value in state.items() if not name.endswith('num_batches_tracked')}
    differences = {
        'lack': [name for name in names if name not in given],
        'have, but should not have': [name for name in given if name not in names],
        'have in another shape': [f'{name} {tuple(given[name].shape)} instead of {tuple(own[ours].shape)}'
                                  for name, ours in names.items()
                                  if name in given and given[name].shape != own[ours].shape]}
    if found := [f'{kind} {first_few(wrong, 3)}' for kind, wrong in differences.items() if wrong]:
        raise ValueError(f'{what} are those of another network: they {"; they ".join(found)}. Use the released file.')
    network.load_state_dict({ours: given[name] for name, ours in names.items()}, strict=False)
