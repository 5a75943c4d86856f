"""A generator as a function of plain tensors, as exporters want it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from torch import Tensor, nn

from semsynth.generators.base import Generator
from semsynth.layout import Layout


class ConditionToImages(nn.Module):
    """A generator's images as a function of the condition, and of latent and ids of instances where it reads these.

    Args:
        generator: changed in place: its head drops what only losses read, and no shape in it depends on the label map.
        num_classes: one-hot channels N, the first of the condition; 0 for image-like inputs.
        unknown: the index that means no class, or None.

    Attributes:
        outputs: names of the images, ``'image'`` first.
    """

    def __init__(self, generator: Generator, num_classes: int, unknown: int | None):
        super().__init__()
        self.generator, self.num_classes, self.unknown = generator, num_classes, unknown
        self.outputs = sorted(generator.head.views, key=lambda name: name != 'image')
        generator.head.drop_extras()
        generator.head.fix_shapes()

    def forward(self, condition: Tensor, latent: Tensor | None = None,
                instance: Tensor | None = None) -> tuple[Tensor, ...]:
        """``(B, C, H, W)``, and perhaps ``(B, Z)`` and ``(B, H, W)`` long, to the outputs, each ``(B, 3, H, W)`` or
        gray ``(B, 1, H, W)``."""
        labels: dict[str, Any] = dict(label=condition[:, :self.num_classes].argmax(1), num_classes=self.num_classes,
                      unknown=self.unknown) if self.num_classes else {}
        outputs = self.generator(_GivenLayout(raw=condition, latent=latent, instance=instance, **labels))
        return tuple(outputs[name] for name in self.outputs)


class _GivenLayout(Layout):
    """A layout whose condition is given; its label map is computed from the condition."""

    @cached_property
    def one_hot(self) -> Tensor:
        return self.condition[:, :self.num_classes]
