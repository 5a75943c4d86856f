"""AugmentedDiscriminator and AdaptiveDiscriminator: what they judge is augmented, for trainings on few images."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import torch
from mmengine.dist import all_reduce
from torch import Tensor

from semsynth.discriminators.augmentation import GEOMETRIC, OPERATIONS, Augmentation, draw
from semsynth.discriminators.base import Discriminator, Turn, Verdict, build_discriminator
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS

if TYPE_CHECKING:
    from semsynth.parts import Parts

DIFFAUGMENT = ('colour', 'translation', 'cutout')


@DISCRIMINATORS.register_module()
class AugmentedDiscriminator(Discriminator):
    """A discriminator that sees all images augmented, real and synthesised alike, in both turns (DiffAugment).

    A turn has one draw: each layout of a batch, and all images of it, are changed in the same way, so that features of
    real and synthesised images compare. Geometric operations move the layout too; logits of classes are moved back to
    the layout's pixels, and are 0 where the picture has left them. Gradient flows through to the generator. In
    evaluation mode nothing is changed. The random numbers are torch's, on the images' device.

    Args:
        in_channels: channels of the layout and the image together.
        discriminator: config of the one that judges; channels and classes are filled in.
        operations: of these:
            ``'colour'``: brightness +-0.5, saturation by 0 to 2, contrast by 0.5 to 1.5;
            ``'translation'``: by whole pixels, up to 1/8 of the sides;
            ``'flip'``: from left to right, one time of two;
            ``'scale'``: about the middle, by ``2**N(0, 0.2)``;
            ``'cutout'``: a box of half the sides becomes 0 in the images.
        probability: of each operation, for each layout.
        image_channels: channels of the image.
        num_classes: one-hot channels of the layout; None where the config of the discriminator says it.

    Raises:
        ValueError: an operation is unknown, or there is none.
    """

    filled_in = ('in_channels', 'image_channels', 'num_classes')

    def __init__(self, in_channels: int, discriminator: dict, operations: Sequence[str] = DIFFAUGMENT,
                 probability: float = 1.0, image_channels: int = 3, num_classes: int | None = None):
        super().__init__()
        if strangers := [name for name in operations if name not in OPERATIONS]:
            raise ValueError(f'{type(self).__name__}: operations has {strangers[0]!r}, which is not one of '
                             f'{", ".join(OPERATIONS)}.')
        if not operations:
            raise ValueError(f'{type(self).__name__}: operations is empty: name some of {", ".join(OPERATIONS)}, or '
                             'use the discriminator alone.')
        self.discriminator = build_discriminator(discriminator, in_channels - image_channels, image_channels,
                                                 num_classes)
        self.operations: tuple[str, ...] = tuple(operations)
        self.probability: float | Tensor = float(probability)
        inner = self.discriminator
        self.size_divisor, self.kinds, self.waits_for = inner.size_divisor, inner.kinds, inner.waits_for
        self.returns_features, self.returns_class_logits = inner.returns_features, inner.returns_class_logits

    @property
    def relates_images(self) -> bool:
        """Whether the inner one does."""
        return self.discriminator.relates_images

    def judge_of(self, kind: str) -> Discriminator:
        """The inner network of that kind."""
        return self.discriminator.judge_of(kind)

    def check(self, parts: Parts) -> None:
        """Have the inner one check the other parts, and refuse losses that compare features or scores with the label
        map, which do not move back as logits of classes do."""
        self.discriminator.check(parts)
        moving = [name for name in self.operations if name in GEOMETRIC]
        for name, loss in parts.losses.items():
            if moving and 'label_map' in loss.reads and loss.reads & {'features', 'verdicts'}:
                raise ValueError(f'discriminator: losses.{name} reads features or scores at the pixels of the label '
                                 f'map, but {", ".join(moving)} move these: leave them out of operations, or drop the '
                                 f'term with losses=dict({name}=None).')

    def forward(self, layout: Layout, image: Tensor, kinds: Sequence[str] | None = None, turn: Turn | None = None,
                real: Sequence[bool] | None = None, logits: bool = True) -> Verdict | list[Verdict]:
        """The verdicts of the inner one on augmented images; arguments and result as of ``Discriminator``."""
        if not self.training:
            return self.discriminator(layout, image, kinds, turn, real, logits)
        parts = 1 if kinds is None else len(kinds)
        count = len(image) // parts

        def draw_now() -> Augmentation:
            return draw(self.operations, count, layout.size, self.probability, image.device)

        augmentation = draw_now() if turn is None else turn.once((self, 'augmentation'), draw_now)
        moved = augmentation.layout(layout.map(itemgetter(slice(count)))).repeat(parts)
        judged = self.discriminator(moved, augmentation.images(image, parts), kinds, turn, real, logits)
        if not logits:
            return judged
        verdicts: list[Verdict] = [judged] if kinds is None else judged
        of_classes = [self.returns_class_logits] if kinds is None else [
            self.judge_of(kind).returns_class_logits for kind in kinds]
        if turn is not None and real is not None and turn.player == 'discriminator' and any(real):
            self.heed([score(verdict, are_classes) for verdict, are_classes, is_real
                       in zip(verdicts, of_classes, real, strict=True) if is_real], turn)
        for verdict, are_classes in zip(verdicts, of_classes, strict=True):
            for scale in verdict if are_classes else ():
                scale[-1] = augmentation.moved_back(scale[-1])
        return judged

    def heed(self, scores: list[list[Tensor]], turn: Turn) -> None:
        """Take note, in the discriminator's turn, of its scores of augmented real images: for each of them one tensor
        ``(B, ...)`` a scale."""


def score(verdict: Verdict, are_classes: bool) -> list[Tensor]:
    """A verdict's scores of being real, one tensor a scale; of logits of classes the log odds of any class."""
    logits = [scale[-1].detach().float() for scale in verdict]
    return [each[:, 1:].logsumexp(1) - each[:, 0] for each in logits] if are_classes else logits


@DISCRIMINATORS.register_module()
class AdaptiveDiscriminator(AugmentedDiscriminator):
    """An ``AugmentedDiscriminator`` whose probability rises while it is too sure of real images (Karras et al. 2020).

    How sure it is: the mean sign of its scores of real images in its own turn, over all scales and ranks; of logits of
    classes the score is the log odds of any class against "synthesised". Every ``interval`` batches the probability,
    which all ranks share, goes up where that is above the target, else down, by the share of ``ramp`` images that were
    judged since. It is a buffer, so that checkpoints hold it; no step waits for the device. The log has it as
    ``augmentation/probability``, beside ``augmentation/sign_of_real``.

    Args:
        in_channels: as of ``AugmentedDiscriminator``.
        discriminator: the same.
        operations: the same; by default all of them.
        probability: with which training starts.
        target: of the mean sign.
        ramp: number of real images in which the probability can go from 0 to 1. ADA has 500000; a short training on few
            images wants less.
        interval: batches, or parts of them with ``micro_batch``, between two changes.
        middle: score between real and synthesised: 0, of least squares 0.5.
        image_channels: as of ``AugmentedDiscriminator``.
        num_classes: the same.

    Raises:
        ValueError: as of ``AugmentedDiscriminator``.
    """

    probability: Tensor
    signs: Tensor
    images: Tensor
    batches: Tensor

    def __init__(self, in_channels: int, discriminator: dict, operations: Sequence[str] = OPERATIONS,
                 probability: float = 0.0, target: float = 0.6, ramp: int = 500_000, interval: int = 4,
                 middle: float = 0.0, image_channels: int = 3, num_classes: int | None = None):
        super().__init__(in_channels, discriminator, operations, probability, image_channels, num_classes)
        self.target, self.ramp, self.interval, self.middle = target, ramp, interval, middle
        del self.probability  # a number; now it is what checkpoints hold
        self.register_buffer('probability', torch.tensor(float(probability)))
        for name in ('signs', 'images', 'batches'):
            self.register_buffer(name, torch.zeros(()))

    def check(self, parts: Parts) -> None:
        """As of ``AugmentedDiscriminator``; refuse a ``middle`` that is not that of the scores."""
        super().check(parts)
        for name, loss in parts.losses.items():
            if 'verdicts' in loss.reads and 'discriminator' in loss.trains and loss.middle != self.middle:
                raise ValueError(f'discriminator: middle={self.middle}, but between what losses.{name} wants real and '
                                 f'synthesised images to get lies {loss.middle}: set middle={loss.middle}.')

    @torch.no_grad()
    def heed(self, scores: list[list[Tensor]], turn: Turn) -> None:
        """Adapt the probability, in place, and log it."""
        sign = torch.stack([(each - self.middle).sign().mean() for scales in scores for each in scales]).mean()
        count = sum(len(scales[0]) for scales in scores)
        news = torch.stack([sign * count, torch.full_like(sign, count)])
        all_reduce(news)
        self.signs += news[0]
        self.images += news[1]
        self.batches += 1
        due = (self.batches >= self.interval).float()
        step = torch.sign(self.signs / self.images - self.target) * self.images / self.ramp
        self.probability.add_(due * step).clamp_(0, 1)
        for buffer in (self.signs, self.images, self.batches):
            buffer.mul_(1 - due)
        turn.logged |= {'augmentation/probability': self.probability.clone(),
                        'augmentation/sign_of_real': news[0] / news[1]}
