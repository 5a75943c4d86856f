"""Discriminator feature matching (pix2pixHD, eq. 4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from semsynth.errors import check_option
from semsynth.losses.base import Loss
from semsynth.ops.absolute import weighted_l1
from semsynth.registry import LOSSES

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Verdict

NORMALISATIONS = {
    'paper': lambda scales, layers, maps: 1.0,
    'spade': lambda scales, layers, maps: 1.0 / scales,
    'pix2pixhd': lambda scales, layers, maps: 4.0 / (scales * layers),
    'ccfpse': lambda scales, layers, maps: 1.0 / maps,
}


def feature_matching_loss(fake: Verdict, real: Verdict, normalise: str = 'paper', first: int = 1) -> Tensor:
    """L1 between the discriminator's features of a synthesised and of a real image (pix2pixHD, eq. 4).

    Args:
        fake: a list of feature maps ``(B, C, H, W)`` per scale; the last of each list, the logits, is not compared.
        real: the same of the real image; no gradient flows to it.
        normalise: factor of each scale's sum over its layers: ``'paper'`` 1; ``'spade'`` 1/scales; ``'pix2pixhd'``
            1/scales * 4/layers, where ``layers`` is the number of a scale's maps compared (its n_layers_D + 1);
            ``'ccfpse'`` 1/maps, of all scales: their mean.
        first: the first layer of each scale that is compared, counted from 1.

    Returns:
        A scalar, at least float32.

    Examples:
        >>> import torch
        >>> from semsynth.losses import feature_matching_loss
        >>> fake = [[torch.ones(1, 4, 8, 8), torch.zeros(1, 1, 8, 8)]]  # one scale: a feature map, the logits
        >>> feature_matching_loss(fake, [[torch.zeros(1, 4, 8, 8), torch.ones(1, 1, 8, 8)]]).item()
        1.0
    """
    fake, real = _from(fake, first), _from(real, first)
    return weighted_l1(_maps(fake), _maps(real), _factors(fake, normalise))


@LOSSES.register_module()
class FeatureMatchingLoss(Loss):
    """The discriminator's features of each view are to be those of the real image, summed over the views.

    Args:
        normalise: ``'pix2pixhd'``, ``'spade'``, ``'ccfpse'`` or ``'paper'``, see ``feature_matching_loss``.
        weight: factor of the whole term (pix2pixHD, SPADE and ECGAN: 10; CC-FPSE's script: 20).
        views: weight of each view that it is for; by default the model's views with their weights.
        first: the first layer of each scale that is compared, counted from 1 (INADE: 3).

    Raises:
        ValueError: the normalisation is none of these, or ``first`` is less than 1; in a step, no layer is left.
    """

    reads = frozenset({'features'})

    def __init__(self, normalise: str = 'paper', weight: float = 1.0, views: dict[str, float] | None = None,
                 first: int = 1):
        super().__init__(weight, views)
        check_option('FeatureMatchingLoss', 'normalise', normalise, NORMALISATIONS)
        if first < 1:
            raise ValueError(f'FeatureMatchingLoss: first={first}, but layers are counted from 1.')
        self.normalise, self.first = normalise, first

    def for_generator(self, step: Step) -> Tensor:
        """The sum over the views."""
        outputs, targets, weights = [], [], []
        for view, real, weight in self.over_views(step):
            fake = _from(step.fake_verdicts[view], self.first)
            outputs += _maps(fake)
            targets += [level for scale in step.real_features[real] for level in scale[self.first - 1:]]
            weights += [weight * factor for factor in _factors(fake, self.normalise)]
        return weighted_l1(outputs, targets, weights)


def _from(verdict: Verdict, first: int) -> Verdict:
    """The verdict without the layers before one of them."""
    if first == 1:
        return verdict
    if any(len(scale) <= first for scale in verdict):
        raise ValueError(f'FeatureMatchingLoss: first={first}, but the discriminator has '
                         f'{min(map(len, verdict)) - 1} layers whose features are compared; take a smaller one.')
    return [scale[first - 1:] for scale in verdict]


def _maps(verdict: Verdict) -> list[Tensor]:
    """The feature maps of all scales."""
    return [features for scale in verdict for features in scale[:-1]]


def _factors(verdict: Verdict, normalise: str) -> list[float]:
    """The factor of each of them."""
    factor, maps = NORMALISATIONS[normalise], len(_maps(verdict))
    return [factor(len(verdict), len(scale) - 1, maps) for scale in verdict for _ in scale[:-1]]
