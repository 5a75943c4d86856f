from types import SimpleNamespace

import pytest

from semsynth.discriminators.base import Discriminator
from semsynth.heads.base import View
from semsynth.layout import Layout
from semsynth.models.step import Step


class Judged(Discriminator):
    """A discriminator by a function of layout and images."""

    def __init__(self, function):
        super().__init__()
        self.judge = function


@pytest.fixture
def make_step():
    """A step of any outputs, before a model of which only the parts exist that the loss under test reads."""

    def make(outputs, real, label=None, num_classes=3, unknown=None, views=None, iteration=0, discriminator=None,
             **parts):
        views = {name: View(**view) for name, view in (views or dict(image={})).items()}
        label = next(iter(real.values()))[:, 0].long() * 0 if label is None else label
        layout = Layout(label=label, num_classes=num_classes, unknown=unknown)
        judged = dict(generator=list(views), discriminator=list(views))
        model = SimpleNamespace(views=views, labelled_views=list(views), judged_views=judged, compared_views=judged,
                                discriminator=Judged(discriminator), **parts)
        return Step(model, layout, real, outputs, iteration)

    return make
