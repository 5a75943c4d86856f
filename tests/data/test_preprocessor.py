import pytest
import torch
from mmengine.dataset import pseudo_collate

from helpers.facts import facts
from semsynth.data import LayoutPreprocessor
from semsynth.layout import boundary_map
from semsynth.registry import MODELS


def sample(name='x', height=5, width=7, classes=4, image=True, instance=True):
    inputs = dict(label=torch.randint(0, classes, (height, width), dtype=torch.uint8))
    if instance:
        inputs['instance'] = torch.randint(0, 2**40, (height, width))
    if image:
        inputs['image'] = torch.randint(0, 256, (3, height, width), dtype=torch.uint8)
        inputs['edge'] = torch.randint(0, 2, (1, height, width), dtype=torch.uint8).mul(255)
    return dict(inputs=inputs, sample=dict(name=name, size=(height, width)))


def build(**kwargs):
    return MODELS.build(dict(type='LayoutPreprocessor', num_classes=4, **kwargs))


def test_batch():
    samples = [sample('a'), sample('b')]
    preprocessor = build(unknown=3, instances=True)
    assert preprocessor.channels == 5
    batch = preprocessor(pseudo_collate(samples), training=True)
    layout, real = batch['layout'], batch['real']
    assert (layout.num_classes, layout.unknown, layout.label.dtype) == (4, 3, torch.int64)
    assert layout.condition.shape == (2, 5, 5, 7)
    assert torch.equal(layout.instance[1], samples[1]['inputs']['instance'])
    for key in ('image', 'edge'):
        expected = torch.stack([part['inputs'][key] for part in samples]).double() / 255 * 2 - 1
        torch.testing.assert_close(real[key].double(), expected.expand(-1, 3, -1, -1), atol=1e-6, rtol=0)
    assert batch['samples'] == [dict(name='a', size=(5, 7)), dict(name='b', size=(5, 7))]


@pytest.mark.parametrize('channels', [3, 1])
def test_what_lies_on_disk_passes_through(channels):
    """At each scene's own size, from the samples to the results."""
    samples, preprocessor = [sample('a'), sample('b')], build(instances=True)
    preprocessor.size_divisor, preprocessor.image_channels = 4, channels
    for part, size in zip(samples, ((11, 15), (9, 30)), strict=True):
        part['sample']['full'] = {key: sample('', *size)['inputs'][key] for key in ('label', 'image')}
    batch = preprocessor(pseudo_collate(samples))
    results = preprocessor.unbatch(batch['layout'], {}, batch['real'], batch['samples'])
    for part, result in zip(samples, results, strict=True):
        label, image = part['sample']['full'].values()
        assert torch.equal(result['full']['label'], label.long())
        if channels == 1:
            red, green, blue = image.double()
            gray = (0.299 * red + 0.587 * green + 0.114 * blue)[None]
            assert (result['full']['image'].double() - gray).abs().max() <= 0.51
        assert result['full']['image'].dtype == torch.uint8 and result['full']['image'].shape[0] == channels
        assert channels == 1 or torch.equal(result['full']['image'], image)
    batch = preprocessor(pseudo_collate([sample('a')]))
    assert 'full' not in preprocessor.unbatch(batch['layout'], {}, batch['real'], batch['samples'])[0]


def test_layouts_alone():
    preprocessor = LayoutPreprocessor(4)
    batch = preprocessor(pseudo_collate([sample(image=False)]))
    assert batch['real'] == {}
    assert batch['layout'].instance is None
    assert preprocessor.channels == batch['layout'].condition.shape[1] == 4


@pytest.mark.parametrize('height, width', [(5, 7), (8, 4), (1, 1), (46, 62)])
def test_padding_replicates_and_unbatch_crops(height, width):
    preprocessor = build(instances=True)
    preprocessor.size_divisor = 4
    one = sample('odd', height, width)
    batch = preprocessor(pseudo_collate([one]))
    layout = batch['layout']
    high, wide = -(-height // 4) * 4, -(-width // 4) * 4
    assert layout.size == batch['real']['image'].shape[-2:] == (high, wide)
    for y in range(high):
        for x in range(wide):
            inside = min(y, height - 1), min(x, width - 1)
            assert layout.label[0, y, x] == one['inputs']['label'][inside]
            assert layout.instance[0, y, x] == one['inputs']['instance'][inside]
    boundary = boundary_map(layout.instance)[0, 0]
    assert torch.equal(boundary[:height, :width], boundary_map(one['inputs']['instance'][None])[0, 0])
    assert not (boundary[height:, :-1] != boundary[height:, 1:]).any() or width > 1
    outputs = dict(image=batch['real']['image'], embedding=torch.zeros(1, 8, high, wide))
    result, = preprocessor.unbatch(layout, outputs, batch['real'], batch['samples'])
    assert result['name'] == 'odd'
    assert list(result['outputs']) == ['image']
    assert torch.equal(result['outputs']['image'], one['inputs']['image'])
    assert torch.equal(result['real']['edge'], one['inputs']['edge'].expand(3, -1, -1))
    assert torch.equal(result['label'], one['inputs']['label'].long())
    assert result['outputs']['image'].dtype == torch.uint8


def test_each_sample_may_have_its_own_type_of_ids():
    """As packing leaves them, each as narrow as it may be."""
    samples = [sample(), sample(), sample()]
    ids = [torch.tensor(255, dtype=torch.uint8), torch.tensor(33_001, dtype=torch.int32), torch.tensor(-2**31)]
    for one, id in zip(samples, ids, strict=True):
        one['inputs']['instance'] = id.expand(5, 7)
    preprocessor = build(instances=True)
    preprocessor.size_divisor = 4
    instance = preprocessor(pseudo_collate(samples))['layout'].instance
    assert instance.dtype == torch.int64 and instance.shape == (3, 8, 8)
    assert [part.unique().tolist() for part in instance] == [[255], [33_001], [-2**31]]


def test_unbatch_clamps_and_rounds():
    preprocessor = LayoutPreprocessor(4)
    batch = preprocessor(pseudo_collate([sample(image=False, height=1, width=4)]))
    values = torch.tensor([-2.0, -1 + 1 / 255 * 0.9, 0.0, 1.7]).expand(1, 3, 1, 4)
    result, = preprocessor.unbatch(batch['layout'], dict(image=values.requires_grad_()), {}, batch['samples'])
    assert result['outputs']['image'][0].tolist() == [[0, 0, 128, 255]]
    assert result['real'] == {}


def test_a_batch_of_several_sizes():
    with pytest.raises(ValueError, match=facts(
            'label map of a is 5x7', 'label of b is 5x8', 'image_size', 'batch_size=1')):
        build()(pseudo_collate([sample('a'), sample('b', width=8)]))
    crooked = sample('a')
    crooked['inputs']['image'] = crooked['inputs']['image'][:, :4]
    with pytest.raises(ValueError, match=r'the label map of a is 5x7, but the image of a is 4x7'):
        build()(pseudo_collate([crooked]))


def test_missing_instances():
    with pytest.raises(ValueError, match=facts('instances=True', 'no instance maps', 'instances=True', 'False')):
        build(instances=True)(pseudo_collate([sample(instance=False)]))


@pytest.mark.parametrize('value, dtype', [(200, torch.uint8), (-1, torch.int64), (4, torch.int64)])
def test_labels_that_are_no_class(value, dtype):
    wrong = sample('w')
    wrong['inputs']['label'] = torch.zeros(5, 7, dtype=dtype)
    wrong['inputs']['label'][2, 3] = value
    with pytest.raises(ValueError, match=facts(
            'num_classes=4', 'label map of w', f'{min(value, 0)}..{max(value, 0)}', 'num_classes')):
        build()(pseudo_collate([wrong]))


@pytest.mark.gpu
def test_on_the_gpu():
    preprocessor = build(instances=True).cuda()
    batch = preprocessor(pseudo_collate([sample('a'), sample('b')]))
    assert batch['layout'].device.type == batch['real']['edge'].device.type == 'cuda'
    results = preprocessor.unbatch(batch['layout'], dict(image=batch['real']['image']), batch['real'], batch['samples'])
    assert results[1]['outputs']['image'].device.type == 'cpu'
