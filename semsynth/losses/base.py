"""What every loss declares: what it reads, which players it trains, its weight and its views."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from functools import reduce, wraps
from operator import add
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from semsynth.losses.step import Step
    from semsynth.parts import Discriminator, Parts, View

PLAYERS = ('generator', 'discriminator')
JUDGED = frozenset({'verdicts', 'features', 'class_logits'})
"""Words of ``Loss.reads`` that need a discriminator."""
LABELLED = frozenset({'probabilities', 'label_features'})
"""Words of ``Loss.reads`` that need a label generator."""
ON_VIEWS = JUDGED | LABELLED | {'views'}
"""Words of ``Loss.reads`` for what is read on each view that the loss is for."""
WORDS = ON_VIEWS | {'label_map', 'posterior', 'other_latents'}
"""All words of ``Loss.reads``; any other one is the name of an output."""


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
    """A named term of the objective.

    A subclass declares ``reads`` and ``trains``, and overrides ``for_generator``, ``for_discriminator`` or both.
    ``reads`` holds these words, and names of further outputs of the generator, such as ``'embedding'``:

    - ``'views'``: outputs that are judged, and the real images that they imitate (the default);
    - ``'verdicts'``: the discriminator's logits on these, as scores, high for real;
    - ``'class_logits'``: the discriminator's logits on these, one a class and one for synthesised pixels (OASIS);
    - ``'features'``: the discriminator's feature maps of these, before the logits;
    - ``'probabilities'``: the label generator's probabilities on the views;
    - ``'label_features'``: the label generator's backbone features of the views;
    - ``'label_map'``: the layout's label map, which image-like inputs do not have;
    - ``'posterior'``: the distribution that the layout's latent was drawn from;
    - ``'other_latents'``: what the generator makes of the same layouts with other latents.

    The first six mean that the loss has views, and sums over them. When a model is built, everything that a loss reads
    must be there.

    Args:
        weight: factor of the whole term.
        views: weight of each view that it is for; by default what ``default_weight`` says of each of the model's.

    Raises:
        TypeError: a subclass is defined whose ``reads`` or ``trains`` is no set, or whose ``trains`` does not name the
            very players that it overrides a method for.
    """

    reads: Set[str] = frozenset({'views'})
    """What it reads of a step: the words above and names of outputs."""
    trains: Set[str] = frozenset({'generator'})
    """The players that it is computed for: ``'generator'``, ``'discriminator'`` or both."""
    middle: float = 0.0
    """The score that lies midway between what it wants real and synthesised images to get."""
    relates_images: bool = False
    """Whether it relates the images of a batch to one another: then a batch in parts (``micro_batch``) is another one
    to it. False where it is a mean over images."""
    protocol: str | None = None
    """What the log and result files must say of how it is computed, in words."""
    waits_for: str | None = None
    """What it reads from the device in a step of training, in words: a CUDA graph cannot hold that (``model.graphs``).
    None where it reads nothing, and does the same in every step."""

    @property
    def networks(self) -> Mapping[str, str]:
        """The frozen networks of its own that it trains on: name by hash of the weights, for result files."""
        return {}

    def __init__(self, weight: float = 1.0, views: dict[str, float] | None = None):
        super().__init__()
        self.weight, self.views = weight, views

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        for name in ('reads', 'trains'):
            if not isinstance(found := getattr(cls, name), Set):
                raise TypeError(f'{cls.__name__}: {name}={found!r}, expected a set of words.')
        own = [vars(each) for each in cls.__mro__[:cls.__mro__.index(Loss)]]
        defined = {player for player in PLAYERS if any(f'for_{player}' in each for each in own)}
        if cls.trains != defined:
            raise TypeError(f'{cls.__name__}: trains={set(cls.trains)}, but it defines '
                            f'{" and ".join(f"for_{player}" for player in sorted(defined)) or "no for_generator"}; '
                            'declare in trains the players that it has a method for, and no others.')

    @property
    def has_views(self) -> bool:
        """Whether it sums over views; a loss that only reads outputs by name does not."""
        return bool(self.reads & ON_VIEWS)

    def default_weight(self, view: View) -> float:
        """The weight of a view where the config names none; 0 leaves it out.

        It is the view's own. But a label generator knows photos, and a discriminator that segments is not told what it
        sees: losses on these leave out views that imitate anything but the image, such as edges.
        """
        return view.weight if view.is_image or not self.reads & (LABELLED | {'class_logits'}) else 0.0

    def weights(self, views: Mapping[str, View]) -> dict[str, float]:
        """The weight of each of a model's views that this term is for, by name."""
        if not self.has_views:
            return {}
        weights = self.views
        if weights is None:
            weights = {name: self.default_weight(view) for name, view in views.items()}
        return {name: weights[name] for name in views if weights.get(name)}

    def over_views(self, step: Step) -> Iterator[tuple[str, str, float]]:
        """Yield (view, name of the real image that it imitates, weight) of every view that this term is for."""
        for name, weight in self.weights(step.views).items():
            yield name, step.views[name].real, weight

    def kinds(self, views: Mapping[str, View]) -> list[str]:
        """Names of the real images that its views imitate."""
        return list(dict.fromkeys(views[name].real for name in self.weights(views)))

    def discriminators(self, parts: Parts) -> list[Discriminator]:
        """The networks that judge its views: one, or one for each kind of real image; none where it reads none."""
        if parts.discriminator is None or not self.reads & JUDGED:
            return []
        networks = [parts.discriminator.judge_of(kind) for kind in self.kinds(parts.views)]
        return list({id(network): network for network in networks}.values())

    def check(self, parts: Parts) -> None:
        """Raise ValueError, in one sentence, where the other parts do not fit it.

        That what it ``reads`` is there is checked for every loss; this is for anything else.
        """

    def attach(self, parts: Parts) -> None:
        """Make what depends on the other parts; called once, when the model is built and its parts are known to fit."""

    def for_generator(self, step: Step) -> Tensor:
        """The generator's loss, a scalar, before the weight."""
        raise NotImplementedError

    def for_discriminator(self, step: Step) -> Tensor:
        """The discriminator's loss, a scalar, before the weight."""
        raise NotImplementedError

    def discriminator_parts(self, step: Step) -> dict[str, Tensor]:
        """Scalars that the discriminator's loss is the sum of, for the log: ``'real'`` and ``'synthesised'``, its loss
        on either kind of images. By default none."""
        return {}


def scale(factor: float, value: Tensor) -> Tensor:
    """``factor * value``; 1 is not multiplied by, which would be an operation, and one more in the backward pass."""
    return value if factor == 1 else factor * value


def total(values: Iterable[Tensor]) -> Tensor:
    """The sum of a few tensors, at least one."""
    return reduce(add, values)


def mean(values: Iterable[Tensor]) -> Tensor:
    """The mean of a few tensors."""
    values = list(values)
    return scale(1 / len(values), total(values))
