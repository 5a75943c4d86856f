"""What changes pictures and layouts before they are judged, differentiably: colours, geometry, cutout (DiffAugment)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from semsynth.layout import Layout

GEOMETRIC = ('translation', 'flip', 'scale')
OPERATIONS = ('colour', *GEOMETRIC, 'cutout')
"""Names of the operations; DiffAugment has colour, translation and cutout, adaptive augmentation has them all."""
SHIFT, CUT, ZOOM = 1 / 8, 1 / 2, 0.2
"""Farthest translation and side of the cutout, as shares of the picture's sides (DiffAugment); standard deviation of
the binary logarithm of the scale (adaptive augmentation)."""


class Axis(NamedTuple):
    """Where each pixel of a moved picture was before, along one axis: pixel i at ``slope * i + start``.

    Args:
        slope: ``(B,)``.
        start: ``(B,)``.
    """

    slope: Tensor
    start: Tensor

    def then(self, later: Axis) -> Axis:
        """Of a picture that is moved by this one first, and then by a later one."""
        return Axis(self.slope * later.slope, self.slope * later.start + self.start)

    def inverse(self) -> Axis:
        """What moves it back."""
        return Axis(1 / self.slope, -self.start / self.slope)

    def repeat(self, times: int) -> Axis:
        """Of a batch ``times`` times over."""
        return Axis(self.slope.repeat(times), self.start.repeat(times))

    def places(self, length: int) -> Tensor:
        """``(B, length)``: where each pixel of a row or column was."""
        return torch.addcmul(self.start[:, None], self.slope[:, None], torch.arange(length, device=self.start.device))


@dataclass
class Augmentation:
    """What is done to each of B layouts and its images, real and synthesised.

    Args:
        colours: brightness that is added, and factors of saturation and contrast, ``(B,)`` each; None for no change.
        rows, columns: how pictures move; None for not at all.
        between: whether pixels come from between others, by a scale, rather than from whole places.
        cut: top, bottom, left and right of the box that is cut out, ``(B,)`` each; None for no change.
    """

    colours: tuple[Tensor, Tensor, Tensor] | None = None
    rows: Axis | None = None
    columns: Axis | None = None
    between: bool = False
    cut: tuple[Tensor, Tensor, Tensor, Tensor] | None = None

    def images(self, images: Tensor, parts: int = 1) -> Tensor:
        """Change ``parts`` batches ``(parts * B, C, H, W)`` of images alike; gradient flows through."""
        if self.colours is not None:
            images = recolour(images, *(value.repeat(parts) for value in self.colours))
        images = move(images, self._repeated(self.rows, parts), self._repeated(self.columns, parts), self.between)
        return images if self.cut is None else cut_out(images, *(side.repeat(parts) for side in self.cut))

    def layout(self, layout: Layout) -> Layout:
        """Move B layouts as the images; ids come from the nearest pixel.

        Where a picture has left its place, the channels of ``unstyled`` are 0, as images are; the label is the unknown
        class, or 0 where there is none.
        """
        if self.rows is None and self.columns is None:
            return layout
        nearest = partial(take, rows=self.rows, columns=self.columns)
        layout.unstyled  # noqa: B018  made before the move: it could not be told afterwards where there is nothing
        moved = layout.map(lambda tensor: nearest(tensor) if tensor.ndim > 2 else tensor)
        if layout.label is not None and layout.unknown:  # where it is 0, that is done already
            moved.label = nearest(layout.label - layout.unknown) + layout.unknown
        return moved

    def moved_back(self, maps: Tensor, parts: int = 1) -> Tensor:
        """Maps ``(parts * B, C, H, W)`` of the moved pictures, at the pixels' places before; 0 where nothing is left.
        """
        rows, columns = (self._repeated(axis and axis.inverse(), parts) for axis in (self.rows, self.columns))
        return move(maps, rows, columns, self.between)

    @staticmethod
    def _repeated(axis: Axis | None, times: int) -> Axis | None:
        return axis if axis is None or times == 1 else axis.repeat(times)


def draw(operations: Sequence[str], count: int, size: tuple[int, int], probability: float | Tensor,
         device: torch.device) -> Augmentation:
    """Draw what is done to ``count`` layouts and their images, from torch's random state.

    Args:
        operations: some of ``OPERATIONS``.
        count: B.
        size: height and width.
        probability: of each operation for each layout; a tensor is not read by the host.
        device: of the numbers.
    """
    numbers, drawn = _Numbers(count, probability, device), Augmentation()
    if 'colour' in operations:
        drawn.colours = numbers.colours()
    if 'flip' in operations:
        drawn.columns = numbers.flip(size[1])
    if 'translation' in operations:
        rows, columns = numbers.translations(size)
        drawn.rows, drawn.columns = rows, drawn.columns.then(columns) if drawn.columns else columns
    if 'scale' in operations:
        drawn.rows, drawn.columns = (axis.then(zoom) if axis else zoom for axis, zoom in
                                     zip((drawn.rows, drawn.columns), numbers.zooms(size), strict=True))
        drawn.between = True
    if 'cutout' in operations:
        drawn.cut = numbers.box(size)
    return drawn


class _Numbers:
    """Random numbers of each operation, ``(B,)`` each, neutral for layouts that it is not done to."""

    def __init__(self, count: int, probability: float | Tensor, device: torch.device):
        self.count, self.probability, self.device = count, probability, device

    def colours(self) -> tuple[Tensor, Tensor, Tensor]:
        brightness, saturation, contrast = self._uniform(-0.5, 0.5), self._uniform(0, 2), self._uniform(0.5, 1.5)
        on = self._on()
        one = on.new_ones(())
        return brightness * on, torch.lerp(one, saturation, on), torch.lerp(one, contrast, on)

    def flip(self, width: int) -> Axis:
        mirrored = self._where_on((torch.rand(self.count, device=self.device) < 0.5).float())
        return Axis(1 - 2 * mirrored, (width - 1) * mirrored)

    def translations(self, size: tuple[int, int]) -> list[Axis]:
        on = self._on()
        reaches = [int(side * SHIFT + 0.5) for side in size]
        return [Axis(torch.ones_like(on), on * torch.randint(-reach, reach + 1, (self.count,), device=self.device))
                for reach in reaches]

    def zooms(self, size: tuple[int, int]) -> list[Axis]:
        slope = torch.exp2(self._where_on(-ZOOM * torch.randn(self.count, device=self.device)))
        return [Axis(slope, (1 - slope) * (side - 1) / 2) for side in size]  # about the middle

    def box(self, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        on, sides = self._on().long(), []
        for side in size:
            cut = int(side * CUT + 0.5)
            first = torch.randint(0, side + 1 - cut % 2, (self.count,), device=self.device) - cut // 2
            sides += [first, first + cut * on]
        top, bottom, left, right = sides
        return top, bottom, left, right

    def _uniform(self, low: float, high: float) -> Tensor:
        return torch.rand(self.count, device=self.device) * (high - low) + low

    def _on(self) -> Tensor:
        """1 for the layouts that an operation is done to, 0 for the others."""
        return self._where_on(torch.ones(self.count, device=self.device))

    def _where_on(self, values: Tensor) -> Tensor:
        """The values of the layouts that an operation is done to, 0 for the others."""
        if isinstance(self.probability, float) and self.probability >= 1:
            return values
        return torch.where(torch.rand(self.count, device=self.device) < self.probability, values, 0.0)


def recolour(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Change brightness, then saturation about each pixel's gray, then contrast about each image's mean.

    Args:
        images: ``(B, C, H, W)``; not clipped afterwards.
        brightness: added, ``(B,)``.
        saturation, contrast: factors, ``(B,)``.
    """
    brightness, saturation, contrast = (value.to(images.dtype).view(-1, 1, 1, 1) for value in (
        brightness, saturation, contrast))
    images = images + brightness
    images = torch.lerp(images.mean(1, keepdim=True), images, saturation)
    return torch.lerp(images.mean((1, 2, 3), keepdim=True), images, contrast)


def cut_out(images: Tensor, top: Tensor, bottom: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Set a box of each image ``(B, C, H, W)`` to 0: rows ``top .. bottom - 1``, columns ``left .. right - 1``."""
    inside = [(places >= first[:, None]) & (places < last[:, None]) for places, first, last in (
        (torch.arange(images.shape[2], device=images.device), top, bottom),
        (torch.arange(images.shape[3], device=images.device), left, right))]
    return images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :]).unsqueeze(1), 0)


def move(pictures: Tensor, rows: Axis | None, columns: Axis | None, between: bool = False) -> Tensor:
    """Move pictures ``(B, C, H, W)``; beyond their frame is 0.

    Args:
        pictures: of floats.
        rows, columns: where the pixels of the result come from; None for where they are.
        between: whether that is between pixels: then they are interpolated.
    """
    if not between:
        return take(pictures, rows, columns)
    for dim, axis in ((2, rows), (3, columns)):
        if axis is not None:
            places = axis.places(pictures.shape[dim])
            first = places.floor()
            share = (places - first).to(pictures.dtype).view(len(pictures), *[-1 if dim == each else 1 for each in (
                1, 2, 3)])
            pictures = torch.lerp(_along(pictures, dim, first.long()), _along(pictures, dim, first.long() + 1), share)
    return pictures


def take(maps: Tensor, rows: Axis | None, columns: Axis | None) -> Tensor:
    """As ``move``, of maps ``(B, ..., H, W)`` of any type, from the nearest pixels."""
    for dim, axis in ((maps.ndim - 2, rows), (maps.ndim - 1, columns)):
        if axis is not None:
            maps = _along(maps, dim, axis.places(maps.shape[dim]).add(0.5).floor().long())
    return maps


def _along(maps: Tensor, dim: int, places: Tensor) -> Tensor:
    """Pixels at places ``(B, N)`` along a dimension, 0 where there is none."""
    length = maps.shape[dim]
    shape = [len(maps), *[places.shape[1] if each == dim else 1 for each in range(1, maps.ndim)]]
    index = places.clamp(0, length - 1).view(shape).expand([
        side if each != dim else places.shape[1] for each, side in enumerate(maps.shape)])
    outside = ((places < 0) | (places >= length)).view(shape)
    return maps.gather(dim, index).masked_fill(outside, 0)
