import pytest

from semsynth.discriminators import Discriminator
from semsynth.heads.base import View
from semsynth.layout import Layout
from semsynth.losses import Step


class Judge(Discriminator):
    """A discriminator by a function of layout and images."""

    def __init__(self, function):
        super().__init__()
        self.judge = function


@pytest.fixture
def make_step():
    """A step of any outputs, with only those other parts that the loss under test reads."""

    def make(outputs, real, label=None, num_classes=3, unknown=None, views=None, discriminator=None, **parts):
        views = {name: View(**view) for name, view in (views or dict(image={})).items()}
        label = next(iter(real.values()))[:, 0].long() * 0 if label is None else label
        layout = Layout(label=label, num_classes=num_classes, unknown=unknown)
        return Step(layout, real, outputs, views, discriminator and Judge(discriminator), **parts)

    return make
