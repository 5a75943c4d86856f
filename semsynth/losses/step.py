"""Step: what the losses of one training step may read, each value computed once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor

from semsynth.layers.batches import join, part
from semsynth.layout import Layout
from semsynth.losses.base import JUDGED, LABELLED

if TYPE_CHECKING:
    from semsynth.losses.base import Loss
    from semsynth.parts import Discriminator, Segmentor, Verdict, View


class Verdicts(dict[str, 'Verdict']):
    """Verdicts by the name of a view or of a real image, each given when it is first read.

    Args:
        judge: as of ``Step``.
        images: what may be judged, by name.
        together: names of those that losses are known to read: the first that is read has all of these judged, as one
            batch. Any other one is judged alone.
        judge_all: gives the verdicts on these in place of ``judge``, where others are in the same batch.
    """

    def __init__(self, judge: Callable[[dict[str, Tensor]], dict[str, Verdict]], images: Mapping[str, Tensor],
                 together: Iterable[str], judge_all: Callable[[], None] | None = None):
        super().__init__()
        self.judge, self.images, self.together, self.judge_all = judge, images, tuple(together), judge_all

    def __missing__(self, name: str) -> Verdict:
        if name in self.together and self.judge_all is not None:
            self.judge_all()
        else:
            names = self.together if name in self.together else (name,)
            self.update(self.judge({name: self.images[name] for name in names}))
        return self[name]


@dataclass(repr=False, eq=False)
class Step:
    """What the losses of one training step may read; each value is computed when first read, and kept.

    Args:
        layout: what the outputs were synthesised from.
        real: the real images by name, ``(B, 3, H, W)`` in ``[-1, 1]``.
        outputs: the generator's outputs by name.
        views: the outputs that are judged, by name.
        discriminator: judges views and real images; None where no loss reads verdicts.
        segmentor: the label generator; None where no loss reads probabilities.
        losses: the terms that read the step: what they read of a network on several views is computed as one batch.
            None where they are not known: then all views are taken together.
        iteration: number of the training step, from 0.
        player: whose turn it is, ``'generator'`` or ``'discriminator'``.
        draws: random values to use in place of those that losses draw, by the name that each loss documents.
        at_once: whether the discriminator's turn judges synthesised and real images as one batch.
        generator: synthesises further outputs, as of other latents; None where no loss reads these.

    Attributes:
        logged: scalars that the discriminator gives to the log in its turn, by name.
    """

    layout: Layout
    real: dict[str, Tensor]
    outputs: dict[str, Tensor]
    views: Mapping[str, View]
    discriminator: Discriminator | None = None
    segmentor: Segmentor | None = None
    losses: Collection[Loss] | None = None
    iteration: int = 0
    player: str = 'generator'
    draws: dict[str, Any] = field(default_factory=dict)
    at_once: bool = False
    generator: Callable[[Layout], dict[str, Tensor]] | None = None
    logged: dict[str, Tensor] = field(default_factory=dict, init=False)
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False)

    def detach(self) -> Step:
        """The same step for the discriminator's turn: no graph behind it, no verdict kept."""
        outputs = {name: output.detach() for name, output in self.outputs.items()}
        return replace(self, layout=self.layout.detach(), outputs=outputs, player='discriminator')

    def release(self) -> None:
        """Let go of the verdicts: they refer to the step, and it to them, and Python would keep both, with the graph
        behind them, until it next looks for such circles."""
        for name in ('fake_verdicts', 'real_verdicts', 'real_features'):
            self.__dict__.pop(name, None)

    @cached_property
    def fake_verdicts(self) -> Verdicts:
        """The discriminator's verdict on each view that a loss reads it on in this turn, judged as one batch."""
        return Verdicts(self.judge, self.outputs, self._read_on(JUDGED), self._judge_all)

    @cached_property
    def real_verdicts(self) -> Verdicts:
        """The same on the real images that such views imitate: each once, however many views do.

        Losses that read only ``real_features`` of them are spared the logits in the generator's turn.
        """
        words = JUDGED if self.player == 'discriminator' else {'features'}
        return Verdicts(self._judge_real, self.real, self._reals(words), self._judge_all)

    @cached_property
    def real_features(self) -> Verdicts:
        """The discriminator's feature maps of the real images: ``real_verdicts`` without logits."""
        if self.player == 'discriminator':
            return Verdicts(self._without_logits, self.real, ())
        return Verdicts(partial(self._judge_real, logits=False), self.real, self._reals({'features'}))

    def judge(self, images: dict[str, Tensor]) -> dict[str, Verdict]:
        """The discriminator's verdict on any images of this layout, judged as one batch.

        Args:
            images: ``(B, 3, H, W)`` in ``[-1, 1]`` each, by the name of a view or of a real image, which tells who is
                to judge it where each kind of real image has a discriminator of its own.
        """
        return dict(zip(images, self._verdicts(list(images), list(images.values())), strict=True))

    def _judge_real(self, images: dict[str, Tensor], logits: bool = True) -> dict[str, Verdict]:
        verdicts = self._verdicts(list(images), list(images.values()), len(images), logits)
        return dict(zip(images, verdicts, strict=True))

    def _without_logits(self, images: dict[str, Tensor]) -> dict[str, Verdict]:
        return {name: [scale[:-1] for scale in self.real_verdicts[name]] for name in images}

    def _reals(self, words: Set[str]) -> list[str]:
        """Names of the real images whose imitations a loss of this turn reads one of these on."""
        return list(dict.fromkeys(self.views[view].real for view in self._read_on(words)))

    def synthesize(self, layout: Layout) -> dict[str, Tensor]:
        """The generator's outputs for another layout, such as this one with another latent; gradients add up."""
        return cast('Callable[[Layout], dict[str, Tensor]]', self.generator)(layout)

    @property
    def _judge_all(self) -> Callable[[], None] | None:
        """What judges all that losses read in the discriminator's turn as one batch; None where it may not."""
        return self._judge_both if self.at_once and self.player == 'discriminator' else None

    def _judge_both(self) -> None:
        fakes, reals = self.fake_verdicts, self.real_verdicts
        images = [self.outputs[name] for name in fakes.together] + [self.real[name] for name in reals.together]
        verdicts = self._verdicts([*fakes.together, *reals.together], images, len(reals.together))
        fakes.update(zip(fakes.together, verdicts, strict=False))
        reals.update(zip(reals.together, verdicts[len(fakes.together):], strict=True))

    def _verdicts(self, names: list[str], images: list[Tensor], real: int = 0, logits: bool = True) -> list[Verdict]:
        """The verdicts on images, of which the last ``real`` are real ones."""
        kinds = [self.views[name].real if name in self.views else name for name in names]
        are_real = [place >= len(names) - real for place in range(len(names))]
        return cast('Discriminator', self.discriminator)(
            self.layout.repeat(len(images)), join(images), kinds, self, are_real, logits)

    @cached_property
    def target(self) -> Tensor:
        """The label map in the label generator's classes, ``(B, H, W)`` long, 255 where it has none."""
        return cast('Segmentor', self.segmentor).to_classes(self.layout.label)

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
        """What the label generator says of all views that a loss reads it on, as one batch."""
        views = self._read_on(LABELLED)
        images = join([self.outputs[view] for view in views])
        probabilities, features = cast('Segmentor', self.segmentor).segment(images)
        parts = zip(*(part(level, len(views)) for level in (probabilities, *features)), strict=True)
        return {view: (first, rest) for view, (first, *rest) in zip(views, parts, strict=True)}

    def _read_on(self, words: Set[str]) -> list[str]:
        """Names of the views on which a loss of this turn reads one of these (words of ``Loss.reads``)."""
        if self.losses is None:
            return list(self.views)
        read = {view for loss in self.losses if self.player in loss.trains and loss.reads & words
                for view in loss.weights(self.views)}
        return [view for view in self.views if view in read]

    def once(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """What several losses share, such as a frozen net's features of a real image: computed at the first call."""
        if key not in self._kept:
            self._kept[key] = compute()
        return self._kept[key]

    def drawn(self, name: str, draw: Callable[[], Any]) -> Any:
        """The random value that was handed in under this name, or else what ``draw`` gives."""
        return self.draws[name] if name in self.draws else draw()
