"""Pixel embeddings of past steps, so that a contrast reaches beyond its batch (ECGAN, 3.3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.arguments import check_arguments
from semsynth.losses.pixel_sampling import NO_PIXEL


@check_arguments
class PixelMemory(nn.Module):
    """The last few embeddings of every class, L2-normalised: a ring for each, in which the oldest make room.

    Its buffers are in checkpoints, so that a resumed run goes on with the same memory. It takes
    ``num_classes * per_class * channels`` floats: 3.0 MB for 183 classes of 64 embeddings with 64 channels.

    Args:
        num_classes: number of classes K.
        channels: length D of an embedding.
        per_class: embeddings P kept of each class.
        per_step: most of a class that enter in one step: with a quarter of it, say, a class's ring holds pixels of at
            least four steps.
        hardness: how much sooner a pixel is drawn that is unlike its class: with similarity s to the mean of its class
            its chance is in proportion to ``exp(-hardness * s)``; 0 makes all alike.

    Raises:
        ValueError: a number is out of bounds.
    """

    embeddings: Tensor
    seen: Tensor

    def __init__(self, num_classes: int, channels: int, per_class: int = 64, per_step: int = 4, hardness: float = 2.0):
        super().__init__()
        if per_step > per_class:
            raise ValueError(f'PixelMemory: per_step={per_step}, expected 1 to per_class={per_class}; give it both.')
        self.per_class, self.per_step, self.hardness = per_class, per_step, hardness
        self.register_buffer('embeddings', torch.zeros(num_classes, per_class, channels))
        self.register_buffer('seen', torch.zeros(num_classes, dtype=torch.long))

    @property
    def protocol(self) -> str:
        """What it keeps, in words for logs and result files."""
        return f'{self.per_class} past ones a class (per_step={self.per_step}, hardness={self.hardness:g})'

    def entries(self) -> tuple[Tensor, Tensor]:
        """All places: embeddings ``(K * P, D)`` float32, and the class of each, ``(K * P,)`` long, -1 where empty.

        They are copies, which a step's backward pass may read after ``store``.
        """
        # not by how many were seen: where a run goes on with longer rings, that number is carried over and they are not
        filled = self.embeddings.any(-1)
        classes = torch.arange(len(self.seen), device=self.seen.device).unsqueeze(1)
        return self.embeddings.flatten(0, 1).clone(), torch.where(filled, classes, NO_PIXEL).flatten()

    @torch.no_grad()
    def chances(self, embedding: Tensor, label: Tensor) -> Tensor:
        """How likely each pixel should be drawn among those of its class: hard ones more than easy ones.

        Args:
            embedding: ``(B, D, H, W)``.
            label: ``(B, H, W)``, ``0..K-1``.

        Returns:
            ``(B, H, W)`` float32, positive; the same for all pixels of a class that the memory does not know yet.
        """
        embedding, means = embedding.float(), F.normalize(self.embeddings.sum(1), eps=1e-6)
        # F.cosine_similarity makes two more copies of the embedding
        similarity = (embedding * means[label].movedim(-1, 1)).sum(1) / embedding.norm(dim=1).clamp(min=1e-6)
        return (-self.hardness * similarity).exp()

    @torch.no_grad()
    def store(self, embeddings: Tensor, classes: Tensor) -> None:
        """Take in the first ``per_step`` of each class.

        Args:
            embeddings: ``(S, D)``.
            classes: ``(S,)`` long; -1 leaves one out.
        """
        by_class, order = classes.sort(stable=True)
        every, turn = (torch.arange(count, device=classes.device) for count in (len(self.seen), self.per_step))
        begin, end = (torch.searchsorted(by_class, every, right=right).unsqueeze(1) for right in (False, True))
        entering = begin + turn < end
        source = order[(begin + turn).clamp(max=len(order) - 1)]
        new = F.normalize(embeddings[source].float(), dim=-1, eps=1e-6)
        places = ((self.seen.unsqueeze(1) + turn) % self.per_class).unsqueeze(-1).expand_as(new)
        new = torch.where(entering.unsqueeze(-1), new, self.embeddings.gather(1, places))
        self.embeddings.scatter_(1, places, new)  # in place, as a CUDA graph must find them
        self.seen.add_(entering.sum(1))
