import pytest
import torch

from semsynth.heads.base import View
from semsynth.losses.similarity import SimilarityLoss, sample
from semsynth.ops import similarity_loss


class Segmentor:
    def segment(self, images):
        return (5 * images).softmax(1), []

    def to_classes(self, label):
        return torch.where(label == 0, 255, label - 1)


@pytest.fixture
def step(make_step):
    outputs = {name: torch.randn(2, 3, 9, 14, requires_grad=True) for name in ('coarse', 'image')}
    return make_step(outputs, dict(image=torch.zeros(2, 3, 9, 14)), label=torch.randint(0, 4, (2, 9, 14)),
                     num_classes=4, views=dict(coarse={}, image=dict(weight=2)), segmentor=Segmentor())


def test_reads_the_label_generator_and_leaves_out_what_it_has_no_class_for(step):
    expected = sum(similarity_loss(step.probabilities[view], step.target, 255) for view in ('coarse', 'image'))
    torch.testing.assert_close(SimilarityLoss().for_generator(step), expected)
    expected.backward()
    assert all(output.grad.abs().sum() > 0 for output in step.outputs.values())
    assert not torch.equal(expected, sum(similarity_loss(step.probabilities[view], step.target)
                                         for view in ('coarse', 'image')))


def test_eq_10_is_the_default():
    """I' and I'' weigh 1, though I'' weighs 2 in other losses, and edge maps are left out."""
    views = dict(edge=View('edge'), coarse=View(), image=View(weight=2.0))
    assert SimilarityLoss().weights(views) == dict(coarse=1, image=1)
    assert SimilarityLoss(views=dict(edge=3, coarse=0, image=2)).weights(views) == dict(edge=3, image=2)


def test_its_own_views_come_first(step):
    expected = 3 * similarity_loss(step.probabilities['coarse'], step.target, 255)
    torch.testing.assert_close(SimilarityLoss(views=dict(coarse=3)).for_generator(step), expected)


def test_a_stride_is_exact_over_the_pairs_of_every_s_th_pixel(step):
    expected = sum(similarity_loss(step.probabilities[view][..., 2::4, 2::4], step.target[:, 2::4, 2::4], 255)
                   for view in ('coarse', 'image'))
    torch.testing.assert_close(SimilarityLoss(stride=4).for_generator(step), expected)


def test_sampling_starts_in_the_middle():
    grid = torch.arange(35).view(5, 7)
    assert torch.equal(sample(grid, 1), grid)
    assert sample(grid, 2).tolist() == [[8, 10, 12], [22, 24, 26]]
    assert sample(grid, 5).tolist() == [[16]]


def test_the_protocol_names_the_stride():
    assert SimilarityLoss(stride=4).protocol == 'all pairs of the pixels at 1/4 of the size'
    assert SimilarityLoss().protocol == 'all pairs of pixels'


def test_partners_are_an_estimate_that_says_so(step):
    loss = SimilarityLoss(partners=10)
    assert loss.protocol == 'all pairs of pixels, estimated from each with 10 others, drawn anew at every step'
    assert loss.for_generator(step) != loss.for_generator(step)
    torch.testing.assert_close(SimilarityLoss(partners=9 * 14).for_generator(step),
                               SimilarityLoss().for_generator(step))


def test_the_numbers_that_pair_pixels_can_be_handed_in(step):
    step.draws = {f'partners/{view}': torch.rand(2, 9 * 14) for view in ('coarse', 'image')}
    loss = SimilarityLoss(partners=10)
    assert torch.equal(loss.for_generator(step), loss.for_generator(step))


@pytest.mark.parametrize(('options', 'compared'), [({}, 126), (dict(stride=3), 15), (dict(partners=9), 10)], ids=str)
def test_reduced_precision_says_so(step, options, compared, monkeypatch):
    asked = []
    monkeypatch.setattr('semsynth.losses.similarity.has_reduced_products', lambda *asking: asked.append(asking) or True)
    loss = SimilarityLoss(**options)
    before = loss.protocol
    loss.for_generator(step)
    assert loss.protocol == f'{before}; products in TF32'
    assert {(pixels, precision) for _, pixels, precision in asked} == {(compared, 'float32')}


def test_a_precision_that_there_is_not():
    with pytest.raises(ValueError, match="precision='fp8', expected one of auto, float32, tf32"):
        SimilarityLoss(precision='fp8')


def test_no_partners():
    with pytest.raises(ValueError, match='partners=0, expected a whole number from 1 on or None'):
        SimilarityLoss(partners=0)


def test_half_precision_probabilities(step):
    step.probabilities = {view: probs.bfloat16() for view, probs in
                          ((view, step.probabilities[view]) for view in step.views)}
    loss = SimilarityLoss().for_generator(step)
    assert loss.dtype == torch.float32 and loss.isfinite()


@pytest.mark.parametrize('stride', [0, -1])
def test_a_stride_less_than_one(stride):
    with pytest.raises(ValueError, match=f'stride={stride}, expected a whole number from 1 on'):
        SimilarityLoss(stride=stride)


def test_a_stride_larger_than_the_images(step):
    with pytest.raises(ValueError, match=r'stride=10 is larger than the images, \(9, 14\) \(H, W\)'):
        SimilarityLoss(stride=10).for_generator(step)
