"""Evaluator: the contract of all metrics over a set of results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch.nn.functional as F
from mmengine.evaluator import BaseMetric
from torch import Tensor

from semsynth.devices import find_device
from semsynth.errors import check_option

RESAMPLINGS = ('nearest', 'bilinear', 'bicubic')


@dataclass
class Judged:
    """An image as a segmentor has judged it.

    Args:
        scores: its entry in ``Evaluator.images``.
        label: what should be seen, ``(H, W)`` uint8, in the segmentor's classes, 255 for none.
        predicted: what the segmentor saw, likewise.
        image: that it looked at, ``(3, h, w)`` uint8 RGB or ``(1, h, w)`` gray.
        real: the real image, where there is one.
        classes: names of the segmentor's classes.
        indices: the layout's index for each class that has one.
    """

    scores: dict[str, Any]
    label: Tensor
    predicted: Tensor
    image: Tensor
    real: Tensor | None
    classes: tuple[str, ...]
    indices: dict[int, int]


class Evaluator(BaseMetric):
    """A metric over a whole set of results, with a protocol that says how it was computed.

    A subclass appends one entry a sample to ``self.results`` (ranks are merged by counting them) and fills
    ``protocol`` in ``compute_metrics``.

    Args:
        output: name of the output that is judged.
        size: height and width to which images are resized before they are judged; None takes each at its own size.
        resampling: ``'nearest'``, ``'bilinear'`` or ``'bicubic'``, the latter two antialiased.
        prefix: put before the names of the scores, where two evaluators would use the same.
        collect_device: ``'cpu'`` or ``'gpu'``: over what the ranks' results are gathered.
        protocol: name of the protocol; another judge, other weights or other rules need another name.
        device: of the networks that judge; by default a GPU where there is one.

    Attributes:
        protocol: everything that the scores depend on, for the result file; its ``name`` is the one given.
        classes: ``dict(index=, name=, SCORE=value, ...)`` of each class, where there is a score a class; names may
            repeat.
        images: ``dict(name=, SCORE=value, ...)`` of each image, where there is a score an image, in their order.
        keep_worst: of how many of the worst images, where there is a score an image, to keep the pictures.
        worst: those pictures, the worst image first.
        judges: the weights' hash of each network that judged, by its name.
        titles: plain name of each score, by which tables and charts call it, with an arrow to its better end.

    Raises:
        ValueError: the resampling is unknown.
    """

    default_prefix = ''

    def __init__(self, output: str = 'image', size: tuple[int, int] | None = None, resampling: str = 'bilinear',
                 prefix: str | None = None, collect_device: str = 'cpu', protocol: str | None = None,
                 device: str | None = None):
        check_option(type(self).__name__, 'resampling', resampling, RESAMPLINGS)
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.output, self.size, self.resampling = output, size and tuple(size), resampling
        self.protocol: dict[str, Any] = dict(
            name=protocol, output=output, size=list(size) if size else "each image's own", resampling=resampling)
        self.classes: list[dict[str, Any]] = []
        self.images: list[dict[str, Any]] = []
        self.keep_worst = 0
        self.worst: list[Judged] = []
        self.judges: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.device = find_device(device)

    def check_layout(self, num_classes: int, unknown: int | None) -> None:
        """Raise ValueError where layouts with these classes cannot be judged; called before anything is.

        Args:
            num_classes: number of the layout's indices; 0 for image-like inputs.
            unknown: the index that means no class, or None.
        """

    def generated(self, sample: dict) -> Tensor:
        """The sample's output, ``(3, H, W)`` uint8 RGB or ``(1, H, W)`` gray.

        Raises:
            ValueError: there is no output of that name.
        """
        if self.output not in sample['outputs']:
            raise ValueError(f"{type(self).__name__}: output={self.output!r} is none of the model's, which are "
                             f'{", ".join(sample["outputs"])}.')
        return sample['outputs'][self.output]

    def real(self, sample: dict) -> Tensor | None:
        """The real image that the output imitates, where the sample has it: edge maps are compared with edge maps, and
        all other outputs with the photo."""
        return sample.get('real', {}).get('edge' if self.output == 'edge' else 'image')

    def resized(self, image: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """An image ``(3, H, W)`` uint8 as a batch of one in ``[-1, 1]``, on the device; a gray one, ``(1, H, W)``, as
        RGB.

        Args:
            image: it.
            size: height and width; by default the stated ones.
        """
        image, size = image.to(self.device).expand(3, -1, -1).unsqueeze(0).float(), size or self.size
        if size and tuple(image.shape[-2:]) != size:
            smooth = dict(align_corners=False, antialias=True) if self.resampling != 'nearest' else {}
            image = F.interpolate(image, size, mode=self.resampling, **smooth).clamp(0, 255)
        return image / 127.5 - 1
