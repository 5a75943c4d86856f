import pytest

from semsynth.heads.base import View
from semsynth.losses import Loss
from semsynth.registry import LOSSES

# What models/assembly.py and the synthesizer rely on: judges, matches_features, labels, sums_over_views, reads.
FLAGS = dict(
    LeastSquaresLoss=(True, False, False, True, ()),
    HingeLoss=(True, False, False, True, ()),
    VanillaLoss=(True, False, False, True, ()),
    SegmentationAdversarialLoss=(True, False, False, True, ()),
    LabelMixLoss=(True, False, False, True, ()),
    FeatureMatchingLoss=(True, True, False, True, ()),
    PerceptualLoss=(False, False, False, True, ()),
    CRNLoss=(False, False, False, True, ()),
    SegmentorFeatureLoss=(False, False, True, True, ()),
    SimilarityLoss=(False, False, True, True, ()),
    L1Loss=(False, False, False, True, ()),
    ContrastiveLoss=(False, False, False, False, ('embedding',)),
    KLLoss=(False, False, False, False, ()),
    ClassSpecificLoss=(False, False, False, False, ('class_specific',)),
)


@pytest.mark.parametrize('name', FLAGS)
def test_flags_weight_and_no_state_of_its_own(name):
    options = dict(weights='random') if name in ('PerceptualLoss', 'CRNLoss') else {}
    loss = LOSSES.build(dict(type=name, weight=3, **options))
    assert isinstance(loss, Loss) and loss.weight == 3
    assert FLAGS[name] == (loss.judges, loss.matches_features, loss.labels, loss.sums_over_views, loss.reads)
    assert not list(loss.parameters()) and not loss.state_dict()
    trains_discriminator = type(loss).for_discriminator is not Loss.for_discriminator
    assert trains_discriminator == (loss.judges and not loss.matches_features)


# Of ECGAN's views: who judges edge maps beside images, and who knows images alone.
EVERY_VIEW, IMAGES = dict(edge=1, coarse=1, image=2), dict(coarse=1, image=2)
DEFAULTS = dict(
    LeastSquaresLoss=EVERY_VIEW, HingeLoss=EVERY_VIEW, VanillaLoss=EVERY_VIEW, FeatureMatchingLoss=EVERY_VIEW,
    PerceptualLoss=EVERY_VIEW, CRNLoss=EVERY_VIEW, L1Loss=EVERY_VIEW, SegmentorFeatureLoss=IMAGES,
    SegmentationAdversarialLoss=IMAGES, LabelMixLoss=IMAGES, SimilarityLoss=dict(coarse=1, image=1),
    ContrastiveLoss={}, KLLoss={}, ClassSpecificLoss={})


@pytest.mark.parametrize('name', DEFAULTS)
def test_views_and_weights_where_a_config_names_none(name):
    assert DEFAULTS.keys() == FLAGS.keys()
    options = dict(weights='random') if name in ('PerceptualLoss', 'CRNLoss') else {}
    views = dict(edge=View('edge'), coarse=View(), image=View(weight=2.0))
    assert LOSSES.build(dict(type=name, **options)).weights(views) == DEFAULTS[name]


def test_a_plugin_that_reads_the_label_generator_is_not_fed_edge_maps():
    class Mine(Loss):
        labels = True

    assert Mine().weights(dict(edge=View('edge', 3.0), image=View(weight=0.5))) == dict(image=0.5)
