"""What every generator is: features, then a head."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from semsynth.layout import Layout
from semsynth.registry import GENERATORS, HEADS

if TYPE_CHECKING:
    from semsynth.parts import Head, Parts


class Generator(nn.Module):
    """Layout in, named images out: ``head(features(layout), layout)``.

    Args:
        in_channels: channels of the condition that it reads.
        feature_channels: channels C of its features.
        size_divisor: height and width of a layout must be multiples of it.
        head: config of the head, which gets ``feature_channels`` as its ``in_channels``.
        smallest_size: height and width of a layout must be at least this; ``size_divisor`` by default.

    Raises:
        ValueError: in forward, the layout's channels or size do not fit.
    """

    head: Head
    """What makes the images of the features."""
    filled_in: tuple[str, ...] = ('in_channels',)
    """Arguments that the model fills in: ``in_channels`` of the condition, ``num_classes`` of the layouts, and
    ``instances``, whether these have instances and so a boundary map."""
    latent_dim: int | None = None
    """Length Z of the latent that it reads; None where it reads none."""
    reads_objects: bool = False
    """Whether it reads which object a pixel belongs to: the ids of instances, not their boundaries alone."""
    fixed_size: tuple[int, int] | None = None
    """Height and width that every layout must have; None where any multiples of ``size_divisor`` will do."""
    waits_for: str | None = None
    """What it reads from the device in a step of training, in words: a CUDA graph cannot hold that (``model.graphs``).
    None where it reads nothing, and does the same in every step."""

    def __init__(self, in_channels: int, feature_channels: int, size_divisor: int, head: dict,
                 smallest_size: int | None = None):
        super().__init__()
        self.in_channels = in_channels
        self.feature_channels = feature_channels
        self.size_divisor = size_divisor
        self.smallest_size = smallest_size or size_divisor
        self.head = HEADS.build(head, default_args=dict(in_channels=feature_channels))

    def features(self, layout: Layout) -> Tensor:
        """Features at the layout's size, ``(B, feature_channels, H, W)``."""
        raise NotImplementedError

    def forward(self, layout: Layout) -> dict[str, Tensor]:
        """The head's outputs by name; images ``(B, 3, H, W)`` in ``[-1, 1]``, ``'image'`` the final one."""
        self._check(layout)
        return self.head(self.features(layout), layout)

    def check(self, parts: Parts) -> None:
        """Raise ValueError, in one sentence, where the other parts do not fit it."""

    def _check(self, layout: Layout) -> None:
        height, width = layout.size
        if min(height, width) < self.smallest_size or height % self.size_divisor or width % self.size_divisor:
            raise ValueError(f'{type(self).__name__}: the layout is {height}x{width}, but height and width must be '
                             f'multiples of {self.size_divisor} and at least {self.smallest_size}; pad or resize it.')
        channels = layout.condition.shape[1]
        if channels != self.in_channels:
            raise ValueError(f'{type(self).__name__}: the layout has {channels} channels, but in_channels='
                             f'{self.in_channels}; give it the same classes, instance map and style as in training.')


def build_generator(config: dict, in_channels: int, num_classes: int, instances: bool) -> Any:
    """A generator; what its config leaves out of ``filled_in`` is filled in.

    Args:
        config: config of the generator.
        in_channels: channels of the condition.
        num_classes: one-hot channels of the layouts, 0 for image-like inputs.
        instances: whether layouts have instances.

    Raises:
        ValueError: the config has another number of classes, or other instances, than the layouts.
    """
    kind = GENERATORS.kind_of(config)
    facts = dict(in_channels=in_channels, num_classes=num_classes, instances=instances)
    for name in ('num_classes', 'instances'):
        if name in kind.filled_in and config.get(name, facts[name]) != facts[name]:
            raise ValueError(f'generator: {name}={config[name]}, but {kind.__name__} would get {facts[name]}; leave '
                             f'{name} out to have it filled in.')
    return GENERATORS.build(config, default_args={name: facts[name] for name in kind.filled_in})
