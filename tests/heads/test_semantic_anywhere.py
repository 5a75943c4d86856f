"""The semantic preserving module "can be plugged into other existing architectures ... to refine the output" (3.2)."""

import pytest
import torch
from mmengine.registry import DefaultScope

from helpers import stubs
from helpers.facts import facts
from helpers.settle import settle
from semsynth.registry import MODELS

CLASSES, HEIGHT, WIDTH = 5, 61, 75
HEAD = dict(type='EdgeGuidedHead', num_classes=CLASSES, edges=False, transfer=False, class_specific=False,
            embedding_channels=None)
GENERATORS = dict(
    GlobalGenerator=dict(base_channels=2, num_downsamples=2, num_blocks=1),
    LocalEnhancer=dict(base_channels=2, num_enhancers=1, num_blocks=1, num_global_downsamples=1, num_global_blocks=1),
    UNetGenerator=dict(base_channels=2, num_downsamples=3),
    CRNGenerator=dict(widths=(4, 4, 2)),
    OASISGenerator=dict(base_channels=2, hidden_channels=4, latent_dim=3),
    CCFPSEGenerator=dict(base_channels=2, hidden_channels=4, pyramid_channels=3),
    SPADEGenerator=dict(base_channels=2, hidden_channels=4),
    BackboneGenerator=dict(feature_channels=4, backbone=dict(type='ResNetV1c', depth=18, base_channels=2,
                                                             stem_channels=2)))


def build(name, semantic=True):
    config = stubs.config(
        data_preprocessor=dict(type='LayoutPreprocessor', num_classes=CLASSES),
        generator=dict(GENERATORS[name], type=name, head=dict(HEAD, semantic=semantic)))
    torch.manual_seed(1)
    with DefaultScope.overwrite_default_scope('semsynth'):
        return MODELS.build(config)


def scenes():
    """Two scenes of an odd size, which the preprocessor pads."""
    return dict(inputs=dict(label=[torch.randint(CLASSES, (HEIGHT, WIDTH)).byte() for _ in range(2)],
                            image=[torch.randint(256, (3, HEIGHT, WIDTH)).byte() for _ in range(2)]),
                sample=dict(name=['a', 'b']))


@pytest.mark.parametrize('name', GENERATORS)
def test_every_part_learns_in_one_step(name):
    model, data = build(name), scenes()
    assert {view: (each.real, each.weight) for view, each in model.views.items()} == dict(
        coarse=('image', 1), image=('image', 2))
    players = stubs.players(model, torch.optim.Adam, lr=0.01)
    shares = model.train_step(data, players)
    assert set(shares) == {'generator/adversarial', 'generator/matching', 'discriminator/adversarial'}
    assert all(share.isfinite() for share in shares.values())
    moments = players['generator'].optimizer.state  # of all parameters that got a gradient
    assert [key for key, parameter in model.generator.named_parameters() if parameter not in moments] == []
    model.eval()
    for result in model.val_step(data):
        assert {output.shape for output in result['outputs'].values()} == {(3, HEIGHT, WIDTH)}


@pytest.mark.parametrize('name', GENERATORS)
def test_nothing_else_is_changed(name):
    """What the module refines is the image of the same generator without it."""
    refined, plain = settle(build(name)), build(name, semantic=False).eval()
    state = refined.generator.state_dict()
    plain.generator.load_state_dict({key: value for key, value in state.items() if 'semantic' not in key})
    layout = refined.data_preprocessor(scenes())['layout'].with_latent(torch.randn(2, 3))
    with torch.no_grad():
        assert torch.equal(refined(layout)['coarse'], plain(layout)['image'])


def test_a_head_of_other_classes_is_refused_when_it_is_built(monkeypatch):
    monkeypatch.setitem(HEAD, 'num_classes', CLASSES + 1)
    with pytest.raises(ValueError, match=facts('generator.head', 'EdgeGuidedHead', 'num_classes=6', '5')):
        build('UNetGenerator')
