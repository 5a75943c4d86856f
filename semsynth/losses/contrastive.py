"""ECGAN's pixel-wise contrastive loss (eq. 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from semsynth.losses.base import Loss, full_precision
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.models.step import Step

NO_CLASS = -1


def sample_pixels(label: Tensor, num_classes: int, unknown: int | None, max_per_class: int, max_pixels: int,
                  generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw as many random pixels of every class as there are, within two bounds; no class before another.

    Args:
        label: any shape, ``0..num_classes-1``, on the generator's device.
        num_classes: number of classes, the unknown one included.
        unknown: the class that is never drawn, or None.
        max_per_class: most pixels of one class.
        max_pixels: most pixels in all; where it bounds, every class gives the same number, or all that it has.
        generator: source of randomness.

    Returns:
        Indices into the flattened label and the class of each, ``(S,)`` long, where S depends on the sizes alone (so
        that no device waits for a count): places that no pixel fills have class -1.
    """
    label = label.flatten()
    shuffled = torch.randperm(len(label), generator=generator, device=label.device)
    by_class, order = label[shuffled].sort(stable=True)
    rank = torch.arange(len(label), device=label.device) - torch.searchsorted(by_class, by_class)
    eligible = rank < max_per_class
    if unknown is not None:
        eligible &= by_class != unknown
    # First the first pixel of every class, then the second of every class, ...: ranks go before classes.
    turn = torch.where(eligible, rank * num_classes + by_class, len(label) * num_classes)
    places = min(len(label), max_pixels, max_per_class * num_classes)
    chosen = turn.topk(places, largest=False).indices
    return shuffled[order[chosen]], torch.where(eligible[chosen], by_class[chosen], NO_CLASS)


@full_precision
def contrastive(embeddings: Tensor, classes: Tensor, temperature: float) -> Tensor:
    """Pull pixels of one class together and push those of different classes apart (ECGAN, eq. 5).

    Every pixel is an anchor; its positives P are the other pixels of its class, its negatives N those of the others:
    ``1/|P| sum_{+ in P} -log(exp(i.+ / t) / (exp(i.+ / t) + sum_{- in N} exp(i.- / t)))``.

    Args:
        embeddings: ``(S, D)``; L2-normalised here.
        classes: ``(S,)`` long; -1 leaves a pixel out.
        temperature: t.

    Returns:
        A scalar, at least float32: the mean over the anchors that have a positive; 0 where there is none.
    """
    unit = F.normalize(embeddings, eps=1e-6)
    likeness = unit @ unit.mT / temperature
    known = classes != NO_CLASS
    paired = known.unsqueeze(0) & known.unsqueeze(1)
    alike = classes.unsqueeze(0) == classes.unsqueeze(1)
    positive = (paired & alike).fill_diagonal_(False)
    # Not -inf: an anchor without negatives would get a gradient of NaN.
    far = torch.finfo(likeness.dtype).min / 2
    negatives = likeness.masked_fill(~paired | alike, far).logsumexp(1, keepdim=True)
    terms = F.softplus(negatives - likeness).masked_fill(~positive, 0)
    positives = positive.sum(1)
    return (terms.sum(1) / positives.clamp(min=1)).sum() / (positives > 0).sum().clamp(min=1)


@LOSSES.register_module()
class ContrastiveLoss(Loss):
    """Eq. 5 of ECGAN on the output ``'embedding'``, ``(B, D, h, w)``, with pixels drawn from the whole batch.

    The label map is brought to the embedding's size by the nearest pixel. The draw depends on the seed and the step's
    number alone. Pixels of the unknown class are left out, and a class with one pixel drawn has negatives' part only.

    Args:
        temperature: divisor of the cosine similarities.
        max_per_class: most pixels drawn of one class.
        max_pixels: most pixels drawn in all; time and memory grow with its square.
        seed: of the draw.
        weight: factor of the whole term.

    Raises:
        ValueError: the temperature is not positive, or a bound is less than 2.
    """

    sums_over_views = False
    reads_label_map = True
    reads = ('embedding',)

    def __init__(self, temperature: float = 0.1, max_per_class: int = 64, max_pixels: int = 1024, seed: int = 0,
                 weight: float = 1.0):
        super().__init__(weight)
        if temperature <= 0:
            raise ValueError(f'ContrastiveLoss: temperature={temperature}, expected more than 0.')
        for name, bound in dict(max_per_class=max_per_class, max_pixels=max_pixels).items():
            if bound < 2:
                raise ValueError(f'ContrastiveLoss: {name}={bound}, expected 2 or more: a single pixel has no other '
                                 'one to be close to.')
        self.temperature, self.max_per_class, self.max_pixels = temperature, max_per_class, max_pixels
        self.seed = seed

    def for_generator(self, step: Step) -> Tensor:
        """The mean over the anchors."""
        embedding, label = step.outputs['embedding'], step.layout.label
        if label.shape[1:] != embedding.shape[2:]:
            label = F.interpolate(label.unsqueeze(1).float(), embedding.shape[2:], mode='nearest-exact')
            label = label.squeeze(1).long()
        generator = torch.Generator(label.device).manual_seed(self.seed * 1_000_003 + step.iteration)
        pixels, classes = sample_pixels(label, step.layout.num_classes, step.layout.unknown, self.max_per_class,
                                        self.max_pixels, generator)
        area = label[0].numel()
        return contrastive(embedding.flatten(2)[pixels // area, :, pixels % area], classes, self.temperature)
