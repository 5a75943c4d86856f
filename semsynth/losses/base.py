"""What every loss has: a weight, the views that it is for, and what each player pays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from semsynth.heads.base import View
    from semsynth.models.step import Step
    from semsynth.models.synthesizer import Synthesizer


def full_precision(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Run a loss's arithmetic in float32 (or wider), outside autocast, whatever precision its inputs came in."""

    def widen(value):
        narrow = isinstance(value, Tensor) and value.dtype in (torch.float16, torch.bfloat16)
        return value.float() if narrow else value

    @wraps(function)
    def run(*args, **kwargs):
        args, kwargs = [widen(arg) for arg in args], {name: widen(arg) for name, arg in kwargs.items()}
        device = next(arg.device.type for arg in (*args, *kwargs.values()) if isinstance(arg, Tensor))
        with torch.autocast(device, enabled=False):
            return function(*args, **kwargs)

    return run


class Loss(nn.Module):
    """A named term: what each player pays for a step.

    Args:
        weight: factor of the whole term.
        views: weight of each view that it is for; by default what ``default_weight`` says of each of the model's.
    """

    sums_over_views = True
    """Whether it reads the views; False for a loss that reads only the outputs in ``reads``."""
    judges = False
    """Whether it reads the discriminator's verdicts."""
    labels = False
    """Whether it reads the label generator's probabilities."""
    reads_label_map = False
    """Whether it reads the layout's label map, which image-like inputs have not."""
    reads_posterior = False
    """Whether it reads the posterior of the layout's latent, which only some encoders make."""
    matches_features = False
    """Whether it needs the discriminator's intermediate features, not only its logits."""
    reads_class_logits = False
    """Whether it takes the discriminator's logits for those of classes (OASIS); other adversarial losses for scores."""
    reads: tuple[str, ...] = ()
    """Outputs that it reads beside the views."""
    protocol: str | None = None
    """What the log and result files must say of how it is computed, in words."""

    def __init__(self, weight: float = 1.0, views: dict[str, float] | None = None):
        super().__init__()
        self.weight, self.views = weight, views

    def attach(self, model: Synthesizer) -> None:
        """Make what depends on other parts of the model; called once, when it is built and they are known to fit."""

    def default_weight(self, view: View) -> float:
        """The weight of a view where the config names none; 0 leaves it out.

        It is the view's own. But a label generator knows photos, and a discriminator that segments is not told what it
        sees: losses on these leave out views that imitate anything but the image, such as edges.
        """
        return view.weight if view.is_image or not (self.labels or self.reads_class_logits) else 0.0

    def weights(self, views: Mapping[str, View]) -> dict[str, float]:
        """The weight of each of a model's views that this term is for, by name."""
        if not self.sums_over_views:
            return {}
        weights = self.views
        if weights is None:
            weights = {name: self.default_weight(view) for name, view in views.items()}
        return {name: weights[name] for name in views if weights.get(name)}

    def over_views(self, step: Step) -> Iterator[tuple[str, str, float]]:
        """Yield (view, name of the real image that it imitates, weight) of every view that this term is for."""
        for name, weight in self.weights(step.views).items():
            yield name, step.views[name].real, weight

    def for_generator(self, step: Step) -> Tensor | None:
        """The generator's share, a scalar, before the weight; None where it pays nothing."""
        return None

    def for_discriminator(self, step: Step) -> Tensor | None:
        """The discriminator's share, a scalar, before the weight; None where it pays nothing."""
        return None

    def discriminator_parts(self, step: Step) -> dict[str, Tensor]:
        """Scalars that the discriminator's share is the sum of, for the log: ``'real'`` and ``'synthesised'``, its
        price for either kind of images. By default none."""
        return {}


def mean(values: Iterable[Tensor]) -> Tensor:
    """The mean of a few tensors."""
    values = list(values)
    return sum(values) / len(values)
