from types import SimpleNamespace

import pytest
import torch

from semsynth.heads import EdgeGuidedHead, RGBHead
from semsynth.layout import Layout


@pytest.mark.parametrize('final', ['image', 'class_specific'])
def test_images_stay_as_they_are(final):
    head = EdgeGuidedHead(in_channels=4, num_classes=3, num_layers=1, embedding_channels=2, final=final)
    features, layout = torch.randn(1, 4, 6, 8), Layout(torch.randint(3, (1, 6, 8)), 3)
    before = head(features, layout)
    head.drop_extras()
    after = head(features, layout)
    assert set(before) - set(after) == {'embedding'} | ({'class_specific'} if final == 'image' else set())
    assert set(head.outputs) == set(head.views) <= set(after)
    assert all(torch.equal(after[name], before[name]) for name in after)
    assert not any(name.startswith('embedding') for name, _ in head.named_parameters())


def test_a_head_without_extras_keeps_all():
    head = RGBHead(in_channels=2)
    head.drop_extras()
    assert head.outputs == ('image',)


OFF = dict(edges=False, transfer=False, semantic=False, class_specific=False, embedding_channels=None)


def build(**switches):
    return EdgeGuidedHead(in_channels=4, num_classes=3, num_layers=2, **switches)


def scene():
    return torch.randn(2, 4, 6, 8), Layout(torch.randint(3, (2, 6, 8)), 3, unknown=1)


def leaky(x):
    return torch.maximum(x, 0.2 * x)


@torch.no_grad()
def test_fixed_shapes_compute_the_same(monkeypatch):
    head, (features, layout) = build(), scene()
    before = head(features, layout)
    head.fix_shapes()
    monkeypatch.delattr('semsynth.heads.ecgan_parts.class_specific_image')  # whose shapes depend on the label map
    for name, after in head(features, layout).items():
        torch.testing.assert_close(after, before[name], atol=1e-6, rtol=0)


def test_label_maps_must_have_the_classes_that_are_read():
    parts = lambda num_classes: SimpleNamespace(num_classes=num_classes)
    for head in (RGBHead(in_channels=2), build(**OFF)):
        head.check(parts(0))
        head.check(parts(9))
    build().check(parts(3))
    with pytest.raises(ValueError, match='num_classes=3, but the layout has 9'):
        build().check(parts(9))
    with pytest.raises(ValueError, match='num_classes=0: switch off what reads them'):
        build(class_specific=False).check(parts(0))


@pytest.mark.parametrize(('switches', 'names', 'absent'), [
    ({}, {'edge', 'attention', 'levels', 'before', 'after', 'classes'}, []),
    (OFF, set(), ['the edge map', 'attention maps', 'class channels']),
    (dict(OFF, edges=True), {'edge'}, ['attention maps', 'class channels']),
    (dict(OFF, semantic=True), {'classes'}, ['the edge map', 'attention maps']),
    (dict(OFF, edges=True, transfer=True), {'edge', 'attention', 'levels', 'before', 'after'}, ['class channels'])])
@torch.no_grad()
def test_inner_values_are_those_of_the_parts_that_are_on(switches, names, absent):
    head, (features, layout) = build(**switches), scene()
    values, outputs = head.inner_values(features, layout), head(features, layout)
    assert set(values) == names
    assert [each.split(' and ')[0].split(' (')[0] for each in head.switched_off] == absent
    if 'edge' in names:
        assert torch.equal(values['edge'], outputs['edge'])
    if 'after' in names:
        assert torch.equal(values['after'], outputs['coarse' if 'coarse' in outputs else 'image'])
        torch.testing.assert_close(values['after'], values['attention'] * values['before'] + values['before'])
        assert [tuple(level.shape) for level in values['levels']] == [(2, 4, 6, 8)] * 2
    if 'classes' in names:
        image = torch.tanh(head.semantic.to_image(leaky(head.semantic.to_channels(leaky(values['classes'])))))
        torch.testing.assert_close(image, outputs['image'])
    plain = RGBHead(in_channels=4)
    assert plain.inner_values(features, layout) == {} and plain.switched_off == []


@pytest.mark.parametrize(('switches', 'captions'), [
    ({}, dict(coarse="I'", image="I''", class_specific='class-specific image (eq. 7)')),
    (dict(final='class_specific'), dict(coarse="I'", refined="I''", image='the image of eq. 7')),
    (OFF, dict(image="I'")),
    (dict(OFF, class_specific=True, final='class_specific'), dict(coarse="I'", image='the image of eq. 7'))])
def test_captions_name_every_image_of_the_scene(switches, captions):
    head = build(**switches)
    assert head.captions == captions
    assert {name for name, view in head.views.items() if view.is_image} <= captions.keys() <= set(head.outputs)
    assert RGBHead(in_channels=2).captions == dict(image='the image')
