"""Styles to choose from: clusters of what an encoder found on a training set's instances (pix2pixHD, 3.4)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from semsynth.layout import Layout
from semsynth.seeds import mix
from semsynth.writing import write_whole

FORMAT = 1
"""Version of the file format."""


@dataclass
class StyleBank:
    """Cluster centres of the styles of each class.

    Args:
        centres: ``(N, F)`` float32, those of all classes.
        owners: ``(N,)`` long, the class index of each centre.
        classes: names by class index.
        thumbnails: ``(N, h, w, 3)`` uint8 RGB, a real instance of each cluster; or ``(0, 0, 0, 3)`` for none.
    """

    centres: Tensor
    owners: Tensor
    classes: tuple[str, ...]
    thumbnails: np.ndarray

    @classmethod
    def neutral(cls, channels: int) -> StyleBank:
        """One style for everything: F zeros, the middle of what the encoder's tanh can say."""
        return cls(torch.zeros(1, channels), torch.tensor([-1]), (), np.zeros((0, 0, 0, 3), np.uint8))

    def clusters(self, class_index: int) -> Tensor:
        """The centres of a class, ``(K, F)``; of one that has none, the mean of all centres, ``(1, F)``."""
        own = self.centres[self.owners == class_index]
        return own if len(own) else self.centres.mean(dim=0, keepdim=True)

    def pick(self, class_index: int, identity: int, seed: int) -> Tensor:
        """A random centre of a class, ``(F,)``, which depends on the object's id and the seed alone: to change or
        remove one object does not restyle the others."""
        clusters = self.clusters(class_index)
        return clusters[mix(seed, identity % 2**64) % len(clusters)]

    def draw(self, layout: Layout, seeds: Sequence[int], fixed: Sequence[Mapping[int, Tensor]] | None = None) -> Layout:
        """Give each object of a layout a style.

        Args:
            layout: a batch of B layouts.
            seeds: one seed an image.
            fixed: for each image, the styles ``(F,)`` of some of its objects by id; the others' are picked.

        Raises:
            ValueError: a fixed style has another length than the centres.
        """
        styles = []
        for i, objects in enumerate(layout.objects):
            given = fixed[i] if fixed else {}
            vectors, place = [], objects.unique(return_inverse=True)[1]
            for identity, class_index in classes_of(objects, layout.label[i]).items():
                vector = given.get(identity)
                vectors.append(self.pick(class_index, identity, seeds[i]) if vector is None else self._check(vector))
            styles.append(torch.stack(vectors).to(objects.device)[place].movedim(-1, 0))
        return layout.styled(torch.stack(styles))

    def _check(self, vector: Tensor) -> Tensor:
        vector = torch.as_tensor(vector, dtype=torch.float32).cpu()
        if vector.shape != self.centres.shape[1:]:
            raise ValueError(f'A style has {self.centres.shape[1]} numbers, but one of shape {tuple(vector.shape)} '
                             'was given.')
        return vector

    def save(self, path: str | Path) -> None:
        """Write one file, whole or not at all; tensors and text only, no pickle."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, format=FORMAT, centres=self.centres.numpy(), owners=self.owners.numpy(),
                            classes=np.array(self.classes, dtype=np.str_), thumbnails=self.thumbnails)
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> StyleBank:
        """Read a file that :meth:`save` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds something else.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f'There is no style file {path}: tools/encode_styles.py makes one.')
        try:
            with np.load(path, allow_pickle=False) as stored:
                if stored['format'] != FORMAT:
                    raise ValueError(f'format {stored["format"]} instead of {FORMAT}')
                return cls(torch.from_numpy(stored['centres']), torch.from_numpy(stored['owners']),
                           tuple(stored['classes'].tolist()), stored['thumbnails'])
        except Exception as error:  # numpy and zipfile raise all sorts
            raise ValueError(f'{path} is no file of styles ({error}): tools/encode_styles.py makes one.') from error


def classes_of(objects: Tensor, label: Tensor) -> dict[int, int]:
    """The class of each object of one image: that of most of its pixels.

    Args:
        objects: ids, ``(H, W)``.
        label: class indices, ``(H, W)``.

    Returns:
        Class index by id, in the order of the ids.
    """
    ids, place = objects.unique(return_inverse=True)
    num_classes = int(label.max()) + 1
    counts = torch.bincount((place * num_classes + label).flatten(), minlength=len(ids) * num_classes)
    return dict(zip(ids.tolist(), counts.view(len(ids), num_classes).argmax(1).tolist(), strict=True))


def vectors_of(layout: Layout) -> list[dict[int, Tensor]]:
    """The style ``(F,)`` of each object of a styled layout, by id, one dict an image, on the CPU."""
    found = []
    for objects, style in zip(layout.objects, layout.style, strict=True):
        ids, place = objects.flatten().unique(return_inverse=True)
        pixel = torch.empty_like(ids).scatter_(0, place, torch.arange(place.numel(), device=ids.device))
        found.append(dict(zip(ids.tolist(), style.detach().flatten(1)[:, pixel].T.cpu(), strict=True)))
    return found
