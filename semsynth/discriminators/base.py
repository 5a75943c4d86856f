"""What every discriminator is: layout and image in, feature maps and logits of every scale out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from semsynth.layers.batches import part
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS

if TYPE_CHECKING:
    from semsynth.parts import Parts

Verdict = list[list[Tensor]]
"""One list of feature maps per scale, finest scale first; the last of each list are the logits."""


class Turn(Protocol):
    """What a discriminator may know of the turn in which it judges; a ``Step`` is one."""

    player: str
    """Whose turn it is, ``'generator'`` or ``'discriminator'``."""
    logged: dict[str, Tensor]
    """Scalars for the log, by name: what is written here in the discriminator's turn."""

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What all verdicts of the turn have in common, such as random numbers: computed at the first call."""


class Discriminator(nn.Module):
    """Judges images of a layout. A subclass defines ``judge``."""

    filled_in: tuple[str, ...] = ('in_channels',)
    """Arguments that the model fills in: ``in_channels`` (of the image and, where it is read, the layout),
    ``image_channels``, ``num_classes`` of the layout."""
    reads_layout: bool = True
    """Whether it reads the layout; without it ``in_channels`` are the image's alone."""
    size_divisor: int = 1
    """Height and width of its images must be multiples of this."""
    returns_features: bool = False
    """Whether its verdicts hold feature maps before the logits, which can be matched."""
    returns_class_logits: bool = False
    """Whether its logits are those of the layout's classes and one more for synthesised pixels (OASIS); otherwise they
    are scores, high for real."""
    kinds: tuple[str, ...] | None = None
    """Names of the real images whose imitations it judges; None for any."""
    waits_for: str | None = None
    """What it reads from the device in a step of training, in words: a CUDA graph cannot hold that (``model.graphs``).
    None where it reads nothing, and does the same in every step."""

    @property
    def frozen_networks(self) -> Mapping[str, str]:
        """The frozen networks that it judges by: name by hash of the weights, for result files. By default those of the
        discriminators within it."""
        within = [each for each in self.modules() if isinstance(each, Discriminator) and each is not self]
        return {weights: name for each in within for weights, name in each.frozen_networks.items()}

    @property
    def relates_images(self) -> bool:
        """Whether the verdict on an image depends on the others of its batch, as with batch norm.

        Where not, the discriminator's turn judges synthesised and real images as one batch.
        """
        return any(isinstance(layer, _BatchNorm) for layer in self.modules())

    def forward(self, layout: Layout, image: Tensor, kinds: Sequence[str] | None = None, turn: Turn | None = None,
                real: Sequence[bool] | None = None, logits: bool = True) -> Verdict | list[Verdict]:
        """The verdict on images, or several.

        Args:
            layout: a batch of layouts.
            image: ``(B, C, H, W)`` in ``[-1, 1]``.
            kinds: of each of N equal parts of the batch the name of the real image that it is or imitates. The layouts
                of all parts are the same.
            turn: in which they are judged, for a discriminator whose verdicts of one turn depend on each other.
            real: of each part whether it holds real images, for a discriminator that looks how sure it is of them.
            logits: whether verdicts hold the logits; without, their lists have the feature maps alone.

        Returns:
            Without ``kinds`` the verdict on the whole batch; with them one on each part, in their order.
        """
        verdict = self.judge(layout, image) if logits else self.features(layout, image)
        return verdict if kinds is None else split_verdict(verdict, len(kinds))

    def judge(self, layout: Layout, image: Tensor) -> Verdict:
        """The verdict on images ``(B, C, H, W)`` in ``[-1, 1]`` of a layout, whose style is not read."""
        raise NotImplementedError

    def features(self, layout: Layout, image: Tensor) -> Verdict:
        """The verdict without its logits. By default they are computed all the same."""
        return [scale[:-1] for scale in self.judge(layout, image)]

    def judge_of(self, kind: str) -> Discriminator:
        """The network that judges the imitations of a real image, given its name; by default this one."""
        return self

    def check(self, parts: Parts) -> None:
        """Raise ValueError, in one sentence, where the other parts do not fit it."""


def split_verdict(verdict: Verdict, count: int) -> list[Verdict]:
    """The verdict on a batch of ``count`` equal parts as one verdict on each."""
    chunks = [[part(feature, count) for feature in scale] for scale in verdict]
    return [[[parts[number] for parts in scale] for scale in chunks] for number in range(count)]


def build_discriminator(config: dict, layout_channels: int, image_channels: int,
                        num_classes: int | None) -> Discriminator:
    """A discriminator; what its config leaves out of ``filled_in`` is filled in.

    Args:
        config: config of the discriminator.
        layout_channels: channels of ``layout.unstyled``.
        image_channels: channels of the images.
        num_classes: one-hot channels of the layouts, 0 for image-like inputs; None leaves them to the config.

    Raises:
        ValueError: the config has another number than would be filled in.
    """
    kind = DISCRIMINATORS.kind_of(config)
    facts = dict(in_channels=image_channels + layout_channels * kind.reads_layout, image_channels=image_channels,
                 num_classes=num_classes)
    facts = {name: facts[name] for name in kind.filled_in if facts[name] is not None}
    for name, number in facts.items():
        if config.get(name, number) != number:
            raise ValueError(f'discriminator: {name}={config[name]}, but {kind.__name__} would get {number}; leave '
                             f'{name} out to have it filled in.')
    return DISCRIMINATORS.build(config, default_args=facts)
