"""StyleBank: for each class, clusters of the styles that an encoder found in a training set (pix2pixHD, 3.4)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from semsynth.layout import Layout
from semsynth.safe_reading.arrays import read_npz
from semsynth.seeds import mix
from semsynth.styles.instances import Instances
from semsynth.writing import write_whole

FORMAT = 1
"""Version of the file format."""


@dataclass
class StyleBank:
    """Cluster centres of the styles of each class.

    Args:
        centres: ``(N, F)`` float32, those of all classes.
        owners: ``(N,)`` long, the class index of each centre; within a class, the largest cluster comes first.
        classes: names by class index.
        thumbnails: ``(N, h, w, 3)`` uint8 RGB, what the model makes of an instance of each cluster with the centre as
            its style; or ``(0, 0, 0, 3)`` for none.
        encoder: hash of the weights of the encoder that the styles are from; empty where it is not known.
        instances: what the clusters are made of; None where it is not known.
        members: ``(M,)`` long, the centre of each instance.
        settings: digits for all that the styles depend on; empty where it is not known.

    Raises:
        ValueError: there is no centre, one is not finite, or the parts do not fit each other.
    """

    centres: Tensor
    owners: Tensor
    classes: tuple[str, ...]
    thumbnails: np.ndarray
    encoder: str = ''
    instances: Instances | None = None
    members: Tensor | None = None
    settings: str = ''

    def __post_init__(self):
        if self.centres.ndim != 2 or not len(self.centres) or self.owners.shape != self.centres.shape[:1]:
            raise ValueError(f'centres {tuple(self.centres.shape)} and owners {tuple(self.owners.shape)}, but a style '
                             'bank has one centre at least, (N, F), and the class of each, (N,)')
        if not self.centres.isfinite().all():
            raise ValueError('the centres of the styles are not finite')
        if self.owners.dtype != torch.long or not self.centres.is_floating_point():
            raise ValueError(f'centres of {self.centres.dtype} and owners of {self.owners.dtype}, but a style is '
                             'floats, and its class a long integer')
        if self.thumbnails.dtype != np.uint8 or self.thumbnails.ndim != 4 or self.thumbnails.shape[3] != 3:
            raise ValueError(f'thumbnails {self.thumbnails.shape} of {self.thumbnails.dtype}, but they are '
                             '(N, h, w, 3) uint8')
        if self.instances is not None and (
                self.members is None or self.members.shape != self.instances.owners.shape
                or not ((self.members >= 0) & (self.members < len(self.centres))).all()):
            raise ValueError('the members of the clusters are not those of the instances')
        if len(self.thumbnails) not in (0, len(self.centres)):
            raise ValueError(f'{len(self.thumbnails)} thumbnails of {len(self.centres)} centres')

    @classmethod
    def neutral(cls, channels: int) -> StyleBank:
        """The neutral style, ``(F,)`` zeros: the middle of the range of the encoder's tanh."""
        return cls(torch.zeros(1, channels), torch.tensor([-1]), (), np.zeros((0, 0, 0, 3), np.uint8))

    @property
    def clustered(self) -> tuple[Instances, Tensor]:
        """The instances that the centres come from, and the number of each one's centre, ``(instances,)``.

        Raises:
            ValueError: the bank was made without.
        """
        if self.instances is None or self.members is None:
            raise ValueError('These styles do not say from which instances they come: make the file anew, with '
                             'semsynth encode_styles.')
        return self.instances, self.members

    def check(self, channels: int) -> None:
        """Raise ValueError unless its styles have as many numbers as a model reads."""
        if self.centres.shape[1] != channels:
            raise ValueError(f'styles: the file has styles of {self.centres.shape[1]} numbers, but the model reads '
                             f'{channels}; make one from this model with semsynth encode_styles.')

    def clusters(self, class_index: int) -> Tensor:
        """The centres of a class, ``(K, F)``; the mean of all centres, ``(1, F)``, for a class without any."""
        own = self.centres[self.owners == class_index]
        return own if len(own) else self.centres.mean(dim=0, keepdim=True)

    def cluster(self, class_index: int, number: int) -> Tensor:
        """A centre of a class, ``(F,)``.

        Raises:
            ValueError: the class has no cluster of that number.
        """
        clusters = self.clusters(class_index)
        if number not in range(len(clusters)):
            raise ValueError(f'{self.name(class_index)} has the clusters 0..{len(clusters) - 1}, but cluster {number} '
                             'was asked for.')
        return clusters[number]

    def thumbnails_of(self, class_index: int) -> np.ndarray:
        """A picture of each cluster of a class, ``(K, h, w, 3)`` uint8 RGB; none, where K is 0."""
        return self.thumbnails[(self.owners == class_index).numpy()] if len(self.thumbnails) else self.thumbnails

    def name(self, class_index: int) -> str:
        """The name of a class."""
        return self.classes[class_index] if 0 <= class_index < len(self.classes) else f'class {class_index}'

    def pick(self, class_index: int, identity: int, seed: int) -> Tensor:
        """A random centre of a class, ``(F,)``, which depends on the object's id and the seed alone: to change or
        remove one object does not restyle the others."""
        clusters = self.clusters(class_index)
        return clusters[mix(seed, identity % 2**64) % len(clusters)]

    def choose(self, layout: Layout, numbers: Mapping[str, int]) -> list[dict[int, Tensor]]:
        """Named clusters of some objects.

        Args:
            layout: a batch of layouts.
            numbers: number of the cluster by the name of a class, for all its objects, or by an object's id, which
                comes before its class; ``{'car': 3, '26001': 0}``.

        Returns:
            For each image, the style ``(F,)`` of these objects by id.

        Raises:
            ValueError: there is no such class, object or cluster.
        """
        classes_first = sorted(numbers.items(), key=lambda item: item[0] not in self.classes)
        chosen = []
        for objects, label in zip(layout.objects, layout.label, strict=True):
            owners = classes_of(objects, label)
            chosen.append({identity: self.cluster(owners[identity], number) for key, number in classes_first
                           for identity in self._meant(key, owners)})
        return chosen

    def _meant(self, key: str, owners: Mapping[int, int]) -> list[int]:
        if key in self.classes:
            return [identity for identity, owner in owners.items() if self.name(owner) == key]
        try:
            identity = int(key)
        except ValueError:
            raise ValueError(f'{key!r} is neither the id of an object nor a class; the classes are '
                             f'{", ".join(self.classes)}.') from None
        if identity not in owners:
            raise ValueError(f'The layout has no object {identity}; it has {", ".join(map(str, owners))}.')
        return [identity]

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
        """Write the bank to one file of numbers and text, without pickle; the file is whole or is not written."""
        stored: dict[str, Any] = dict(format=FORMAT, centres=self.centres.numpy(), owners=self.owners.numpy(),
                      classes=np.array(self.classes, np.str_), thumbnails=self.thumbnails, encoder=self.encoder,
                      settings=self.settings)
        if self.instances is not None and self.members is not None:
            stored |= dict(members=self.members.numpy(),
                           **{f'instances.{name}': array for name, array in self.instances.to_arrays().items()})
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **stored)
        write_whole(path, buffer.getvalue())

    @classmethod
    def load(cls, path: str | Path) -> StyleBank:
        """Read a file that ``save`` wrote.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it holds something else.
        """
        if not Path(path).is_file():
            raise FileNotFoundError(f'There is no style file {path}: semsynth encode_styles makes one.')
        try:
            stored = read_npz(path)
            if stored['format'] != FORMAT:
                raise ValueError(f'format {stored["format"]} instead of {FORMAT}')
            if stored['classes'].ndim != 1 or stored['classes'].dtype.kind != 'U':
                raise ValueError('its classes have no names')
            found = {name.removeprefix('instances.'): stored[name] for name in stored if name.startswith('instances.')}
            return cls(torch.from_numpy(stored['centres']), torch.from_numpy(stored['owners']),
                       tuple(stored['classes'].tolist()), stored['thumbnails'], str(stored['encoder']),
                       Instances.from_arrays(found) if found else None,
                       torch.from_numpy(stored['members']) if found else None,
                       str(stored.get('settings', '')))
        except Exception as error:  # numpy and zipfile raise all sorts
            reason = f'it has no {error}' if isinstance(error, KeyError) else error
            raise ValueError(f'{path} is no file of styles ({reason!s:.200}): semsynth encode_styles makes '
                             'one.') from error


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
    if layout.style is None:
        raise ValueError('The layout has no style.')
    found = []
    for objects, style in zip(layout.objects, layout.style, strict=True):
        ids, place = objects.flatten().unique(return_inverse=True)
        pixel = torch.empty_like(ids).scatter_(0, place, torch.arange(place.numel(), device=ids.device))
        found.append(dict(zip(ids.tolist(), style.detach().flatten(1)[:, pixel].T.cpu(), strict=True)))
    return found
