"""Training as the papers' code does it: what :meth:`Synthesizer.train_step` is measured against."""

from __future__ import annotations

from itertools import chain

from torch import Tensor, no_grad

from semsynth.models import Step, Synthesizer
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
        paid = self._charge_alone('generator', step, alone)
        if self.discriminator is None:
            optim_wrapper['generator'].update_params(sum(paid.values()))
            return _detach(paid)
        if self.reuse_outputs:
            detached = {view: each.detach() for view, each in alone.items()}
            for view, each in detached.items():
                each.views, each.real_verdicts = alone[view].views, alone[view].real_verdicts
            step, alone = step.detach(), detached
            owed = self._charge_alone('discriminator', step, alone)
            optim_wrapper['generator'].update_params(sum(paid.values()))
        else:
            optim_wrapper['generator'].update_params(sum(paid.values()))
            with no_grad():
                step = self.synthesize(layout, real).detach()
            alone = _views(step)
            owed = self._charge_alone('discriminator', step, alone)
        optim_wrapper['discriminator'].zero_grad()
        optim_wrapper['discriminator'].update_params(sum(owed.values()))
        return _detach(paid | owed | self._parts_alone(alone))

    def _charge_alone(self, player: str, step: Step, alone: dict[str, Step]) -> dict[str, Tensor]:
        """Every term's weighted share, view by view."""
        shares = {}
        for name, term in self.losses.items():
            steps = [alone[view] for view in term.weights(self.views)] if term.sums_over_views else [step]
            parts = [part for part in (getattr(term, f'for_{player}')(each) for each in steps) if part is not None]
            if parts:
                shares[f'{player}/{name}'] = term.weight * sum(parts)
        return shares

    def _parts_alone(self, alone: dict[str, Step]) -> dict[str, Tensor]:
        """As of ``Synthesizer``, view by view."""
        by_view = [self.parts(alone[view]) for view in alone]
        return {name: sum(parts[name] for parts in by_view if name in parts) for name in dict.fromkeys(chain(*by_view))}


def _views(step: Step) -> dict[str, Step]:
    """For each view the same step with that view alone."""
    alone = {name: Step(step.model, step.layout, step.real, step.outputs, step.iteration, step.player)
             for name in step.views}
    for name, each in alone.items():
        each.views = {name: step.views[name]}
    return alone


def _detach(shares: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: share.detach() for name, share in shares.items()}
