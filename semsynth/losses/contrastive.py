"""Pixel-wise contrastive loss: softmax cross-entropy between embeddings of like and unlike pixels (ECGAN, eq. 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from mmengine.dist import all_gather, get_rank, get_world_size
from torch import Tensor

from semsynth.losses.base import Loss, full_precision
from semsynth.losses.pixel_memory import PixelMemory
from semsynth.losses.pixel_sampling import NO_PIXEL, sample_pixels
from semsynth.ops import tiled_contrastive
from semsynth.ops.contrast import PRECISIONS, why_no_kernels
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.layout import Layout
    from semsynth.losses.step import Step
    from semsynth.parts import Parts

MEMORY_OPTIONS = {'per_class', 'per_step', 'hardness'}


@full_precision
def contrastive_loss(embeddings: Tensor, classes: Tensor, temperature: float = 0.1, memory: Tensor | None = None,
                     memory_classes: Tensor | None = None) -> Tensor:
    """Pull pixels of one class together and push those of different classes apart (ECGAN, eq. 5).

    Every pixel is an anchor; its positives P are the other pixels of its class, its negatives N those of the others,
    those in memory, which are no anchors, included:
    ``1/|P| sum_{+ in P} -log(exp(i.+ / t) / (exp(i.+ / t) + sum_{- in N} exp(i.- / t)))``.
    Plain, with matrices of all pairs; ``semsynth.ops.tiled_contrastive`` is the same for many pixels.

    Args:
        embeddings: ``(S, D)``; L2-normalised here.
        classes: ``(S,)`` long; -1 leaves a pixel out.
        temperature: t.
        memory: ``(R, D)``, L2-normalised, without gradient.
        memory_classes: ``(R,)`` long; -1 leaves an entry out.

    Returns:
        A scalar, at least float32: the mean over the anchors that have a positive; 0 where there is none.

    Examples:
        >>> import torch
        >>> from semsynth.losses import contrastive_loss
        >>> embeddings, classes = torch.tensor([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]]), torch.tensor([0, 0, 1])
        >>> round(contrastive_loss(embeddings, classes, temperature=0.5).item(), 4)  # log(1 + e^-2)
        0.1269
    """
    unit = F.normalize(embeddings, eps=1e-6)
    others, kinds = (unit, classes) if memory is None or memory_classes is None else (
        torch.cat([unit, memory]), torch.cat([classes, memory_classes]))
    likeness = unit @ others.mT / temperature
    paired = (classes != NO_PIXEL).unsqueeze(1) & (kinds != NO_PIXEL).unsqueeze(0)
    alike = classes.unsqueeze(1) == kinds.unsqueeze(0)
    positive = (paired & alike).fill_diagonal_(False)
    # Not -inf: an anchor without negatives would get a gradient of NaN.
    far = torch.finfo(likeness.dtype).min / 2
    negatives = likeness.masked_fill(~paired | alike, far).logsumexp(1, keepdim=True)
    terms = F.softplus(negatives - likeness).masked_fill(~positive, 0)
    positives = positive.sum(1)
    return (terms.sum(1) / positives.clamp(min=1)).sum() / (positives > 0).sum().clamp(min=1)


def gather_ranks(embeddings: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
    """The pixels of all ranks, the first of each before the second of any.

    The gradient flows to this rank's own alone, times the number of ranks: ranks average gradients, so that the average
    is the gradient of a loss over all pixels, which every rank computes.

    Args:
        embeddings: ``(S, D)``, as many on every rank.
        classes: ``(S,)``.

    Returns:
        ``(ranks * S, D)`` and ``(ranks * S,)``.
    """
    ranks = get_world_size()
    if ranks == 1:
        return embeddings, classes
    values = embeddings.detach().contiguous()
    parts = all_gather(values)
    parts[get_rank()] = values + ranks * (embeddings - values)
    return torch.stack(parts, 1).flatten(0, 1), torch.stack(all_gather(classes), 1).flatten()


@LOSSES.register_module()
class ContrastiveLoss(Loss):
    """Eq. 5 of ECGAN on the output ``'embedding'``, ``(B, D, h, w)``, across the images of all ranks and past steps.

    The label map is brought to the embedding's size by the nearest pixel. Anchors are pixels drawn from the whole batch
    of every rank; each is compared with all of them and with the memory of past ones, which takes in some of them
    afterwards. The draw goes from class to class, so that rare ones count as much as large ones, and with a memory it
    favours hard pixels within a class; its random numbers are torch's, which the engine sets for every step and rank.
    ``step.draws['anchors']``, where given, is the draw, as ``sample_pixels`` returns it.
    Pixels of the unknown class are left out; a class with one pixel drawn and none in memory is a negative only.

    ``scales`` beside 1 add coarser pixels (ECGAN++, which contrasts features of a class at different scales; no more of
    it is known): at scale s the embedding is averaged over windows of s x s pixels, and the label map brought to that
    size by the nearest pixel. Pixels of all scales are one set: each anchor, of whatever scale, is compared with those
    of every scale, and the next pixel that is drawn of a class is as likely of one scale as of another.

    ``max_per_class=None, max_pixels=None`` is the paper's: every pixel of every rank is an anchor, in memory that
    grows with the number of pixels compared, and time with its square; every rank computes all of it. The draw then
    only says which pixels enter the memory.

    Args:
        temperature: divisor of the cosine similarities.
        scales: side of the windows of each scale, in the embedding's pixels.
        max_per_class: most pixels that a rank draws of one class; None: no bound.
        max_pixels: most pixels drawn in all, of which each rank draws an equal part, rounded up (batches of ranks have
            the same size, or more pixels than that). Time and memory grow with its product with the number of pixels
            compared, ``max_pixels + num_classes * memory.per_class``. None: every pixel.
        memory: arguments of ``PixelMemory``, whose ``num_classes`` and ``channels``
            are the model's; by default there is no memory.
        precision: of products on a GPU where every pixel is taken. 'auto' takes fused kernels there
            (``semsynth.ops.tiled_contrastive`` says where they fit) within 1e-3 of the loss and 1e-2 of its
            gradient's norm; they have run in Triton's interpreter, not yet on a GPU.
        weight: factor of the whole term.

    Raises:
        ValueError: the temperature is not positive, a scale is less than 1 or there twice, a bound is less than 2,
            every pixel is taken but not of every class, there is no such precision, or it is for every pixel and some
            are drawn, or the memory cannot be made; in training with every pixel, the temperature is less than 0.003.
    """

    reads = frozenset({'embedding', 'label_map'})
    relates_images = True

    def __init__(self, temperature: float = 0.1, max_per_class: int | None = 64, max_pixels: int | None = 1024,
                 memory: dict | None = None, precision: str = 'float32', weight: float = 1.0,
                 scales: Sequence[int] = (1,)):
        super().__init__(weight)
        if not scales or min(scales) < 1 or len(set(scales)) < len(scales):
            raise ValueError(f'ContrastiveLoss: scales={tuple(scales)}, expected sides of windows from 1 on, each '
                             'once, such as (1, 2, 4).')
        for name, bound in dict(max_per_class=max_per_class, max_pixels=max_pixels).items():
            if bound is not None and bound < 2:
                raise ValueError(f'ContrastiveLoss: {name}={bound}, expected 2 or more: a single pixel has no other '
                                 'one to be close to.')
        if max_pixels is None and max_per_class is not None:
            raise ValueError(f'ContrastiveLoss: max_pixels=None takes every pixel, but max_per_class={max_per_class} '
                             'leaves some out; set max_per_class=None too, or give max_pixels a number.')
        if precision not in PRECISIONS:
            raise ValueError(f'ContrastiveLoss: precision={precision!r}, expected one of {", ".join(PRECISIONS)}.')
        if precision != 'float32' and max_pixels is not None:
            raise ValueError(f'ContrastiveLoss: precision={precision!r} is for every pixel, but max_pixels='
                             f'{max_pixels}; set max_pixels=None and max_per_class=None, or leave precision out.')
        if strangers := set(memory or {}) - MEMORY_OPTIONS:
            raise ValueError(f'ContrastiveLoss: memory has no {", ".join(sorted(strangers))}; it takes '
                             f'{", ".join(sorted(MEMORY_OPTIONS))}.')
        self.temperature, self.max_per_class, self.max_pixels = temperature, max_per_class, max_pixels
        self.memory_options, self.precision, self.scales = memory, precision, tuple(scales)
        self.memory: PixelMemory | None = None
        self.channels = 0  # of the embeddings; 0 where the head does not say how many

    @property
    def protocol(self) -> str:  # type: ignore[override]  # nobody sets it
        """Which pixels it compares, in words for logs and result files."""
        of_class = '' if self.max_per_class is None else f', {self.max_per_class} a class and rank'
        pixels = 'every pixel' if self.max_pixels is None else (
            f'at most {self.max_pixels} pixels{of_class}, drawn anew at every step')
        with_memory = '' if self.memory is None else f' and with {self.memory.protocol}'
        at_scales = '' if self.scales == (1,) else f' at scales {", ".join(map(str, self.scales))}'
        reduced = '' if self.precision == 'float32' else '; products in TF32 on a GPU'
        return f'{pixels}{at_scales}, with each other{with_memory}{reduced}'

    @property
    def waits_for(self) -> str | None:  # type: ignore[override]  # nobody sets it
        """The sizes of the classes, where it compares every pixel in tiles."""
        if self.max_pixels is not None:
            return None
        if self.precision == 'float32':
            return 'the number of pixels of each class'
        # who asks is on a GPU, as graphs are for GPUs
        why = why_no_kernels(torch.device('cuda', torch.cuda.current_device()), self.channels, self.temperature) if (
            torch.cuda.is_available()) else ''
        return f'the number of pixels of each class, as it takes tiles: {why}' if why else None

    def check(self, parts: Parts) -> None:
        """Raise ValueError where the memory cannot know how long embeddings are."""
        head = parts.generator.head
        if self.memory_options is not None and head.embedding_channels is None:
            raise ValueError(f'ContrastiveLoss keeps embeddings in memory, but {type(head).__name__} does not say how '
                             'long they are: give it the attribute embedding_channels, or set memory=None.')

    def attach(self, parts: Parts) -> None:
        """Make the memory for the model's classes and embeddings."""
        self.channels = parts.generator.head.embedding_channels or 0
        if self.memory_options is not None:
            self.memory = PixelMemory(parts.num_classes, self.channels, **self.memory_options)

    def for_generator(self, step: Step) -> Tensor:
        """The mean over the anchors."""
        maps = [_at_scale(step.outputs['embedding'], step.layout.label, scale) for scale in self.scales]
        pixels, classes = step.drawn('anchors', lambda: self._draw(maps, step.layout))
        drawn, classes = gather_ranks(_pick([embedding for embedding, _ in maps], pixels), classes)
        function = contrastive_loss if self.max_pixels is not None else (
            partial(tiled_contrastive, precision=self.precision))
        if self.memory is None:
            return function(drawn, classes, self.temperature)
        loss = function(drawn, classes, self.temperature, *self.memory.entries())
        self.memory.store(drawn, classes)
        return loss

    def _draw(self, maps: Sequence[tuple[Tensor, Tensor]], layout: Layout) -> tuple[Tensor, Tensor]:
        """This rank's anchors, as ``sample_pixels`` returns them, of the pixels of all scales in a row."""
        labels = torch.cat([label.flatten() for _, label in maps])
        if self.memory is None:
            chances = None if len(maps) == 1 else torch.cat([label.new_ones(
                label.numel(), dtype=torch.float32) / label.numel() for _, label in maps])
        else:
            chances = torch.cat([self.memory.chances(embedding, label).flatten() * (labels.numel() / label.numel())
                                 for embedding, label in maps])
        every = labels.numel()
        most = every if self.max_pixels is None else math.ceil(self.max_pixels / get_world_size())
        return sample_pixels(labels, layout.num_classes, layout.unknown, self.max_per_class or every, most, chances)


def _at_scale(embedding: Tensor, label: Tensor, scale: int) -> tuple[Tensor, Tensor]:
    """The embedding averaged over windows, and the label map at its size, by the pixels in the windows' middle."""
    if scale > 1:
        size = [math.ceil(side / scale) for side in embedding.shape[2:]]
        wide = embedding.to(torch.promote_types(embedding.dtype, torch.float32))
        embedding = F.interpolate(wide, size, mode='area')
    if label.shape[1:] != embedding.shape[2:]:
        label = F.interpolate(label.unsqueeze(1).float(), embedding.shape[2:], mode='nearest-exact').squeeze(1).long()
    return embedding, label


def _pick(maps: Sequence[Tensor], pixels: Tensor) -> Tensor:
    """``(S, D)`` of the pixels of several maps ``(B, D, h, w)`` in a row, without a copy of the maps."""
    picked, start = None, 0
    for each in maps:
        area = each[0, 0].numel()
        count = len(each) * area
        place = pixels if len(maps) == 1 else (pixels - start) % count  # of another map's pixels it is any place
        values = each.flatten(2)[place // area, :, place % area]
        picked = values if picked is None else torch.where((pixels < start).unsqueeze(1), picked, values)
        start += count
    return cast(Tensor, picked)
