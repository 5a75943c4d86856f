"""Layout: what synthesis is conditioned on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from operator import itemgetter
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.autocast import narrowed, without_autocast


def boundary_map(instance: Tensor) -> Tensor:
    """1 where the instance id differs from one of the 4 neighbours, else 0 (pix2pixHD, 3.3).

    Both sides of a border are marked; the frame of the picture is no border.

    Args:
        instance: object ids, ``(B, H, W)``, any integer type.

    Returns:
        ``(B, 1, H, W)`` float32.
    """
    boundary = torch.zeros_like(instance, dtype=torch.bool)
    across = instance[:, :, 1:] != instance[:, :, :-1]
    down = instance[:, 1:] != instance[:, :-1]
    boundary[:, :, 1:] |= across
    boundary[:, :, :-1] |= across
    boundary[:, 1:] |= down
    boundary[:, :-1] |= down
    return boundary.unsqueeze(1).float()


def one_hot(label: Tensor, num_classes: int) -> Tensor:
    """One channel a class: ``(B, H, W)`` long in ``0..num_classes-1`` to ``(B, num_classes, H, W)`` float32."""
    height, width = label.shape[-2:]
    channels = torch.zeros(len(label), num_classes, height, width, device=label.device)
    return channels.scatter_(1, label.unsqueeze(1), 1.0)


@dataclass
class Layout:
    """What synthesis is conditioned on: a label map, an instance map, and optionally a style and a latent.

    Args:
        label: class index of each pixel, ``(B, H, W)`` long in ``0..num_classes-1``.
        num_classes: number of one-hot channels.
        unknown: the index that means no class, or None.
        instance: object id of each pixel, ``(B, H, W)`` long, any integers.
        raw: ``(B, C, H, W)`` float: any image-like input, read instead of all channels made from label and instance.
        style: instance-wise feature channels, ``(B, F, H, W)`` (pix2pixHD, 3.4).
        latent: one code per image, ``(B, Z)`` (ECGAN, appendix C).
        posterior: mean and log-variance, each ``(B, Z)``, of the distribution that the latent was drawn from.
    """

    label: Tensor = None  # type: ignore[assignment]  # None beside raw alone
    num_classes: int = None  # type: ignore[assignment]  # the same
    unknown: int | None = None
    instance: Tensor | None = None
    raw: Tensor | None = None
    style: Tensor | None = None
    latent: Tensor | None = None
    posterior: tuple[Tensor, Tensor] | None = None

    def __post_init__(self):
        if self.raw is None and (self.label is None or self.num_classes is None):
            raise ValueError('A Layout needs label and num_classes, or raw.')

    @cached_property
    def unstyled(self) -> Tensor:
        """``(B, C, H, W)`` float: one-hot label map, then the boundary map where there are instances; or ``raw``."""
        if self.raw is not None:
            return self.raw
        channels = one_hot(self.label, self.num_classes)
        return channels if self.instance is None else torch.cat([channels, boundary_map(self.instance)], dim=1)

    @property
    def one_hot(self) -> Tensor:
        """``(B, num_classes, H, W)`` float, the unknown class's channel included: a part of ``unstyled``."""
        return self.unstyled[:, :self.num_classes] if self.raw is None else one_hot(self.label, self.num_classes)

    @cached_property
    def condition(self) -> Tensor:
        """``(B, C, H, W)`` float, what generators read: ``unstyled``, then the style where there is one."""
        return self.unstyled if self.style is None else torch.cat([self.unstyled, self.style], dim=1)

    @property
    def objects(self) -> Tensor:
        """The regions that have one style each, ``(B, H, W)`` long: the instance map, or else the label map.

        Raises:
            ValueError: the layout has neither.
        """
        if self.instance is None and self.label is None:
            raise ValueError('A layout of raw channels has no objects that could have a style: '
                             'give it an instance map, or leave the encoder out.')
        return self.label if self.instance is None else self.instance

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = (self.raw if self.raw is not None else self.label).shape[-2:]
        return height, width

    @property
    def device(self) -> torch.device:
        """The device of its tensors."""
        return (self.raw if self.raw is not None else self.label).device

    def __len__(self) -> int:
        return len(self.raw if self.raw is not None else self.label)

    def styled(self, style: Tensor) -> Layout:
        """The layout with a style, ``(B, F, H, W)``; both share ``unstyled``, which is made once."""
        return self._with(style=style)

    def with_latent(self, latent: Tensor, posterior: tuple[Tensor, Tensor] | None = None) -> Layout:
        """The layout with a latent, ``(B, Z)``, and the posterior that it was drawn from; both share ``unstyled``."""
        return self._with(latent=latent, posterior=posterior)

    def _with(self, **changes) -> Layout:
        changed = replace(self, **changes)
        changed.__dict__['unstyled'] = self.unstyled
        return changed

    def map(self, change: Callable[[Tensor], Tensor]) -> Layout:
        """A layout with every tensor changed alike; ``unstyled``, where it is made already, is not made again."""
        tensors = {field.name: getattr(self, field.name) for field in fields(self)}
        changed: dict[str, Any] = {name: change(value) for name, value in tensors.items() if isinstance(value, Tensor)}
        if self.posterior is not None:
            changed['posterior'] = tuple(map(change, self.posterior))
        mapped = replace(self, **changed)
        if 'unstyled' in self.__dict__:
            mapped.__dict__['unstyled'] = change(self.unstyled)
        return mapped

    def repeat(self, times: int) -> Layout:
        """The batch ``times`` times over: ``(times * B, ...)``; a single layout is not copied."""
        return self if times == 1 else self.map(lambda tensor: tensor.expand(times, *tensor.shape).flatten(0, 1))

    def split(self, images: int) -> list[Layout]:
        """Layouts of so many images each, the last one of what is left, which share its memory."""
        places = [slice(start, start + images) for start in range(0, len(self), images)]
        return [self.map(itemgetter(place)) for place in places]

    def detach(self) -> Layout:
        """The same layout without autograd history."""
        return self.map(Tensor.detach)

    def to(self, device: torch.device | str) -> Layout:
        """The same layout on another device."""
        return self.map(lambda tensor: tensor.to(device))

    def resize(self, size: tuple[int, int]) -> Tensor:
        """The condition at another size, nearest neighbour: ``(B, C, *size)`` (SPADE)."""
        if size == self.size:
            return self.condition
        with without_autocast(self.device):  # a GPU's would give float32
            return F.interpolate(self.condition, size, mode='nearest')

    def narrowed(self) -> Layout:
        """The layout with its condition in autocast's precision, cast once for all convolutions that read it."""
        changed = self._with()
        changed.__dict__['condition'] = narrowed(self.condition)
        return changed
