"""Every registered part shows in ``repr`` what it was built with."""

import copy
import inspect
import pickle

import pytest

from helpers import tiny_segmentor
from semsynth.registry import (
    DISCRIMINATORS,
    ENCODERS,
    EVALUATORS,
    GENERATORS,
    HEADS,
    LOSSES,
    SEGMENTORS,
    TRANSFORMS,
)

JUDGE = dict(type='Segmentor', config=tiny_segmentor.config())
BUILT = {  # arguments that make each part small; a part that is new must be named here
    GENERATORS: dict(
        BackboneGenerator=dict(in_channels=4, backbone='resnet18', feature_channels=2),
        CCFPSEGenerator=dict(in_channels=4, base_channels=2, hidden_channels=2, pyramid_channels=2),
        CRNGenerator=dict(in_channels=4, widths=(2, 2)),
        GlobalGenerator=dict(in_channels=4, base_channels=2, num_downsamples=1, num_blocks=1),
        LabelEncoderGenerator=dict(in_channels=4, base_channels=2, hidden_channels=2, encoder_channels=2),
        LGGANGenerator=dict(in_channels=4, base_channels=2, hidden_channels=2, num_blocks=1),
        LocalEnhancer=dict(in_channels=4, base_channels=2, num_blocks=1, num_global_downsamples=1, num_global_blocks=1),
        OASISGenerator=dict(in_channels=4, base_channels=2, hidden_channels=2),
        SPADEGenerator=dict(in_channels=4, base_channels=2, hidden_channels=2, spectral='all'),
        UNetGenerator=dict(in_channels=4, base_channels=2, num_downsamples=2)),
    HEADS: dict(
        DAGANHead=dict(in_channels=2, spatial=False),
        EdgeGuidedHead=dict(in_channels=2, num_classes=3, num_layers=1, semantic=False),
        LGGANHead=dict(in_channels=2, num_classes=3, join='sum'), LinearHead=dict(in_channels=2),
        RGBHead=dict(in_channels=2, kernel_size=3)),
    ENCODERS: dict(
        InstanceFeatureEncoder=dict(base_channels=2, num_downsamples=1),
        ObjectNoiseEncoder=dict(base_channels=2, latent_dim=4),
        PooledStyleEncoder=dict(base_channels=2, latent_dim=4), StyleEncoder=dict(base_channels=2, latent_dim=4)),
    DISCRIMINATORS: dict(
        BackboneDiscriminator=dict(num_classes=3, base_channels=2, weights='random'),
        AdaptiveDiscriminator=dict(in_channels=4, target=0.5, discriminator=dict(
            type='MultiScaleDiscriminator', base_channels=2)),
        AugmentedDiscriminator=dict(in_channels=4, operations=['flip'], discriminator=dict(
            type='MultiScaleDiscriminator', base_channels=2)),
        FeaturePyramidDiscriminator=dict(in_channels=4, base_channels=2),
        MultiScaleDiscriminator=dict(in_channels=4, base_channels=2, norm='batch'),
        OASISDiscriminator=dict(num_classes=3, base_channels=2, num_downsamples=2),
        SeparateDiscriminators=dict(in_channels=4, networks=dict(
            image=dict(type='MultiScaleDiscriminator', base_channels=2)))),
    LOSSES: dict(
        CRNLoss=dict(weights='random'), ClassScoreLoss=dict(weight=2.0), ClassSpecificLoss={},
        ContrastiveLoss=dict(temperature=0.5), DiversityLoss=dict(margin=0.2), FeatureMatchingLoss={},
        HingeLoss=dict(views=dict(image=2.0)), KLLoss={}, L1Loss=dict(weight=3.0), LabelMixLoss={},
        LeastSquaresLoss={}, PatchContrastLoss=dict(places=9), PerceptualLoss=dict(weights='random'),
        SegmentationAdversarialLoss=dict(focus=2), SegmentorFeatureLoss={}, SimilarityLoss=dict(stride=4),
        VanillaLoss={}),
    SEGMENTORS: dict(
        CSAILUPerNetSegmentor={}, DRNSegmentor={}, DeepLabV2Segmentor={},
        Segmentor=dict(config=tiny_segmentor.config(3), input_size=(32, 64))),
    EVALUATORS: dict(
        ClassIoU=dict(out='scores.json'),
        EfficientNetLiteStatistics=dict(lite=1, weights='nowhere.pth'), FeatureDiversity=dict(judge=JUDGE, pairs=3),
        FeatureStatistics=dict(judge=JUDGE, measures=['kernel']), FrechetDistance=dict(judge=JUDGE, name='mine'),
        FrechetEfficientNetLite0=dict(weights='nowhere.pth'), FrechetEfficientNetLite1=dict(weights='nowhere.pth'),
        FrechetInceptionDistance=dict(weights='nowhere.pth', resampling='nearest'),
        InceptionStatistics=dict(weights='nowhere.pth', neighbours=5),
        LPIPSDiversity=dict(weights='nowhere.pth'), SegmentationEvaluator=dict(judge=JUDGE, output='coarse')),
    TRANSFORMS: dict(
        CannyEdges={}, EdgesAsRaw={}, KeepFullSize={}, LoadEdges={}, LoadInstances={}, LoadLabel={}, LoadPhoto={},
        LoadRaw={}, PackScene={}, PasteObjects=dict(classes=['car'], most=2),
        ResizeScene=dict(scale=(8, 16)), ToSegmentorClasses=dict(class_map='identity'))}
ALL = [(registry, name) for registry, parts in BUILT.items() for name in parts]
WITHOUT_FILES = {'EfficientNetLiteStatistics', 'FrechetEfficientNetLite0', 'FrechetEfficientNetLite1',
                 'FrechetInceptionDistance', 'InceptionStatistics', 'LPIPSDiversity'}


def build(registry, name):
    kind = registry.get(name)
    part = kind.__new__(kind)
    if name in WITHOUT_FILES:  # arguments are kept before anything else is done
        with pytest.raises(FileNotFoundError):
            part.__init__(**BUILT[registry][name])
    else:
        part.__init__(**BUILT[registry][name])
    return part


@pytest.mark.parametrize('registry', BUILT, ids=lambda registry: registry.name)
def test_no_part_is_left_out(registry):
    registry.import_from_location()
    assert {name for name, kind in registry.module_dict.items() if kind.__module__.startswith('semsynth.')} == set(
        BUILT[registry])


@pytest.mark.parametrize(('registry', 'name'), ALL, ids=lambda each: each if isinstance(each, str) else '')
def test_arguments_are_shown_by_name(registry, name):
    shown = repr(build(registry, name))
    assert shown.startswith(f'{registry.get(name).__name__}(')
    for parameter in list(inspect.signature(registry.get(name).__init__).parameters.values())[1:]:
        if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
            assert f'{parameter.name}=' in shown
    for argument, value in BUILT[registry][name].items():
        assert f'{argument}=' in shown and (isinstance(value, dict) or f'{argument}={value!r}' in shown)


@pytest.mark.parametrize(('registry', 'name'), [(HEADS, 'RGBHead'), (LOSSES, 'HingeLoss'), (TRANSFORMS, 'ResizeScene')],
                         ids=lambda each: each if isinstance(each, str) else '')
def test_copies_show_the_same(registry, name):
    part = build(registry, name)
    assert repr(copy.deepcopy(part)) == repr(pickle.loads(pickle.dumps(part))) == repr(part)


def test_states_are_those_of_the_layers():
    assert set(build(HEADS, 'RGBHead').state_dict()) == {'convolution.weight', 'convolution.bias'}


def test_large_values_are_shortened():
    part = TRANSFORMS.build(dict(type='ToSegmentorClasses', class_map=list(range(10_000))))
    assert 'class_map=[0, 1, ' in repr(part) and len(repr(part)) < 200
