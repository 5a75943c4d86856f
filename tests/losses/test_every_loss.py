"""What holds for every loss of the library, on the smallest parts that it could read."""

from functools import cache

import pytest
import torch
from torch import nn

from semsynth.discriminators import Discriminator
from semsynth.heads.base import View
from semsynth.layout import Layout
from semsynth.losses import Step
from semsynth.losses.base import JUDGED, LABELLED, WORDS
from semsynth.registry import LOSSES

CLASSES, SHAPE = 3, (2, 3, 16, 16)
SHAPES = dict(class_scores=(2, CLASSES, CLASSES))
"""Of outputs that are no maps."""
VIEWS = dict(edge=View('edge'), coarse=View(), image=View(weight=2.0))
NAMES = sorted(name for name, kind in LOSSES.module_dict.items() if kind.__module__.startswith('semsynth.losses.'))


class Judge(Discriminator):
    def __init__(self, channels):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, channels, 1)

    def judge(self, layout, image):
        features = self.first(image)
        return [[features, self.last(features.tanh())]]


class Labels:
    def segment(self, images):
        return images.softmax(1), self.features(images)

    def features(self, images):
        return [images, images[..., ::2, ::2] ** 2]

    def to_classes(self, label):
        return label.clone()


@cache
def build(name):
    return LOSSES.build(dict(type=name, **(dict(weights='random') if name in ('PerceptualLoss', 'CRNLoss') else {})))


def make_step(loss, player, without=None):
    """A step with what a loss says that it reads, and nothing else; without one of these, where it is named."""
    reads, labelled = loss.reads - {without}, Layout(torch.randint(CLASSES, (2, 16, 16)), CLASSES)
    layout = labelled if 'label_map' in reads else Layout(raw=torch.zeros(2, 1, 16, 16))
    if 'posterior' in reads:
        layout.posterior = tuple(torch.randn(2, 4, requires_grad=True) for _ in range(2))
    outputs = {name: torch.rand(SHAPES.get(name, SHAPE)).mul(2).sub(1).requires_grad_()
               for name in [*VIEWS, *sorted(reads - WORDS)]}
    others = {name: 0.99 * output.detach() for name, output in outputs.items()}
    return Step(layout, dict(image=torch.rand(SHAPE), edge=torch.rand(SHAPE)), outputs, VIEWS, player=player,
                discriminator=Judge(CLASSES + 1 if 'class_logits' in reads else 1) if reads & JUDGED else None,
                segmentor=Labels() if reads & LABELLED else None,
                generator=(lambda layout: others) if 'other_latents' in reads else None)


def compute(loss, step):
    return getattr(loss, f'for_{step.player}')(step)


def turns():
    return [pytest.param(name, player, id=f'{name}-{player}') for name in NAMES
            for player in sorted(LOSSES.get(name).trains)]


@pytest.mark.parametrize(('name', 'player'), turns())
def test_what_it_says_that_it_reads_suffices_and_whom_it_trains_gets_a_gradient(name, player):
    step = make_step(build(name), player)
    value = compute(build(name), step)
    assert value.shape == () and value.dtype == torch.float32 and value.isfinite()
    value.backward()
    trained = step.discriminator.parameters() if player == 'discriminator' else [
        *step.outputs.values(), *(step.layout.posterior or ())]
    assert any(each.grad is not None and each.grad.any() for each in trained)


@pytest.mark.parametrize(('name', 'player'), turns())
def test_nothing_that_it_says_it_reads_can_be_left_out(name, player):
    loss = build(name)
    for word in loss.reads - {'views'}:
        with pytest.raises((AttributeError, KeyError, TypeError)):
            compute(loss, make_step(loss, player, without=word))


@pytest.mark.parametrize(('name', 'player'), turns())
def test_views_add_up_with_their_weights(name, player, monkeypatch):
    loss, values = build(name), []
    if not loss.has_views:
        assert not loss.weights(VIEWS)
        return
    for views in (dict(coarse=1.0), dict(image=1.0), dict(coarse=2.0, image=0.5)):
        monkeypatch.setattr(loss, 'views', views)
        torch.manual_seed(0)  # the same step, and the same draws
        values.append(compute(loss, make_step(loss, player)))
    torch.testing.assert_close(values[2], 2 * values[0] + 0.5 * values[1], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('name', NAMES)
def test_it_learns_nothing_itself(name):
    assert not list(build(name).parameters()) and not build(name).state_dict()


# Of ECGAN's views, where a config names none.
EVERY_VIEW, IMAGES = dict(edge=1, coarse=1, image=2), dict(coarse=1, image=2)


@pytest.mark.parametrize(('name', 'weights'), dict(
    HingeLoss=EVERY_VIEW, FeatureMatchingLoss=EVERY_VIEW, PerceptualLoss=EVERY_VIEW, L1Loss=EVERY_VIEW,
    SegmentorFeatureLoss=IMAGES, DiversityLoss=IMAGES, PatchContrastLoss=EVERY_VIEW,
    SegmentationAdversarialLoss=IMAGES, SimilarityLoss=dict(coarse=1, image=1),
    ContrastiveLoss={}).items())
def test_default_weights_of_views(name, weights):
    assert build(name).weights(VIEWS) == weights
