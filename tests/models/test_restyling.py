"""Styles per instance, learnt: squares of a colour that only the photo knows are recoloured one at a time."""

import numpy as np
import pytest
import torch
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmengine.registry import DefaultScope

from semsynth.apis.style_encoding import find_instances
from semsynth.registry import MODELS
from semsynth.styles import vectors_of
from semsynth.styles.clustering import cluster_styles

SIZE = 32
COLOURS = np.array([[220, 30, 30], [40, 60, 230]], np.uint8)


def scene(seed):
    """A gray ground 7, and two squares, 33001 and 2**31 + 5, each of some colour."""
    dice = np.random.default_rng(seed)
    instance, label = np.full((SIZE, SIZE), 7), np.zeros((SIZE, SIZE), np.uint8)
    photo = np.full((SIZE, SIZE, 3), 120, np.uint8)
    for identity, left in ((33_001, 3), (2**31 + 5, 18)):
        top = dice.integers(2, 22)
        window = np.s_[top:top + 8, left:left + 8]
        instance[window], label[window], photo[window] = identity, 1, COLOURS[dice.integers(len(COLOURS))]
    inputs = dict(label=label, instance=instance, image=photo.transpose(2, 0, 1))
    return {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in inputs.items()}


def collated(seeds):
    scenes = [scene(seed) for seed in seeds]
    return dict(inputs={name: [each[name] for each in scenes] for name in scenes[0]},
                sample=dict(name=[f'scene {seed}' for seed in seeds]))


@pytest.fixture(scope='module')
def model():
    """Trained for a few seconds by L1 alone."""
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(dict(
            type='Synthesizer',
            data_preprocessor=dict(type='LayoutPreprocessor', num_classes=2, instances=True),
            generator=dict(type='GlobalGenerator', base_channels=8, num_downsamples=1, num_blocks=0,
                           head=dict(type='RGBHead')),
            encoder=dict(type='InstanceFeatureEncoder', base_channels=8, num_downsamples=0),
            losses=dict(pixel=dict(type='L1Loss'))))
    parameters = [*model.generator.parameters(), *model.encoder.parameters()]
    optimisers = OptimWrapperDict(generator=OptimWrapper(torch.optim.Adam(parameters, 2e-3)))
    for step in range(160):
        model.train_step(collated(range(4 * step, 4 * step + 4)), optimisers)
    return model.eval()


@pytest.fixture(scope='module')
def bank(model):
    return cluster_styles(find_instances(model, [collated(range(8)), collated(range(8, 16))]), ('ground', 'square'), 2)


def image(model, layout):
    with torch.no_grad():
        return model(layout)['image'][0]


@pytest.mark.slow
def test_clusters_are_the_colours(bank):
    found = bank.instances
    assert len(found) == 48 and found.areas[found.owners == 1].tolist() == [64] * 32
    pairs = set()
    for place in (found.owners == 1).nonzero().flatten().tolist():
        of = scene(int(found.scenes[place]))
        pairs.add((int(bank.members[place]), *of['image'][:, of['instance'] == found.ids[place]][:, 0].tolist()))
    assert len(pairs) == len(COLOURS)


@pytest.mark.parametrize('identity', [33_001, 2**31 + 5])
def test_another_style_changes_that_instance_alone(model, bank, identity):
    layout = model.data_preprocessor(collated([100]))['layout']
    inside = layout.instance[0] == identity
    red, blue = (image(model, bank.draw(layout, [0], [{identity: style}])) for style in bank.clusters(1))
    change = (red - blue).abs().mean(0)
    assert change[inside].mean() > 0.5 > 10 * change[~inside].mean()


def test_a_style_can_be_that_of_another_instance(model, bank):
    of_two_colours = next(seed for seed in range(9) if len(scene(seed)['image'].unique()) == 6)
    batch = model.data_preprocessor(collated([of_two_colours]))
    with torch.no_grad():
        styles = vectors_of(model.encoder(batch['layout'], batch['real']['image']))[0]
    swapped = image(model, bank.draw(batch['layout'], [0], [styles | {33_001: styles[2**31 + 5]}]))
    mine, theirs = (batch['layout'].instance[0] == identity for identity in (33_001, 2**31 + 5))
    real = batch['real']['image'][0]
    to_mine, to_theirs = ((swapped[:, mine] - real[:, where].mean(1, keepdim=True)).abs().mean()
                          for where in (mine, theirs))
    assert 3 * to_theirs < to_mine


def test_seeds_decide(model, bank):
    layout = model.data_preprocessor(collated([100]))['layout']
    looks = [image(model, bank.draw(layout, [seed])) for seed in range(9)]
    assert torch.equal(looks[0], image(model, bank.draw(layout, [0])))
    assert len({look.numpy().tobytes() for look in looks}) > 3
