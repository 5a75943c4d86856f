"""Step: what the losses of one training step may read, each value computed once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from semsynth.discriminators.base import Verdict
from semsynth.layout import Layout

if TYPE_CHECKING:
    from semsynth.models.synthesizer import Synthesizer


class Verdicts(dict[str, Verdict]):
    """Verdicts by the name of a view or of a real image, each given when it is first read.

    Args:
        judge: as of :class:`Step`.
        images: what may be judged, by name.
        together: names of those that losses are known to read: the first that is read has all of these judged, as one
            batch. Any other one is judged alone.
    """

    def __init__(self, judge: Callable[[dict[str, Tensor]], dict[str, Verdict]], images: Mapping[str, Tensor],
                 together: Iterable[str]):
        super().__init__()
        self.judge, self.images, self.together = judge, images, tuple(together)

    def __missing__(self, name: str) -> Verdict:
        names = self.together if name in self.together else (name,)
        self.update(self.judge({name: self.images[name] for name in names}))
        return self[name]


class Step:
    """What the losses of one training step may read; each value is computed when first read, and kept.

    Args:
        model: gives the discriminator, the label generator and the views.
        layout: what the outputs were synthesised from.
        real: the real images by name, ``(B, 3, H, W)`` in ``[-1, 1]``.
        outputs: the generator's outputs by name.
        iteration: number of the training step, from 0.
        player: whose turn it is, ``'generator'`` or ``'discriminator'``.
    """

    def __init__(self, model: Synthesizer, layout: Layout, real: dict[str, Tensor], outputs: dict[str, Tensor],
                 iteration: int = 0, player: str = 'generator'):
        self.model, self.layout, self.real, self.outputs = model, layout, real, outputs
        self.iteration, self.player = iteration, player
        self.views = model.views
        self._kept: dict[Hashable, Any] = {}

    def detach(self) -> Step:
        """The same step for the discriminator's turn: no graph behind it, no verdict kept."""
        outputs = {name: output.detach() for name, output in self.outputs.items()}
        return Step(self.model, self.layout.detach(), self.real, outputs, self.iteration, 'discriminator')

    @cached_property
    def fake_verdicts(self) -> dict[str, Verdict]:
        """The discriminator's verdict on each view that a loss reads it on in this turn, judged as one batch."""
        judged = self.model.judged_views[self.player]
        return Verdicts(self.judge, self.outputs, [view for view in judged if view in self.views])

    @cached_property
    def real_verdicts(self) -> dict[str, Verdict]:
        """The same on the real images that such views imitate: each once, however many views do."""
        compared = self.model.compared_views[self.player]
        return Verdicts(self.judge, self.real, dict.fromkeys(
            self.views[view].real for view in compared if view in self.views))

    def judge(self, images: dict[str, Tensor]) -> dict[str, Verdict]:
        """The discriminator's verdict on any images of this layout, judged as one batch.

        Args:
            images: ``(B, 3, H, W)`` in ``[-1, 1]`` each, by the name of a view or of a real image: where each kind of
                real image has a discriminator of its own, the name tells which one judges.
        """
        kinds = [self.views[name].real if name in self.views else name for name in images]
        layout, batch = self.layout.repeat(len(images)), torch.cat(list(images.values()))
        return dict(zip(images, self.model.discriminator(layout, batch, kinds), strict=True))

    @cached_property
    def target(self) -> Tensor:
        """The label map in the label generator's classes, ``(B, H, W)`` long, 255 where it has none."""
        return self.model.segmentor.to_classes(self.layout.label)

    @cached_property
    def probabilities(self) -> dict[str, Tensor]:
        """The label generator's probabilities by view, ``(B, N, H, W)``; gradient flows to the image."""
        return {view: probabilities for view, (probabilities, _) in self._labelled.items()}

    @cached_property
    def label_features(self) -> dict[str, list[Tensor]]:
        """The label generator's backbone features by view, ``(B, C_i, H_i, W_i)`` each; gradient flows to the image."""
        return {view: features for view, (_, features) in self._labelled.items()}

    @cached_property
    def _labelled(self) -> dict[str, tuple[Tensor, list[Tensor]]]:
        """What the label generator says of all views that some loss wants labelled, as one batch."""
        views = [view for view in self.model.labelled_views if view in self.views]
        probabilities, features = self.model.segmentor.segment(torch.cat([self.outputs[view] for view in views]))
        parts = zip(*(level.chunk(len(views)) for level in (probabilities, *features)), strict=True)
        return {view: (first, rest) for view, (first, *rest) in zip(views, parts, strict=True)}

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What several losses share, such as a frozen net's features of a real image: computed at the first call."""
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]
