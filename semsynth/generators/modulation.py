"""Modulations: how the norms of a generator's blocks read the layout."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from torch import Tensor, nn

from semsynth.errors import check_option
from semsynth.layers.class_norm import ClassAdaptiveNorm, ClassMaps, InstanceAdaptiveNorm, ObjectMaps
from semsynth.layers.spade import SpatiallyAdaptiveNorm
from semsynth.layout import Layout
from semsynth.ops.components import centre_offsets
from semsynth.ops.objects import object_keys, object_rows

MODULATIONS = ('spade', 'clade', 'clade_icpe', 'inade')
Read = Callable[[tuple[int, int]], Any]
"""What norms read at each size."""


class Modulation:
    """How the norms of a generator's blocks read the layout."""

    make_norm: Callable[[int], nn.Module]
    """A norm of so many channels."""
    reads_condition: bool = False
    """Whether norms read the condition, the latent's channels included where it has some, and nothing else: then there
    is nothing to ``check`` and to ``read``."""
    reads_objects: bool = False
    """Whether norms read which object a pixel belongs to."""
    latent_dim: int = 0
    """Numbers of the latent that norms read beside what the generator reads of it, the last ones."""

    def check(self, layout: Layout, latent_dim: int | None, owner: str) -> None:
        """Raise ValueError where norms cannot read a layout.

        Args:
            layout: a batch of layouts.
            latent_dim: length of the generator's latent, where it has one.
            owner: the generator's name, for messages.
        """
        if layout.label is None:
            raise ValueError(f'{owner}: the layout has no label map, but its norms read one: give it one, or take '
                             "modulation='spade'.")
        latent = layout.latent
        if self.latent_dim and latent is not None and latent.shape[1:] != (latent_dim,):
            raise ValueError(f'{owner}: a latent of shape {tuple(latent.shape)} does not fit; it should be '
                             f'(B, {latent_dim}), the last {self.latent_dim} of them for objects.')

    def read(self, layout: Layout) -> Read:
        """What the norms read, by size."""
        raise NotImplementedError


class SpatialModulation(Modulation):
    """SPADE's: norms read the condition by convolutions.

    Args:
        norm: ``'batch'`` or ``'instance'``.
        condition_channels: channels of what they read.
        hidden_channels: width of their convolutions.
    """

    reads_condition = True

    def __init__(self, norm: str, condition_channels: int, hidden_channels: int):
        self.make_norm = partial(SpatiallyAdaptiveNorm, condition_channels=condition_channels,
                                 hidden_channels=hidden_channels, norm=norm)


class ClassModulation(Modulation):
    """CLADE's: norms look a pixel's class up in tables.

    Args:
        norm: ``'batch'`` or ``'instance'``.
        num_classes: classes N.
        boundary: whether layouts have a boundary map.
        positions: whether norms read each pixel's position in its connected component.
    """

    def __init__(self, norm: str, num_classes: int, boundary: bool, positions: bool):
        self.boundary = boundary
        self.positions = self.reads_objects = positions
        self.make_norm = partial(ClassAdaptiveNorm, num_classes=num_classes, norm=norm, boundary=boundary,
                                 positions=positions)

    def read(self, layout: Layout) -> Read:
        """``ClassMaps`` by size."""
        boundary = layout.unstyled[:, layout.num_classes:layout.num_classes + 1] if self.boundary else None
        offsets = None
        if self.positions:
            offsets = centre_offsets(object_keys(layout.objects, layout.label, layout.num_classes))

        def at(size: tuple[int, int]) -> ClassMaps:
            return ClassMaps(_nearest(layout.label, size), *(
                None if each is None else _nearest(each, size) for each in (boundary, offsets)))

        return at


class InstanceModulation(Modulation):
    """INADE's: norms look a pixel's class up in tables, and its object's noise in the latent.

    The latent's last numbers are two vectors for each of ``max_objects`` rows; ``object_rows`` says which row is an
    object's.

    Args:
        norm: ``'batch'`` or ``'instance'``.
        num_classes: classes N.
        noise_channels: length of each of an object's two vectors.
        max_objects: rows R.
    """

    reads_objects = True

    def __init__(self, norm: str, num_classes: int, noise_channels: int, max_objects: int):
        self.noise_channels, self.max_objects = noise_channels, max_objects
        self.latent_dim = max_objects * 2 * noise_channels
        self.make_norm = partial(InstanceAdaptiveNorm, num_classes=num_classes, norm=norm,
                                 noise_channels=noise_channels)

    def read(self, layout: Layout) -> Read:
        """``ObjectMaps`` by size."""
        latent = cast(Tensor, layout.latent)  # the generator has drawn it where the layout had none
        noise = latent[:, -self.latent_dim:].unflatten(1, (self.max_objects, 2, self.noise_channels))
        found = object_rows(layout.objects, layout.label, layout.num_classes, self.max_objects)
        return lambda size: ObjectMaps(_nearest(found.rows, size), found.classes, noise)


def build_modulation(name: str, owner: str, norm: str, condition_channels: int, hidden_channels: int,
                     num_classes: int | None, instances: bool, noise_channels: int = 64,
                     max_objects: int = 127) -> Modulation:
    """A modulation by its name.

    Args:
        name: one of ``MODULATIONS``.
        owner: the generator's name, for messages.
        norm: ``'batch'`` or ``'instance'``.
        condition_channels: as of ``SpatialModulation``.
        hidden_channels: as of ``SpatialModulation``.
        num_classes: classes N, which tables need.
        instances: whether layouts have instances, and so a boundary map.
        noise_channels: as of ``InstanceModulation``.
        max_objects: as of ``InstanceModulation``.

    Raises:
        ValueError: there is no such modulation or norm, or it has tables of classes and there are none.
    """
    check_option(owner, 'modulation', name, MODULATIONS)
    if norm in MODULATIONS:
        raise ValueError(f"{owner}: norm={norm!r} is a modulation: write modulation={norm!r}, beside norm='batch' or "
                         "norm='instance'.")
    check_option(owner, 'norm', norm, ('batch', 'instance'))
    if name == 'spade':
        return SpatialModulation(norm, condition_channels, hidden_channels)
    if not num_classes:
        raise ValueError(f'{owner}: modulation={name!r} has tables of classes, but num_classes={num_classes}: use it '
                         "with label maps, or take modulation='spade'.")
    if name == 'inade':
        return InstanceModulation(norm, num_classes, noise_channels, max_objects)
    return ClassModulation(norm, num_classes, instances, name == 'clade_icpe')


def _nearest(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """A map at a size that divides its own, nearest neighbour, as ``F.interpolate`` does it for floats."""
    down, across = (own // other for own, other in zip(maps.shape[-2:], size, strict=True))
    return maps[..., ::down, ::across]
