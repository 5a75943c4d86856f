"""A segmentor that is not mmseg's serves as label generator and as judge."""

import pytest
import torch
from torch import nn

from helpers.stubs import CLASSES, batch, config, players
from semsynth.evaluators import FrechetDistance, SegmentationEvaluator
from semsynth.registry import MODELS, SEGMENTORS
from semsynth.segmentors import Segmentor


@SEGMENTORS.register_module(force=True)
class PlainSegmentor(Segmentor):
    """One convolution of torch's."""

    def __init__(self, num_classes=CLASSES, class_map=None):
        super().__init__(nn.Conv2d(3, num_classes, 3, padding=1), num_classes, class_map=class_map)

    def segment(self, images):
        return self.frozen(images).softmax(1), []


JUDGE = dict(type='PlainSegmentor', num_classes=4, class_map=[2, 0, 255, 1])


def test_it_judges():
    evaluator = SegmentationEvaluator(JUDGE)
    judge, count = evaluator.judge, torch.zeros(4, 4)
    image, label = torch.randint(0, 256, (3, 9, 14), dtype=torch.uint8), torch.randint(0, 4, (9, 14))
    evaluator.process(None, [dict(name='a', outputs=dict(image=image), label=label, real={})])
    scores = evaluator.evaluate(1)
    predicted = judge.frozen.network(image[None] / 127.5 - 1)[0].argmax(0)
    for index, kind in zip(label.flatten().tolist(), predicted.flatten().tolist(), strict=True):
        if (target := [2, 0, 255, 1][index]) != 255:
            count[target, kind] += 1
    hits, rows, columns = count.diag(), count.sum(1), count.sum(0)
    assert scores['aAcc'] == pytest.approx(100 * (hits.sum() / count.sum()).item())
    assert scores['mIoU'] == pytest.approx(100 * (hits / (rows + columns - hits))[rows > 0].mean().item())
    assert [row['name'] for row in evaluator.classes] == list('0123')
    assert evaluator.judges == dict(judge=judge.weights_hash) and len(judge.weights_hash) == 16
    with pytest.raises(ValueError, match=r'the layout has 5 classes .* class_map has 4 entries'):
        evaluator.check_layout(5, None)


def test_it_labels_for_a_loss():
    model = MODELS.build(config(segmentor=dict(type='PlainSegmentor'), losses=dict(
        adversarial=dict(type='StubAdversarial'), similarity=dict(type='SimilarityLoss'))))
    assert not any(name.startswith('segmentor') for name in model.state_dict())
    data, network = batch(), model.segmentor.frozen.network
    kept = network.weight.clone()
    step = model.synthesize(data['layout'], data['real'])
    seen = network(step.outputs['coarse']).softmax(1)
    torch.testing.assert_close(step.probabilities['coarse'], seen)
    assert torch.equal(step.target, data['layout'].label)
    logs = model.train_step(data, players(model))
    assert logs['generator/similarity'] > 0
    assert torch.equal(network.weight, kept) and network.weight.grad is None and not network.training


def test_features_that_it_lacks_are_refused():
    judge = FrechetDistance(JUDGE, size=(16, 16))
    with pytest.raises(ValueError, match=r'PlainSegmentor gives no feature maps \(returns_features=False\)'):
        judge.embed(torch.zeros(3, 9, 9, dtype=torch.uint8))
