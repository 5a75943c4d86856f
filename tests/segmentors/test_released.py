"""The papers' judges read the released weights under their official names, and compute what these networks compute."""

import numpy as np
import pytest
import torch

from helpers.official import judges as official
from semsynth.evaluators import SegmentationEvaluator
from semsynth.label_spaces import CLASS_MAPS
from semsynth.registry import SEGMENTORS
from semsynth.segmentors import DRN, CSAILUPerNet, DeepLabV2, csail_upernet, deeplab_v2
from semsynth.segmentors.csail_upernet import size_at_test
from semsynth.segmentors.released import official_names

RESNET_50 = (3, 4, 6, 3)
TINY = dict(DRNSegmentor=dict(base_channels=8, num_blocks=(1, 2, 1, 1)),
            CSAILUPerNetSegmentor=dict(base_channels=8, depth=50), DeepLabV2Segmentor=dict(base_channels=8, depth=50))
FULL_SIZE = dict(
    DRN=(lambda: DRN(), lambda network: {}, official.drn_shapes(), 54_302_915),
    CSAILUPerNet=(lambda: CSAILUPerNet(), csail_upernet.official_layers,
                  {f'{part}.{name}': shape for part, shapes in zip(('encoder', 'decoder'), official.upernet_shapes(),
                                                                   strict=True) for name, shape in shapes.items()},
                  83_214_422),
    DeepLabV2=(lambda: DeepLabV2(), deeplab_v2.official_layers, official.deeplab_shapes(), 55_919_384))


def pictures(*size, seed=0):
    return torch.randint(0, 256, (2, 3, *size), generator=torch.Generator().manual_seed(seed)).float()


def saved(state, path, **kwargs):
    torch.save(state, path, **kwargs)
    return str(path)


@pytest.fixture
def tiny(tmp_path):
    """Each judge, narrow, with made-up weights under the official names; and what computes the same plainly."""
    def make(kind, **settings):
        if kind == 'DRNSegmentor':
            state = official.made_up(official.drn_shapes(8, (1, 2, 1, 1)))
            # as torch wrote files in 2017
            files = dict(checkpoint=saved(state, tmp_path / 'drn.pth', _use_new_zipfile_serialization=False))
            plain = lambda images: official.drn(state, images, (1, 2, 1, 1))
        elif kind == 'CSAILUPerNetSegmentor':
            states = [official.made_up(shapes, seed) for seed, shapes in
                      enumerate(official.upernet_shapes(8, RESNET_50))]
            files = {name: saved({f'module.{key}': value for key, value in state.items()}, tmp_path / f'{name}.pth')
                     for name, state in zip(('encoder', 'decoder'), states, strict=True)}
            plain = lambda images, **sizes: official.upernet(*states, images, RESNET_50, **sizes)
        else:
            state = official.made_up(official.deeplab_shapes(8, RESNET_50))
            norms = {name.replace('running_mean', 'num_batches_tracked'): torch.tensor(0)
                     for name in state if name.endswith('running_mean')}
            files = dict(checkpoint=saved(state | norms, tmp_path / 'deeplab.pth'))
            plain = lambda images: official.deeplab(state, images, RESNET_50)
        return SEGMENTORS.build(dict(type=kind, **files, **TINY[kind], **settings)), plain
    return make


@pytest.mark.parametrize('kind', FULL_SIZE)
def test_names_shapes_and_parameters_are_those_of_the_released_weights(kind):
    build, layers, shapes, parameters = FULL_SIZE[kind]
    with torch.device('meta'):
        network = build()
    own = network.state_dict()
    assert {theirs: tuple(own[ours].shape) for theirs, ours in official_names(network, layers(network)).items()} == {
        name: tuple(shape) for name, shape in shapes.items()}
    assert sum(each.numel() for each in network.parameters()) == parameters == sum(
        int(np.prod(shape)) for name, shape in shapes.items() if not name.endswith(('running_mean', 'running_var')))


def test_drn_has_the_number_of_parameters_that_its_authors_give():
    with torch.device('meta'):
        levels = sum(each.numel() for each in DRN().base.parameters())
    assert round((levels + 512 * 1000 + 1000) / 1e6, 1) == 54.8  # with the classifier of ImageNet's classes


@pytest.mark.parametrize('size', [(37, 54), pytest.param((48, 64), marks=pytest.mark.slow),
                                  pytest.param((33, 33), marks=pytest.mark.slow)])
@pytest.mark.parametrize('kind', TINY)
def test_it_computes_what_the_official_network_computes(kind, size, tiny):
    segmentor, plain = tiny(kind)
    images = pictures(*size)
    found = segmentor(images / 127.5 - 1)
    expected = plain(images)
    assert found.shape == expected.shape and found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=1e-3, atol=1e-5)
    assert expected.amax(1).mean() > 2 / expected.shape[1]  # not all classes are equally likely


@pytest.mark.parametrize('kind', TINY)
def test_gradient_reaches_the_image_in_both_memory_formats(kind, tiny):
    segmentor, _ = tiny(kind)
    slopes = []
    for memory_format in (torch.contiguous_format, torch.channels_last):
        x = (pictures(33, 41)[:1] / 127.5 - 1).contiguous(memory_format=memory_format).requires_grad_()
        probabilities, features = segmentor.segment(x)
        (probabilities[:, 3].log().sum() + features[-1].sum()).backward()
        slopes.append(x.grad)
    assert slopes[0].abs().sum() > 0
    torch.testing.assert_close(*slopes, rtol=1e-3, atol=1e-4)
    assert all(torch.equal(one, other) for one, other in zip(features, segmentor.features(x), strict=True))
    assert not any(each.requires_grad for each in segmentor.frozen.network.parameters()) and not segmentor.state_dict()


def test_an_input_size_is_a_resized_image(tiny):
    segmentor, _ = tiny('DeepLabV2Segmentor', input_size=(48, 64))
    whole, _ = tiny('DeepLabV2Segmentor')
    x = pictures(24, 40) / 127.5 - 1
    resized = torch.nn.functional.interpolate(x, (48, 64), mode='bilinear', antialias=True)
    assert segmentor(x).shape == (2, 182, 24, 40)
    for one, other in zip(segmentor.features(x), whole.features(resized), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)


def test_csails_test_at_several_sizes_is_the_mean_of_their_probabilities(tiny):
    segmentor, plain = tiny('CSAILUPerNetSegmentor', test_sizes=[32, 60])
    images = pictures(40, 50)
    torch.testing.assert_close(segmentor(images / 127.5 - 1).double(), plain(images, sizes=[(32, 64), (64, 96)]),
                               rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(('size', 'length', 'expected'), [
    ((256, 256), 300, (320, 320)), ((256, 512), 600, (512, 1024)), ((480, 640), 450, (480, 608))])
def test_sizes_of_csails_test(size, length, expected):
    """The longer side is at most 1000 before both are rounded up to multiples of 32."""
    assert size_at_test(size, length) == expected


def test_classes_and_maps():
    built = {kind: SEGMENTORS.build(dict(type=kind, **settings)) for kind, settings in TINY.items()}
    city, rooms, coco = built.values()
    assert city.classes[:3] == ('road', 'sidewalk', 'building') and len(city.classes) == 19
    assert rooms.classes[:3] == ('wall', 'building', 'sky') and len(rooms.classes) == 150
    assert coco.classes[0] == 'person' and coco.classes[11] == 'street sign' and len(coco.classes) == 182
    coco.check_layout(183, 182)  # of COCOStuffDataset, without a class map
    assert coco.to_classes(torch.tensor([0, 11, 181, 182])).tolist() == [0, 11, 181, 255]
    for kind, layout in (('DRNSegmentor', 'cityscapes_35_to_19'), ('CSAILUPerNetSegmentor', 'ade20k_151_to_150')):
        segmentor = SEGMENTORS.build(dict(type=kind, class_map=layout, **TINY[kind]))
        assert segmentor.table.tolist() == list(CLASS_MAPS[layout])
    own = SEGMENTORS.build(dict(type='DRNSegmentor', classes=['road', 'sky'], **TINY['DRNSegmentor']))
    assert own(torch.zeros(1, 3, 9, 9)).shape == (1, 2, 9, 9)


@pytest.mark.parametrize('name', ['DRNSegmentor', 'CSAILUPerNetSegmentor', 'DeepLabV2Segmentor'])
def test_missing_weights_say_where_they_are_published(name):
    files = dict(encoder='encoder_epoch_50.pth', decoder='none.pth') if name == 'CSAILUPerNetSegmentor' else dict(
        checkpoint='none.pth')
    with pytest.raises(FileNotFoundError) as error:
        SEGMENTORS.build(dict(type=name, **files, **TINY[name]))
    place = dict(DRNSegmentor='http://go.yf.io/drn-cityscapes-models', DeepLabV2Segmentor='releases/download/v1.0/',
                 CSAILUPerNetSegmentor='http://sceneparsing.csail.mit.edu/model/pytorch/ade20k-resnet101-upernet')[name]
    assert place in str(error.value) and next(iter(files.values())) in str(error.value)


def test_weights_of_another_network_are_refused(tmp_path):
    state = official.made_up(official.drn_shapes(8, (1, 2, 1, 1)))
    state['seg.weight'] = state['seg.weight'][:7]
    state['more'] = state.pop('base.0.0.weight')
    path = saved(state, tmp_path / 'drn.pth')
    with pytest.raises(ValueError, match=r'DRNSegmentor: the weights .*drn\.pth are those of another network: they '
                                         r'lack base\.0\.0\.weight; they have, but should not have more; they have in '
                                         r'another shape seg\.weight \(7, 64, 1, 1\) instead of \(19, 64, 1, 1\)'):
        SEGMENTORS.build(dict(type='DRNSegmentor', checkpoint=path, **TINY['DRNSegmentor']))


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(type='DRNSegmentor', input_size=(0, 4)), r'input_size=\(0, 4\), expected height and width'),
    (dict(type='CSAILUPerNetSegmentor', encoder='a.pth'), r'encoder=a\.pth and decoder=None.* both\. Encoder_epoch'),
    (dict(type='CSAILUPerNetSegmentor', test_sizes=(300,), input_size=(8, 8)), r'test_sizes=\(300,\) with input'),
    (dict(type='CSAILUPerNetSegmentor', test_sizes=()), r'test_sizes=\(\) with input_size=None: give lengths')])
def test_settings_that_cannot_be(settings, message):
    with pytest.raises(ValueError, match=message):
        SEGMENTORS.build(settings | TINY[settings['type']])


def test_it_judges(tiny, tmp_path):
    """By the evaluator, on labels in a layout's indices."""
    segmentor, plain = tiny('DRNSegmentor')
    evaluator = SegmentationEvaluator(
        dict(type='DRNSegmentor', checkpoint=str(tmp_path / 'drn.pth'), class_map='cityscapes_35_to_19',
             **TINY['DRNSegmentor']), protocol='cityscapes-drn-d-105-v1')
    evaluator.check_layout(35, None)
    images = pictures(24, 40)
    label = torch.randint(0, 35, (24, 40), generator=torch.Generator().manual_seed(1))
    evaluator.process(None, [dict(name='a', outputs=dict(image=images[0].byte()), label=label, real={})])
    scores = evaluator.evaluate(1)
    predicted = plain(images)[0].argmax(0)
    target = torch.tensor(CLASS_MAPS['cityscapes_35_to_19'])[label]
    assert scores['aAcc'] == pytest.approx(100 * (predicted == target)[target != 255].double().mean().item())
    assert evaluator.protocol['name'] == 'cityscapes-drn-d-105-v1'
    assert evaluator.judges == dict(judge=segmentor.weights_hash)
