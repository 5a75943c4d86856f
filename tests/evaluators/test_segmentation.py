import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine.evaluator import Evaluator as EngineEvaluator

from helpers import tiny_segmentor
from helpers.facts import facts
from semsynth.evaluators import SegmentationEvaluator
from semsynth.registry import EVALUATORS

CLASSES = tiny_segmentor.CLASSES
CLASS_MAP = [2, 0, 255, 1]
"""Four indices of the layout; nothing has the judge's classes 3 and 4."""


@pytest.fixture
def judge(tmp_path):
    path = tiny_segmentor.save(tiny_segmentor.plain(), tmp_path / 'tiny.pth', dataset_meta=dict(classes=tuple('abcde')))
    return dict(type='Segmentor', config=tiny_segmentor.config(), checkpoint=path, class_map=CLASS_MAP)


def samples(number=3, sizes=((9, 14), (8, 8), (16, 12)), real=True):
    made = []
    for i in range(number):
        size = sizes[i % len(sizes)]
        picture = lambda size=size: torch.randint(0, 256, (3, *size), dtype=torch.uint8)
        made.append(dict(name=str(i), outputs=dict(image=picture(), coarse=picture()),
                         label=torch.randint(0, len(CLASS_MAP), size), real=dict(image=picture()) if real else {}))
    return made


def evaluate(evaluator, data, size=None):
    for sample in data:
        evaluator.process(None, [sample])
    return evaluator.evaluate(size or len(data))


def confusion(network, pictures, labels):
    """Rows: labels, columns: predictions; counted pixel by pixel."""
    counts = np.zeros((CLASSES, CLASSES))
    for picture, label in zip(pictures, labels, strict=True):
        predicted = network(picture[None] / 127.5 - 1)[0].argmax(0)
        for row, column in zip(label.flatten().tolist(), predicted.flatten().tolist(), strict=True):
            if CLASS_MAP[row] != 255:
                counts[CLASS_MAP[row], column] += 1
    return counts


def scores_of(counts):
    iou = [100 * counts[c, c] / (counts[c].sum() + counts[:, c].sum() - counts[c, c]) for c in range(3)]
    return iou, 100 * np.trace(counts) / counts.sum()


def test_scores_are_those_of_a_plain_confusion_matrix(judge):
    evaluator = EVALUATORS.build(dict(type='SegmentationEvaluator', judge=judge))
    data = samples()
    scores = evaluate(evaluator, data)
    labels = [sample['label'] for sample in data]
    for prefix, pictures in (('', [sample['outputs']['image'] for sample in data]),
                             ('oracle_', [sample['real']['image'] for sample in data])):
        iou, accuracy = scores_of(confusion(evaluator.judge, pictures, labels))
        assert scores[f'{prefix}mIoU'] == pytest.approx(np.mean(iou))
        assert scores[f'{prefix}aAcc'] == pytest.approx(accuracy)
        column = [row[f'{prefix}IoU'] for row in evaluator.classes]
        assert column == [*map(pytest.approx, iou), None, None]
    assert evaluator.protocol['num_images'] == evaluator.protocol['num_real_images'] == 3
    assert evaluator.protocol['weights_hash'] == evaluator.judge.weights_hash
    assert evaluator.protocol['name'] is None
    assert SegmentationEvaluator(judge, protocol='lakes-v1').protocol['name'] == 'lakes-v1'


def test_classes_of_one_name_are_told_apart(judge):
    evaluator, data = SegmentationEvaluator(judge), samples()
    evaluator.judge.classes = ('a', 'b', 'a', 'd', 'e')
    evaluate(evaluator, data)
    assert [(row['index'], row['name']) for row in evaluator.classes] == list(enumerate('abade'))
    iou, _ = scores_of(confusion(evaluator.judge, [sample['outputs']['image'] for sample in data],
                                 [sample['label'] for sample in data]))
    assert [row['IoU'] for row in evaluator.classes[:3]] == [*map(pytest.approx, iou)]


def test_another_output_and_a_prefix(judge):
    data = samples()
    plain = evaluate(SegmentationEvaluator(judge, output='coarse'), data)
    swapped = [dict(sample, outputs=dict(image=sample['outputs']['coarse'])) for sample in data]
    prefixed = evaluate(SegmentationEvaluator(judge, prefix='coarse'), swapped)
    assert prefixed == {f'coarse/{name}': value for name, value in plain.items()}


def test_a_perfect_prediction_scores_100(judge):
    evaluator = SegmentationEvaluator(dict(judge, class_map=[4, 3, 2, 1, 0]))
    (sample,) = samples(1)
    predicted = evaluator.judge(sample['real']['image'][None] / 127.5 - 1)[0].argmax(0)
    scores = evaluate(evaluator, [dict(sample, label=4 - predicted)])
    assert scores['oracle_mIoU'] == scores['oracle_aAcc'] == 100


def test_stated_size_resizes_image_and_label(judge):
    evaluator = SegmentationEvaluator(judge, size=(8, 8), resampling='nearest')
    coarse = torch.randint(0, 4, (4, 4))
    picture = torch.randint(0, 256, (3, 4, 4), dtype=torch.uint8)
    enlarged = lambda x: x.repeat_interleave(2, -1).repeat_interleave(2, -2)
    small = dict(name='a', outputs=dict(image=picture), label=coarse, real={})
    large = dict(name='a', outputs=dict(image=enlarged(picture)), label=enlarged(coarse), real={})
    assert evaluate(evaluator, [small]) == evaluate(evaluator, [large])
    assert evaluator.protocol['size'] == [8, 8]
    assert SegmentationEvaluator(judge, size=(8, 8)).resized(picture).shape == (1, 3, 8, 8)


def test_full_size_takes_labels_and_photos_as_on_disk(judge):
    """And resizes the synthesised image alone: other sizes, another ratio, one of them odd."""
    evaluator = SegmentationEvaluator(judge, full_size=True, protocol='lakes-v1')
    data = samples()
    for sample, size in zip(data, ((18, 28), (17, 12), (40, 20)), strict=True):
        sample['full'] = dict(label=torch.randint(0, len(CLASS_MAP), size),
                              image=torch.randint(0, 256, (3, *size), dtype=torch.uint8))
    scores = evaluate(evaluator, data)
    labels = [sample['full']['label'] for sample in data]
    upsampled = [F.interpolate(sample['outputs']['image'][None].float(), label.shape, mode='bilinear', antialias=True)
                 for sample, label in zip(data, labels, strict=True)]
    for prefix, pictures in (('', [image[0] for image in upsampled]),
                             ('oracle_', [sample['full']['image'] for sample in data])):
        iou, accuracy = scores_of(confusion(evaluator.judge, pictures, labels))
        assert scores[f'{prefix}mIoU'] == pytest.approx(np.mean(iou))
        assert scores[f'{prefix}aAcc'] == pytest.approx(accuracy)
    assert evaluator.protocol['size'] == "each label map's own, as on disk"
    assert evaluator.protocol['label_resampling'] == 'none'
    assert evaluator.protocol['name'] == 'lakes-v1-full-size'
    assert SegmentationEvaluator(judge, full_size=True).protocol['name'] is None
    without = [dict(sample, full=dict(label=sample['full']['label'])) for sample in data]
    assert set(evaluate(SegmentationEvaluator(judge, full_size=True), without)) == {'mIoU', 'aAcc'}


def test_a_thin_thing_that_shrinking_loses_counts_at_full_size(judge):
    """A pole one pixel wide: at a quarter of the size nearest neighbour drops it from the label, and from the mean."""
    label = torch.zeros(16, 16, dtype=torch.long)
    label[:, 5] = 3
    sample = dict(name='a', outputs=dict(image=torch.zeros(3, 4, 4, dtype=torch.uint8)), real={},
                  label=label[2::4, 2::4], full=dict(label=label))
    small, full = SegmentationEvaluator(judge), SegmentationEvaluator(judge, full_size=True)
    for evaluator in (small, full):
        evaluate(evaluator, [sample])
    assert (small.classes[1]['IoU'], full.classes[1]['IoU'] is None) == (None, False)


def test_full_size_that_cannot_be(judge):
    with pytest.raises(ValueError, match=facts('full_size=True', 'size=(8, 8)')):
        SegmentationEvaluator(judge, full_size=True, size=(8, 8))
    with pytest.raises(ValueError, match=facts('full size', 'full_size=True')):
        SegmentationEvaluator(judge, full_size=True).process(None, samples(1))


def test_real_images_are_optional(judge):
    evaluator = SegmentationEvaluator(judge)
    data = [*samples(2, real=False), *samples(1)]
    scores = evaluate(evaluator, data)
    assert evaluator.protocol['num_images'] == 3 and evaluator.protocol['num_real_images'] == 1
    assert 'oracle_mIoU' in scores
    assert set(evaluate(evaluator, samples(2, real=False))) == {'mIoU', 'aAcc'}


def test_one_entry_a_sample_so_that_padding_is_dropped(judge):
    data = samples()
    padded = evaluate(SegmentationEvaluator(judge), [*data, data[0]], size=3)
    assert padded == evaluate(SegmentationEvaluator(judge), data)


def test_it_works_inside_mmengines_evaluator(judge):
    evaluator = EngineEvaluator([SegmentationEvaluator(judge), SegmentationEvaluator(judge, prefix='second')])
    data = samples()
    evaluator.process(data_samples=data)
    scores = evaluator.evaluate(3)
    assert scores['mIoU'] == scores['second/mIoU']


def test_errors(judge):
    (sample,) = samples(1)
    with pytest.raises(ValueError, match="output='edge' is none of the model's, which are image, coarse"):
        SegmentationEvaluator(judge, output='edge').process(None, [sample])
    with pytest.raises(ValueError, match="resampling='area' is unknown; use one of nearest, bilinear, bicubic"):
        SegmentationEvaluator(judge, resampling='area')
    with pytest.raises(ValueError, match='class_map only knows 0 to 3'):
        SegmentationEvaluator(judge).process(None, [dict(sample, label=sample['label'] + 4)])
    evaluator = SegmentationEvaluator(judge)
    evaluator.process(None, [dict(sample, label=torch.full_like(sample['label'], 2))])
    with pytest.raises(ValueError, match='no label has any of the segmentor'):
        evaluator.evaluate(1)


@pytest.mark.parametrize('full_size', [False, True])
def test_each_image_has_scores_of_its_own(judge, full_size):
    evaluator, data = SegmentationEvaluator(judge, full_size=full_size), samples(4)
    data[1]['real'], data[3]['label'][:] = {}, 2  # no class of the judge's
    for sample in data:
        sample['full'] = dict(label=sample['label'], **sample['real'])
    evaluate(evaluator, data)
    assert [row['name'] for row in evaluator.images] == ['0', '1', '2', '3']
    for sample, row in zip(data[:3], evaluator.images, strict=False):
        counts = confusion(evaluator.judge, [sample['outputs']['image']], [sample['label']])
        iou, accuracy = scores_of(counts)
        assert row['aAcc'] == pytest.approx(accuracy) and row['mIoU'] == pytest.approx(np.mean(iou))
        recognised = 100 * np.diag(counts)[:3] / counts.sum(1)[:3]
        assert [row[f'{index} {name}'] for index, name in enumerate('abcde')] == [
            *map(pytest.approx, recognised), None, None]
        assert row['most_wrong'] == 'abc'[(counts.sum(1) - np.diag(counts))[:3].argmax()]
        if sample['real']:
            iou, accuracy = scores_of(confusion(evaluator.judge, [sample['real']['image']], [sample['label']]))
            assert row['oracle_aAcc'] == pytest.approx(accuracy) and row['oracle_mIoU'] == pytest.approx(np.mean(iou))
    assert evaluator.images[1]['oracle_aAcc'] is None
    assert {key for key, value in evaluator.images[3].items() if value is not None} == {'name'}
    assert evaluator.worst == []


def test_pictures_of_the_worst_alone_are_kept(judge):
    evaluator, data = SegmentationEvaluator(judge), samples(9, real=False)
    evaluator.keep_worst = 3
    for sample in data:
        evaluator.process(None, [sample])
        assert sum('pictures' in entry for entry in evaluator.results) <= 4
    evaluator.evaluate(9)
    expected = sorted(evaluator.images, key=lambda row: row['aAcc'])[:3]
    assert [judged.scores for judged in evaluator.worst] == expected
    for judged in evaluator.worst:
        sample = data[int(judged.scores['name'])]
        assert judged.image.equal(sample['outputs']['image']) and judged.real is None
        assert judged.label.long().equal(evaluator.target(sample['label']))
        right = judged.label == judged.predicted
        assert 100 * right.sum() / (judged.label != 255).sum() == pytest.approx(judged.scores['aAcc'])


def test_images_from_files_are_judged_at_full_size_as_they_are(judge):
    evaluator, [sample] = SegmentationEvaluator(judge, full_size=True), samples(1)
    whole = torch.randint(0, 256, (3, 18, 28), dtype=torch.uint8)
    full = dict(label=torch.randint(0, 4, (18, 28)))
    scores = evaluate(evaluator, [dict(sample, full=dict(full, given=dict(image=whole)))])
    assert scores == evaluate(evaluator, [dict(sample, full=full, outputs=dict(image=whole))])
    assert scores != evaluate(evaluator, [dict(sample, full=full)])
