"""What is judged is augmented, real and synthesised alike, in both turns."""

import pytest
import torch

from helpers.augmented import SIZE, STUB, build
from helpers.facts import facts
from helpers.narrow import narrow
from helpers.stubs import batch, config
from semsynth.discriminators import AugmentedDiscriminator
from semsynth.discriminators.augmentation import OPERATIONS
from semsynth.engine.launch import build_runner
from semsynth.layout import Layout
from semsynth.losses import Loss
from semsynth.losses.step import Step
from semsynth.registry import LOSSES, MODELS


@LOSSES.register_module(force=True)
class PixelFeatures(Loss):
    reads = frozenset({'features', 'label_map'})

    def __init__(self, reads='features'):
        super().__init__()
        self.reads = frozenset({reads, 'label_map'})

    def for_generator(self, step):
        return step.outputs['image'].mean()


def moves_of(found, plain):
    """By how much each picture was shifted, down and right, found by trying."""
    def is_shift(one, other, down, right):
        rolled = torch.roll(other, (down, right), (-2, -1))
        inside = torch.ones(SIZE)
        inside[:max(down, 0)] = 0
        inside[SIZE[0] + min(down, 0):] = 0
        inside[:, :max(right, 0)] = 0
        inside[:, SIZE[1] + min(right, 0):] = 0
        return torch.allclose(one, rolled * inside)

    return [next((down, right) for down in range(-2, 3) for right in range(-2, 3) if is_shift(one, other, down, right))
            for one, other in zip(found, plain, strict=True)]


def test_real_and_synthesised_images_and_their_layouts_share_the_draws_of_a_turn():
    torch.manual_seed(3)
    model, data = build(operations=['translation']), batch(SIZE)
    step = model.synthesize(data['layout'], data['real'])
    seen, inner = [], model.discriminator.discriminator
    inner.register_forward_pre_hook(lambda module, arguments: seen.append(arguments[:2]))
    model.compute_losses('generator', step)  # synthesised first, real ones later
    assert len(seen) == 2
    moves = [moves_of(seen[0][1][:2], step.outputs['coarse']), moves_of(seen[0][1][2:], step.outputs['image']),
             moves_of(seen[1][1], data['real']['image'])]
    moves += [moves_of(layout.unstyled[:2], data['layout'].unstyled) for layout, _ in seen]
    assert all(each == moves[0] for each in moves) and len(set(moves[0])) == 2
    seen.clear()
    later = step.detach()
    model.compute_losses('discriminator', later)
    [(layout, images)] = seen  # all at once
    others = [moves_of(images[place:place + 2], picture) for place, picture in (
        (0, step.outputs['coarse']), (2, step.outputs['image']), (4, data['real']['image']))]
    others.append(moves_of(layout.unstyled[2:4], data['layout'].unstyled))
    assert all(each == others[0] for each in others) and others[0] != moves[0]


def test_gradient_flows_through_to_the_generator():
    model, data = build(operations=OPERATIONS), batch(SIZE)
    step = model.synthesize(data['layout'], data['real'])
    step.fake_verdicts['image'][0][-1].sum().backward()
    assert model.generator.head.fine.weight.grad.abs().sum() > 0


def test_in_evaluation_nothing_is_changed():
    model, data = build().eval(), batch(SIZE)
    image = data['real']['image']
    for own, inner in zip(model.discriminator(data['layout'], image)[0],
                          model.discriminator.discriminator(data['layout'], image)[0], strict=True):
        assert torch.equal(own, inner)


def test_without_a_turn_each_batch_has_a_draw():
    discriminator, data = build().discriminator, batch(SIZE)
    first, second = (discriminator(data['layout'], data['real']['image'])[0][-1] for _ in range(2))
    assert not torch.equal(first, second)


def test_logits_of_classes_are_moved_back():
    discriminator = AugmentedDiscriminator(6, dict(type='Recorder', num_classes=3), ['flip', 'translation'],
                                           num_classes=3)
    torch.manual_seed(0)
    data = batch(SIZE)
    image = data['real']['image']
    [verdict] = discriminator(data['layout'], image, ['image'])
    [(_, seen)] = discriminator.discriminator.seen
    assert not torch.equal(seen, image) and discriminator.returns_class_logits
    logits, inside = verdict[0][-1], verdict[0][-1][:, 3:].sum(1, keepdim=True)
    assert 0.6 < inside.mean() < 1
    torch.testing.assert_close(logits, torch.cat([image, data['layout'].unstyled], 1) * inside)


def test_it_stands_for_the_inner_one():
    inner = dict(type='SeparateDiscriminators', networks=dict(
        image=dict(type='OASISDiscriminator', base_channels=2, num_downsamples=2),
        edge=dict(type='MultiScaleDiscriminator', base_channels=2, norm='batch')))
    discriminator = AugmentedDiscriminator(7, inner, num_classes=4)
    assert discriminator.kinds == ('image', 'edge') and discriminator.size_divisor == 4
    assert discriminator.relates_images and discriminator.judge_of('image').returns_class_logits
    layout, images = Layout(label=torch.randint(4, (2, 32, 48)), num_classes=4), torch.rand(6, 3, 32, 48)
    verdicts = discriminator(layout.repeat(3), images, ['image', 'edge', 'image'])
    assert verdicts[0][0][-1].shape == (2, 5, 32, 48) and len(verdicts[1]) == 2
    inside = AugmentedDiscriminator(7, dict(inner, networks=dict(
        image=dict(type='AugmentedDiscriminator', discriminator=inner['networks']['image']))), num_classes=4)
    assert inside.judge_of('image').returns_class_logits


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['AugmentedDiscriminator', 'AdaptiveDiscriminator'])
def test_oasis_with_label_mix_and_its_latent(kind, toycity, tmp_path):
    settings = narrow('configs/oasis/oasis_toycity.py', toycity)
    settings.model.discriminator = dict(
        type=kind, discriminator=settings.model.discriminator, operations=list(OPERATIONS), probability=0.9)
    runner = build_runner(settings, work_dir=tmp_path)
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert {'train/discriminator/label_mix', 'train/discriminator/adversarial'} <= scalars.keys()
    assert ('train/augmentation/probability' in scalars) == (kind == 'AdaptiveDiscriminator')
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())


@pytest.mark.parametrize('at_once', [True, False])
def test_real_ones_are_told_from_synthesised_ones_of_the_same_name(at_once):
    real, outputs = dict(image=torch.ones(1, 3, 2, 2)), dict(image=-torch.ones(1, 3, 2, 2))
    told = []

    def discriminator(layout, images, kinds, turn, are_real, logits):
        told.extend(zip(images.mean((1, 2, 3)).tolist(), are_real, strict=True))
        return [[[images]] for _ in kinds]

    step = Step(Layout(label=torch.zeros(1, 2, 2, dtype=torch.long), num_classes=1), real, outputs,
                build().views | {}, discriminator, losses=None, player='discriminator', at_once=at_once)
    step.views = {'image': step.views['image']}
    step.fake_verdicts['image'], step.real_verdicts['image']
    step.judge(dict(image=torch.zeros(1, 3, 2, 2)))
    assert told == [(-1, False), (1, True), (0, False)]


@pytest.mark.parametrize(('arguments', 'message'), [
    (dict(operations=['color']), facts("'color'", 'colour, translation, flip, scale, cutout')),
    (dict(operations=[]), facts('operations is empty')),
    (dict(probability=1.5), facts('probability=1.5')),
    (dict(kind='AdaptiveDiscriminator', ramp=0), facts('ramp=0')),
    (dict(kind='AdaptiveDiscriminator', interval=0), facts('interval=0')),
    (dict(kind='AdaptiveDiscriminator', middle=0.5), facts('middle=0.5', 'losses.adversarial', 'middle=0.0'))])
def test_errors(arguments, message):
    with pytest.raises(ValueError, match=message):
        build(**arguments)


@pytest.mark.parametrize('reads', ['features', 'verdicts'])
def test_features_at_pixels_of_the_label_map_do_not_bear_geometry(reads):
    losses = dict(adversarial=dict(type='StubAdversarial'), own=dict(type='PixelFeatures', reads=reads))
    with pytest.raises(ValueError, match=facts('losses.own', 'translation', 'losses=dict(own=None)')):
        MODELS.build(config(losses=losses, discriminator=dict(type='AugmentedDiscriminator', discriminator=STUB)))
    assert MODELS.build(config(losses=losses, discriminator=dict(
        type='AugmentedDiscriminator', discriminator=STUB, operations=['colour', 'cutout'])))
