"""What every segmentor is: a frozen network that labels images, and how a layout's indices are its classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from semsynth.label_spaces import CLASS_MAPS, NO_CLASS, identity_table
from semsynth.layers.frozen import Frozen
from semsynth.weights import hash_weights

if TYPE_CHECKING:
    from semsynth.parts import Parts


class Segmentor(nn.Module):
    """A frozen network from images to probabilities over its classes. A subclass defines ``segment``.

    Args:
        network: the network, which stays in eval mode, and out of the model's parameters and checkpoints; gradients go
            through it to the images.
        num_classes: number of its classes, N.
        classes: their names; by default their numbers.
        class_map: for each index of the layout, the segmentor's class or 255 for none: a list, or a name in
            ``semsynth.label_spaces.CLASS_MAPS``. None or ``'identity'`` where the two number their classes alike;
            an index just past the segmentor's classes then means no class.

    Raises:
        ValueError: there is no class map of that name, or it holds what is no class.
    """

    num_classes: int
    """Number of its classes, N."""
    classes: tuple[str, ...]
    """Names of its classes."""
    weights_hash: str
    """The first 16 digits of the SHA-256 of its weights."""
    table: Tensor
    """The class map, ``(number of the layout's indices,)`` long, 255 for none."""
    returns_features: bool = False
    """Whether ``segment`` and ``features`` give feature maps, which a loss can read."""
    trained_size: tuple[int, int] | None = None
    """Height and width of the images that its training showed it; None where nothing says so. One that says it can
    ``look_at`` images at this size."""
    waits_for: str | None = None
    """What it reads from the device in a step of training, in words: a CUDA graph cannot hold that (``model.graphs``).
    None where it reads nothing, and does the same in every step."""

    def __init__(self, network: nn.Module, num_classes: int, classes: Sequence[str] | None = None,
                 class_map: str | Sequence[int] | None = None):
        super().__init__()
        self.frozen = Frozen(network)
        self.num_classes = num_classes
        self.classes = tuple(classes or map(str, range(num_classes)))
        self.weights_hash = hash_weights(network)
        self.has_class_map = class_map not in (None, 'identity')
        self.register_buffer('table', self._table(class_map), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Probabilities ``(B, N, H, W)`` float32, at the size of the images ``(B, 3, H, W)``, RGB in ``[-1, 1]``."""
        return self.segment(images)[0]

    def segment(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Probabilities, as of a call, and feature maps, as of ``features``, in one pass.

        The list of feature maps is empty where ``returns_features`` is False.
        """
        raise NotImplementedError

    def features(self, images: Tensor) -> list[Tensor]:
        """Feature maps ``(B, C_i, H_i, W_i)`` of images ``(B, 3, H, W)`` in ``[-1, 1]``.

        Raises:
            ValueError: it gives none.
        """
        if not self.returns_features:
            raise ValueError(f'{type(self).__name__} gives no feature maps (returns_features=False): use a segmentor '
                             "that does, such as mmseg's.")
        return self.segment(images)[1]

    def look_at(self, size: tuple[int, int]) -> None:
        """Have it resize images to this height and width, from now on, before it looks at them.

        Raises:
            ValueError: it cannot, or not to this size.
        """
        raise ValueError(f'{type(self).__name__} looks at images at their own size: leave the size out.')

    def to_classes(self, label: Tensor) -> Tensor:
        """A label map ``(..., H, W)`` in the layout's indices, in the segmentor's classes: long, 255 for none.

        Raises:
            ValueError: on the CPU, where an index is outside of the class map.
        """
        if label.device.type == 'cpu' and label.numel() and label.max() >= len(self.table):
            raise ValueError(f'segmentor: the layout has the index {int(label.max())}, but class_map only knows '
                             f'0 to {len(self.table) - 1}; give a class_map for this label space.')
        return self.table[label.long()]

    def indices(self) -> dict[int, int]:
        """The layout's index for each of its classes that has one: the first that stands for it."""
        classes = self.table.tolist()
        return {kind: classes.index(kind) for kind in sorted(set(classes) - {NO_CLASS})}

    def check_layout(self, num_classes: int, unknown: int | None) -> None:
        """Raise ValueError unless every index of the layout has its place in the class map.

        Args:
            num_classes: number of the layout's indices.
            unknown: the index that means no class, or None.
        """
        if self.has_class_map:
            fits, expected = len(self.table) == num_classes, f'a class_map of {num_classes} entries'
        else:
            alike = num_classes == self.num_classes and unknown is None
            fits = alike or (num_classes == self.num_classes + 1 and unknown == self.num_classes)
            expected = ("a class_map from the layout to its classes (a name such as 'cityscapes_35_to_19', or a list, "
                        '255 for none)')
            if unknown is not None and num_classes == self.num_classes + 1:
                expected += f', such as class_map={identity_table(num_classes, unknown)}'
        if not fits:
            raise ValueError(f'segmentor: the layout has {num_classes} classes (unknown: {unknown}), '
                             f'{f"class_map has {len(self.table)} entries" if self.has_class_map else "class_map=None"}'
                             f' and the segmentor has {self.num_classes} classes; give it {expected}.')

    def check(self, parts: Parts) -> None:
        """Raise ValueError unless every index of the model's layouts has its place in the class map."""
        if parts.num_classes:
            self.check_layout(parts.num_classes, parts.unknown)

    def _table(self, class_map: str | Sequence[int] | None) -> Tensor:
        if class_map is None or not self.has_class_map:
            return torch.tensor([*range(self.num_classes), NO_CLASS])
        if isinstance(class_map, str):
            if class_map not in CLASS_MAPS:
                raise ValueError(f'segmentor: there is no class_map {class_map!r}; there is {", ".join(CLASS_MAPS)}.')
            class_map = CLASS_MAPS[class_map]
        wrong = sorted({value for value in class_map if not 0 <= value < self.num_classes and value != NO_CLASS})
        if wrong:
            raise ValueError(f'segmentor: class_map holds {", ".join(map(str, wrong))}, but the segmentor has the '
                             f'classes 0 to {self.num_classes - 1} (and {NO_CLASS} for none).')
        return torch.tensor(class_map)


def as_pixels(images: Tensor, size: tuple[int, int] | None = None) -> Tensor:
    """Images as networks read them before their own normalisation.

    Args:
        images: ``(B, 3, H, W)`` in ``[-1, 1]``.
        size: height and width to which they are resized, bilinearly and antialiased; None for their own.

    Returns:
        ``(B, 3, *size)`` float32, in 0..255.
    """
    images = (images.float() + 1) * 127.5
    if size in (None, tuple(images.shape[-2:])):
        return images
    return F.interpolate(images, size, mode='bilinear', align_corners=False, antialias=True)


def checked_size(size: Sequence[int], divisor: int = 1) -> tuple[int, int]:
    """The height and width at which a segmentor looks at images.

    Args:
        size: as it was given.
        divisor: of which they must be multiples.

    Raises:
        ValueError: one of them is less than 1, or no multiple.
    """
    if min(size) < 1:
        raise ValueError(f'segmentor: input_size={tuple(size)}, expected height and width, such as (512, 1024), or '
                         'None for the size of the images.')
    if any(side % divisor for side in size):
        next_one = tuple(side + -side % divisor for side in size)
        raise ValueError(f'segmentor: input_size={tuple(size)}, but this network takes multiples of {divisor}: set '
                         f'input_size={next_one}.')
    height, width = size
    return height, width
