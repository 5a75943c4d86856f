"""A training step as the papers' code computes it, with which ``Synthesizer.train_step`` is compared."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import chain

from torch import Tensor, no_grad

from semsynth.discriminators.base import Verdict
from semsynth.losses import Step
from semsynth.losses.base import total
from semsynth.losses.step import Verdicts
from semsynth.models import Synthesizer
from semsynth.registry import MODELS


@MODELS.register_module()
class PlainSynthesizer(Synthesizer):
    """A ``Synthesizer``, with the same losses on the same modules, whose step shares nothing between views nor freezes.

    The discriminator runs three times for each view: on its image, on that image detached, and on the real one. VGG and
    the label generator run for each view alone, VGG on its real image, too. The generator's backward pass makes
    gradients of the discriminator's weights, which are then thrown away. Spectral norm iterates at every forward pass.
    Both players' losses are there before either is updated (pix2pixHD), unless ``reuse_outputs=False``: then the
    discriminator judges outputs made anew, and the real images once more (SPADE).

    For measurements on one device in float32: no autocast, no accumulation.
    """

    def train_step(self, data: dict, optim_wrapper) -> dict[str, Tensor]:
        """As of ``Synthesizer``."""
        batch = self.data_preprocessor(data, training=True)
        layout, real = batch['layout'], batch['real']
        step = self.synthesize(layout, real)
        alone = _views(step)
        losses = self._losses_alone('generator', step, alone)
        if self.discriminator is None:
            optim_wrapper['generator'].update_params(sum(losses.values()))
            return _detach(losses)
        if self.reuse_outputs:
            detached = {view: each.detach() for view, each in alone.items()}
            for view, each in detached.items():
                each.real_verdicts = alone[view].real_verdicts
            step, alone = step.detach(), detached
            its_losses = self._losses_alone('discriminator', step, alone)
            optim_wrapper['generator'].update_params(sum(losses.values()))
        else:
            optim_wrapper['generator'].update_params(sum(losses.values()))
            with no_grad():
                step = self.synthesize(layout, real).detach()
            alone = _views(step)
            its_losses = self._losses_alone('discriminator', step, alone)
        optim_wrapper['discriminator'].zero_grad()
        optim_wrapper['discriminator'].update_params(sum(its_losses.values()))
        return _detach(losses | its_losses | self._parts_alone(alone))

    def _losses_alone(self, player: str, step: Step, alone: dict[str, Step]) -> dict[str, Tensor]:
        """As ``compute_losses``, view by view."""
        losses = {}
        for name, loss in self.losses.items():
            if player in loss.trains:
                steps = [alone[view] for view in loss.weights(self.views)] if loss.has_views else [step]
                losses[f'{player}/{name}'] = loss.weight * sum(getattr(loss, f'for_{player}')(each) for each in steps)
        return losses

    def _parts_alone(self, alone: dict[str, Step]) -> dict[str, Tensor]:
        """As ``discriminator_parts``, view by view."""
        by_view = [self.discriminator_parts(alone[view]) for view in alone]
        return {name: total(parts[name] for parts in by_view if name in parts)
                for name in dict.fromkeys(chain(*by_view))}


def _views(step: Step) -> dict[str, Step]:
    """For each view the same step with that view alone; the real image's features are those of its whole verdict."""
    views = {name: replace(step, views={name: view}, at_once=False) for name, view in step.views.items()}
    for each in views.values():
        each.real_features = Verdicts(partial(_features, each), each.real, ())
    return views


def _features(step: Step, images: dict[str, Tensor]) -> dict[str, Verdict]:
    return {name: [scale[:-1] for scale in step.real_verdicts[name]] for name in images}


def _detach(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: loss.detach() for name, loss in losses.items()}
