"""Scenes: layouts of any kind, on the way into a model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.logging import print_log
from torch import Tensor

from semsynth.apis.layout_files import LayoutFile
from semsynth.data.layout_reader import LayoutReader, Source, photo_of
from semsynth.data.numbering import Numbering
from semsynth.data.preprocessor import to_gray
from semsynth.encoders.base import Encoder
from semsynth.label_spaces import LabelSpace
from semsynth.layout import Layout
from semsynth.models import Synthesizer
from semsynth.styles import vectors_of

Input = Source | Tensor | LayoutFile | Layout
"""A layout: a file, a Pillow image, indices, or a ``Layout``."""


@dataclass
class Scene:
    """A layout on the way into a model.

    Args:
        name: what its results are called.
        batch: of it alone, as the model's preprocessor makes it.
        styles: that are given, by id of the object.
        latent: that is given, ``(Z,)``; None: it is drawn.
    """

    name: str
    batch: dict
    styles: Mapping[int, Tensor] = field(default_factory=dict)
    latent: Tensor | None = None


class SceneMaker:
    """Makes scenes of layouts, with the styles and the latent of a photo.

    Args:
        model: that is to read them.
        reader: of its layouts.
    """

    def __init__(self, model: Synthesizer, reader: LayoutReader):
        self.model, self.reader, self._warned = model, reader, False

    @property
    def encodes_latents(self) -> bool:
        """Whether the model has an encoder that makes a latent of a photo."""
        return self.model.encoder is not None and self.model.encoder.latent_dim is not None

    def check_styled(self) -> None:
        """Raise ValueError where the model has no styles."""
        if not self.model.style_channels:
            raise ValueError('The model was trained without styles: its config has no encoder that makes some.')

    def check_takes_photos(self) -> None:
        """Raise ValueError where the model takes neither a latent nor styles from photos."""
        if not self.encodes_latents:
            self.check_styled()

    def scene(self, given: Input, instance: Source | None = None, photo: Source | None = None) -> Scene:
        """The scene of one layout.

        Args:
            given: the layout, as of ``LayoutReader.read``, or in a file with others beside it.
            instance: its instance map; without one, connected regions of things are taken for objects.
            photo: that gives the latent, and the styles of its objects.

        Raises:
            ValueError: it is no layout, an array does not fit, or the model takes nothing from photos.
            DataError: a file is unsound.
        """
        if not isinstance(given, Input):
            raise ValueError(f'{given!r:.80} is no layout: give a file, a Pillow image, an array (H, W) of class '
                             'indices, a Layout or a LayoutFile.')
        if isinstance(given, Layout):
            return self._scene_of(given)
        name, look = 'layout', photo
        if isinstance(given, LayoutFile):
            name, source = given.name, cast(Source, given.label)
            instance, photo = given.instance if instance is None else instance, given.photo if photo is None else photo
            look = given.look if photo is None else photo
        else:
            source = given.cpu().numpy() if isinstance(given, Tensor) else given
        styled = photo is not None and self.model.style_channels
        arrays = self.reader.read(source, instance if self._reads_instances else None, photo if styled else None)
        scene = Scene(name, self.batch(name, **arrays))
        if photo is not None:
            self.check_takes_photos()
        if styled:
            scene.styles = self.styles_in(scene.batch)
        if look is not None and self.encodes_latents:
            scene.latent = self.encode_latent(photo_of(look), scene.batch['layout'].size)
        return scene

    def batch(self, name: str, label: np.ndarray | None = None, instance: np.ndarray | None = None,
              photo: np.ndarray | None = None, raw: np.ndarray | None = None) -> dict:
        """A batch of one layout, as the model's preprocessor makes it, of arrays as ``LayoutReader.read`` returns them.
        """
        if self._reads_instances and instance is None and label is not None:
            instance = self._objects_in(label)
        arrays = dict(label=label, instance=instance, image=None if photo is None else photo.transpose(2, 0, 1),
                      raw=None if raw is None else raw.transpose(2, 0, 1))
        inputs = {key: [torch.from_numpy(np.array(array, order='C'))] for key, array in arrays.items()
                  if array is not None}
        return self.model.data_preprocessor(dict(inputs=inputs, sample=dict(name=[name])))

    @torch.no_grad()
    def styles_in(self, batch: dict) -> dict[int, Tensor]:
        """The style ``(F,)`` of each object of a batch's layout in its photo, by id."""
        return vectors_of(cast(Encoder, self.model.encoder)(batch['layout'], batch['real']['image']))[0]

    @torch.no_grad()
    def encode_latent(self, photo: np.ndarray, size: tuple[int, int]) -> Tensor:
        """As of ``Inferencer.encode_latent``."""
        if not self.encodes_latents:
            raise ValueError('No latent can be taken from a photo: the config of the model has no encoder that makes '
                             "one, such as dict(type='StyleEncoder').")
        if photo.ndim != 3 or photo.shape[2] != 3:
            raise ValueError(f'photo has the shape {photo.shape}, but an RGB photo is (height, width, 3).')
        image = torch.from_numpy(np.array(photo, order='C')).to(self.model.data_preprocessor.device)
        image = F.interpolate(image.permute(2, 0, 1)[None].float(), size, mode='bicubic', antialias=True)
        image = image.clamp(0, 255) / 127.5 - 1
        if self.model.data_preprocessor.image_channels == 1:
            image = to_gray(image)
        return cast(Encoder, self.model.encoder).encode(image)[0][0]

    @property
    def _reads_instances(self) -> bool:
        return self.model.data_preprocessor.instances

    def _objects_in(self, label: np.ndarray) -> np.ndarray:
        if not self._warned:
            print_log('The model reads instance maps, which tell one car from the next, but there is none: objects '
                      'of a class that touch are taken for one. Name the folder of the maps with --instances, or in '
                      'Python give the argument instance.', logger='current', level=logging.WARNING)
        self._warned = True
        return Numbering(cast(LabelSpace, self.reader.label_space), self.reader.things).instances(label)

    def _scene_of(self, layout: Layout) -> Scene:
        """The scene of a ``Layout`` of one."""
        maps = {name: tensor[0].cpu().numpy() for name in ('label', 'instance')
                if (tensor := getattr(layout, name)) is not None}
        raw = None if layout.raw is None else layout.raw[0].permute(1, 2, 0).cpu().numpy()
        return Scene('layout', self.batch('layout', **maps, raw=raw),
                     {} if layout.style is None else vectors_of(layout)[0],
                     None if layout.latent is None else layout.latent[0])


def each_of(layout: Layout) -> list[Layout]:
    """The layouts of a batch, one by one."""
    return [layout.map(itemgetter(slice(number, number + 1))) for number in range(len(layout))]
