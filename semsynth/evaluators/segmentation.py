"""Segmentation scores: a segmentor's predictions on synthesised images, compared with their layouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from mmseg.evaluation import IoUMetric
from torch import Tensor

from semsynth.evaluators.areas import accuracy, class_scores, image_scores
from semsynth.evaluators.base import Evaluator, Judged
from semsynth.label_spaces import NO_CLASS
from semsynth.registry import EVALUATORS, SEGMENTORS
from semsynth.scores import oracle_of


@EVALUATORS.register_module()
class SegmentationEvaluator(Evaluator):
    """mIoU, pixel accuracy and IoU per class of a segmentor's predictions on synthesised and on real images.

    Scores are percentages: ``mIoU`` and ``aAcc``. ``oracle_mIoU`` and ``oracle_aAcc`` are those of the real images of
    the same samples, where there are any: what a perfect synthesizer can reach. The mean is over the classes that occur
    in the labels.

    Args:
        judge: config of a segmentor; not the one that a loss of the judged model reads.
        full_size: judge at the size that each label map has on disk: nothing is taken off the labels, synthesised
            images are resized to that size, and real ones are the photos as they are on disk. The scenes must carry
            both: ``full_size=True`` of the data set, which the engine fills in. A named protocol's name then ends in
            ``-full-size``.
        settings: see ``Evaluator``; with ``size``, labels are resized by nearest
            neighbour from what the model reads.

    Raises:
        ValueError: ``full_size`` and ``size`` are both given; the results have no label maps (image-like inputs), or
            not at full size where that is asked for; a label has an index that the judge's class map does not know, or
            no label has any of its classes.
    """

    def __init__(self, judge: dict, full_size: bool = False, **settings):
        super().__init__(**settings)
        if full_size and self.size:
            raise ValueError(f"SegmentationEvaluator: full_size=True judges at each label map's own size, but "
                             f'size={self.size} names one; drop one of the two.')
        self.full_size = full_size
        self.titles = dict(mIoU='mIoU ↑', aAcc='pixel accuracy ↑')
        if full_size:
            name = self.protocol['name']
            self.protocol |= dict(name=name and f'{name}-full-size', size="each label map's own, as on disk")
        self.judge = SEGMENTORS.build(judge).to(self.device)
        self.judges = dict(judge=self.judge.weights_hash)
        self.protocol |= dict(judge=judge, weights_hash=self.judge.weights_hash,
                              label_resampling='none' if full_size else 'nearest',
                              ignored="pixels whose class the judge does not have (255 in its class map); classes that "
                                      'occur in no label are left out of the mean')

    def check_layout(self, num_classes: int, unknown: int | None) -> None:
        """Raise ValueError unless every index has its place in the judge's class map."""
        if num_classes:
            self.judge.check_layout(num_classes, unknown)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Judge each sample's output and, where there is one, its real image."""
        for sample in data_samples:
            if 'label' not in sample:
                raise ValueError('SegmentationEvaluator compares with label maps, but num_classes=0: use '
                                 'FrechetDistance or FrechetInceptionDistance in test_evaluator.')
            if self.full_size and 'full' not in sample:
                raise ValueError('SegmentationEvaluator: full_size=True, but the scenes do not carry their label maps '
                                 'at full size: set full_size=True on the data set too.')
            label, real = sample['label'], self.real(sample)
            if self.full_size:
                label = sample['full']['label']
                real = None if self.output == 'edge' else sample['full'].get('image')  # edges are not on disk
            label, image = self.target(label), self._image(sample)
            predicted = self._predicted(image, label)
            entry = dict(name=sample.get('name', ''), generated=self._areas(predicted, label),
                         oracle=None if real is None else self._areas(self._predicted(real, label), label))
            if self._may_be_worst(entry):
                entry['pictures'] = dict(label=label.byte().cpu(), predicted=predicted.byte().cpu(), image=image.cpu(),
                                         real=None if real is None else real.cpu())
            self.results.append(entry)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """The scores over all samples; fills ``classes`` and completes ``protocol``."""
        real = [areas['oracle'] for areas in results if areas['oracle'] is not None]
        self.protocol |= dict(num_images=len(results), num_real_images=len(real))
        scores, generated = self._scores([areas['generated'] for areas in results])
        self.classes = [dict(index=index, name=name, IoU=value) for index, (name, value) in
                        enumerate(zip(self.judge.classes, generated, strict=True))]
        if real:
            oracle_scores, oracle = self._scores(real)
            scores |= {oracle_of(name): value for name, value in oracle_scores.items()}
            for row, value in zip(self.classes, oracle, strict=True):
                row[oracle_of('IoU')] = value
        self.images = image_scores(results, self.judge.classes)
        kept = [(row, entry['pictures']) for row, entry in zip(self.images, results, strict=True)
                if entry.get('pictures') and row['aAcc'] is not None]
        kept.sort(key=lambda pair: pair[0]['aAcc'])
        self.worst = [Judged(row, **pictures, classes=self.judge.classes, indices=self.judge.indices())
                      for row, pictures in kept[:self.keep_worst]]
        return scores

    def target(self, label: Tensor) -> Tensor:
        """The label map ``(H, W)`` in the judge's classes, long, at the stated size, on the device."""
        label = self.judge.to_classes(label).to(self.device)
        if self.size and tuple(label.shape) != self.size:
            # float64 holds every class exactly; nearest neighbour keeps it.
            label = F.interpolate(label[None, None].double(), self.size, mode='nearest')[0, 0].long()
        return label

    @torch.no_grad()
    def predict(self, image: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """What the judge sees in an image ``(3, H, W)`` uint8: its classes ``(H, W)``, at that size, by default the
        stated one, on the device."""
        return self.judge(self.resized(image, size))[0].argmax(0)

    def _image(self, sample: dict) -> Tensor:
        """The judged image; at full size that of a file, where there is one, not what was resized for the others."""
        given = sample['full'].get('given', {}) if self.full_size else {}
        return given[self.output] if self.output in given else self.generated(sample)

    def _predicted(self, image: Tensor, label: Tensor) -> Tensor:
        return self.predict(image, (label.shape[0], label.shape[1]) if self.full_size else None)

    def _areas(self, predicted: Tensor, label: Tensor) -> Tensor:
        """Pixels of each class: intersection, union, prediction, label; ``(4, N)`` float64."""
        areas = IoUMetric.intersect_and_union(predicted, label, self.judge.num_classes, NO_CLASS)
        return torch.stack(areas).double()

    def _scores(self, areas: Sequence[Tensor]) -> tuple[dict[str, float], list[float | None]]:
        return class_scores(torch.stack(list(areas)).sum(0), type(self).__name__)

    def _may_be_worst(self, entry: dict) -> bool:
        """Whether to keep the pictures of an image; a better one's are then forgotten.

        They are those of one image more than asked for on each rank, as the last one of a rank may be there twice.
        """
        kept = [each for each in self.results if 'pictures' in each]
        if len(kept) <= self.keep_worst:
            return self.keep_worst > 0
        best = max(kept, key=lambda each: accuracy(each['generated']))
        if accuracy(entry['generated']) >= accuracy(best['generated']):
            return False
        del best['pictures']
        return True
