"""What is judged is augmented, real and synthesised alike, in both turns; the probability adapts, and is resumed."""

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import distributed

from helpers.facts import facts
from helpers.narrow import narrow
from helpers.ranks import run_ranks
from helpers.stubs import batch, config, players
from helpers.toy_run import KillHook, assert_equal, run, weights  # noqa: F401
from semsynth.discriminators import AdaptiveDiscriminator, AugmentedDiscriminator, Discriminator
from semsynth.discriminators.augmentation import OPERATIONS
from semsynth.engine.launch import build_runner
from semsynth.layout import Layout
from semsynth.losses import Loss
from semsynth.losses.step import Step
from semsynth.registry import DISCRIMINATORS, LOSSES, MODELS

STUB = dict(type='StubDiscriminator')
SIZE = (12, 16)


@DISCRIMINATORS.register_module(force=True)
class Recorder(Discriminator):
    """Keeps what it was given; its logits are the pictures themselves."""

    filled_in = ('in_channels', 'num_classes')
    returns_class_logits = True

    def __init__(self, in_channels, num_classes=3):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen = []

    def judge(self, layout, image):
        self.seen.append((layout, image.detach()))
        return [[torch.cat([image * self.weight, layout.unstyled], 1)]]


@LOSSES.register_module(force=True)
class PixelFeatures(Loss):
    reads = frozenset({'features', 'label_map'})

    def __init__(self, reads='features'):
        super().__init__()
        self.reads = frozenset({reads, 'label_map'})

    def for_generator(self, step):
        return step.outputs['image'].mean()


def build(kind='AugmentedDiscriminator', discriminator=STUB, **arguments):
    return MODELS.build(config(discriminator=dict(type=kind, discriminator=discriminator, **arguments)))


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


def plain_probability(signs, counts, target, ramp, interval, start):
    probability, total, images = start, 0.0, 0
    for number, (sign, count) in enumerate(zip(signs, counts, strict=True), 1):
        total, images = total + sign * count, images + count
        if number % interval == 0:
            mean = total / images
            probability += ((mean > target) - (mean < target)) * images / ramp
            probability = min(max(probability, 0), 1)
            total, images = 0.0, 0
    return probability


class FakeTurn:
    def __init__(self, player='discriminator'):
        self.player, self.logged, self.kept = player, {}, {}

    def once(self, key, compute):
        if key not in self.kept:
            self.kept[key] = compute()
        return self.kept[key]


@pytest.mark.parametrize('middle', [0.0, 0.5])
def test_the_probability_follows_the_signs(middle):
    torch.manual_seed(0)
    discriminator = AdaptiveDiscriminator(6, STUB, probability=0.4, ramp=60, interval=3, middle=middle)
    signs, counts, found = [], [], []
    for number in range(30):
        count = 1 + number % 4
        scores = [[torch.randn(count, 1, 3, 4) + middle + 2 * (number % 7 > 2), torch.randn(count, 1, 2, 2) + middle]]
        signs.append(sum((scale - middle).sign().mean().item() for scale in scores[0]) / 2)
        counts.append(count)
        turn = FakeTurn()
        discriminator.heed(scores, turn)
        found.append(discriminator.probability.item())
        assert turn.logged['augmentation/sign_of_real'].item() == pytest.approx(signs[-1], abs=1e-6)
        assert turn.logged['augmentation/probability'].item() == found[-1]
        assert found[-1] == pytest.approx(
            plain_probability(signs, counts, 0.6, 60, 3, 0.4), abs=1e-5)
    assert len(set(found)) > 3


def test_the_probability_stays_between_0_and_1():
    discriminator = AdaptiveDiscriminator(6, STUB, ramp=4, interval=1)
    for score, expected in ((-1, 0), (1, 0.5), (1, 1), (1, 1), (-1, 0.5)):
        discriminator.heed([[score * torch.ones(2, 1, 4, 4)]], FakeTurn())
        assert discriminator.probability.item() == expected


def test_only_real_images_of_its_own_turn_count():
    model, data = build('AdaptiveDiscriminator', ramp=10, interval=1), batch(SIZE)
    with torch.no_grad():
        model.discriminator.discriminator.last.bias.fill_(100)  # sure of everything
    step = model.synthesize(data['layout'], data['real'])
    model.compute_losses('generator', step)
    assert model.discriminator.probability == 0 and not step.logged
    later = step.detach()
    later.fake_verdicts['image']
    model.compute_losses('discriminator', later)
    assert model.discriminator.probability.item() == pytest.approx(0.2)  # two images of ten
    assert later.logged['augmentation/sign_of_real'] == 1


@pytest.mark.parametrize('at_once', [True, False])
def test_real_ones_are_told_from_synthesised_ones_of_the_same_name(at_once):
    real, outputs = dict(image=torch.ones(1, 3, 2, 2)), dict(image=-torch.ones(1, 3, 2, 2))
    told = []

    def discriminator(layout, images, kinds, turn, are_real):
        told.extend(zip(images.mean((1, 2, 3)).tolist(), are_real, strict=True))
        return [[[images]] for _ in kinds]

    step = Step(Layout(label=torch.zeros(1, 2, 2, dtype=torch.long), num_classes=1), real, outputs,
                build().views | {}, discriminator, losses=None, player='discriminator', at_once=at_once)
    step.views = {'image': step.views['image']}
    step.fake_verdicts['image'], step.real_verdicts['image']
    step.judge(dict(image=torch.zeros(1, 3, 2, 2)))
    assert told == [(-1, False), (1, True), (0, False)]


def test_logits_of_classes_are_scored_by_the_odds_of_any_class():
    discriminator = AdaptiveDiscriminator(6, dict(type='Recorder'), ['colour'], num_classes=3, interval=1, ramp=10)
    turn = FakeTurn()
    logits = torch.zeros(2, 3, *SIZE)  # with the one-hot channels: log(2 + 2 + e) against 0
    logits[:, 0, :, 4:] = 5  # synthesised
    data = batch(SIZE)
    discriminator(data['layout'], logits, ['image'], turn, [True])
    assert turn.logged['augmentation/sign_of_real'].item() == pytest.approx(4 / 16 - 12 / 16)


def test_the_log_has_the_probability():
    model, data = build('AdaptiveDiscriminator', probability=0.25), batch(SIZE)
    logs = model.update_players(data['layout'], data['real'], players(model))
    assert logs['augmentation/probability'] == 0.25 and -1 <= logs['augmentation/sign_of_real'] <= 1


ADAPTIVE = {'model.discriminator': dict(
    _delete_=True, type='AdaptiveDiscriminator', discriminator=STUB, probability=0.5, ramp=100, target=0.1, interval=3)}


def test_a_run_resumes_bitwise_with_its_probability(tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    assert run(whole, **ADAPTIVE) == [0]
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=7, moment='iteration')}
    assert run(cut, **ADAPTIVE, **kill) == [-9]
    assert run(cut, resume=True, **ADAPTIVE) == [0]
    assert_equal(whole / 'iter_12.pth', cut / 'iter_12.pth')
    saved = weights(whole / 'iter_12.pth')
    names = [name for name in saved if name.endswith('discriminator.probability')]
    assert names and 0 < saved[names[0]] < 1 and saved[names[0]] != 0.5


def _heed(folder):
    distributed.init_process_group('gloo')
    rank = distributed.get_rank()
    discriminator = AdaptiveDiscriminator(6, STUB, ramp=10, interval=1, target=0.4)
    # of the two ranks' mean signs, 1 and 0, one is above the target and one below: their mean is above
    scores = torch.ones(2, 1, 2, 2) if rank else torch.tensor([1., -1]).view(2, 1, 1, 1)
    discriminator.heed([[scores]], FakeTurn())
    torch.save(discriminator.probability, folder / f'{rank}.pt')
    distributed.destroy_process_group()


def test_ranks_share_the_probability(tmp_path):
    assert run_ranks(_heed, 2, tmp_path) == [0, 0]
    found = [torch.load(tmp_path / f'{rank}.pt').item() for rank in range(2)]
    assert found == pytest.approx([0.4, 0.4])  # up by 4 images of 10


@pytest.mark.slow
def test_two_ranks_train_and_resume(tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    assert run(whole, ranks=2, **ADAPTIVE) == [0, 0]
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=6, moment='iteration')}
    assert run(cut, ranks=2, **ADAPTIVE, **kill) == [-9, -9]
    assert run(cut, ranks=2, resume=True, **ADAPTIVE) == [0, 0]
    assert_equal(whole / 'iter_12.pth', cut / 'iter_12.pth')


@pytest.mark.slow
def test_compiled_turns_give_the_same():
    data, found = batch(SIZE), []
    for compiled in False, True:
        torch.manual_seed(0)
        with DefaultScope.overwrite_default_scope('semsynth'):
            model = build('AdaptiveDiscriminator', probability=0.7, ramp=10, interval=1)
        if compiled:
            model._generate, model._judge = (torch.compile(turn, backend='aot_eager')
                                             for turn in (model._generate, model._judge))
            model.compiled = True
        torch.manual_seed(1)
        found.append([model.update_players(data['layout'], data['real'], players(model)) for _ in range(2)])
    for plain, compiled in zip(*found, strict=True):
        assert plain.keys() == compiled.keys()
        for name in plain:
            torch.testing.assert_close(compiled[name], plain[name], msg=name)


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


def test_least_squares_want_their_own_middle():
    losses = dict(adversarial=dict(type='LeastSquaresLoss'))
    adaptive = dict(type='AdaptiveDiscriminator', discriminator=STUB)
    with pytest.raises(ValueError, match=facts('middle=0.0', 'set middle=0.5')):
        MODELS.build(config(losses=losses, discriminator=adaptive))
    assert MODELS.build(config(losses=losses, discriminator=dict(adaptive, middle=0.5)))


@pytest.mark.parametrize('reads', ['features', 'verdicts'])
def test_features_at_pixels_of_the_label_map_do_not_bear_geometry(reads):
    losses = dict(adversarial=dict(type='StubAdversarial'), own=dict(type='PixelFeatures', reads=reads))
    with pytest.raises(ValueError, match=facts('losses.own', 'translation', 'losses=dict(own=None)')):
        MODELS.build(config(losses=losses, discriminator=dict(type='AugmentedDiscriminator', discriminator=STUB)))
    assert MODELS.build(config(losses=losses, discriminator=dict(
        type='AugmentedDiscriminator', discriminator=STUB, operations=['colour', 'cutout'])))
