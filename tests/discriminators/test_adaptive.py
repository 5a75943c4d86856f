"""The probability of augmentation adapts, and is resumed."""

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import distributed

from helpers.augmented import SIZE, STUB, build
from helpers.facts import facts
from helpers.ranks import run_ranks
from helpers.stubs import batch, config, players
from helpers.toy_run import KillHook, assert_equal, run, weights  # noqa: F401
from semsynth.discriminators import AdaptiveDiscriminator
from semsynth.registry import MODELS


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


def test_least_squares_want_their_own_middle():
    losses = dict(adversarial=dict(type='LeastSquaresLoss'))
    adaptive = dict(type='AdaptiveDiscriminator', discriminator=STUB)
    with pytest.raises(ValueError, match=facts('middle=0.0', 'set middle=0.5')):
        MODELS.build(config(losses=losses, discriminator=adaptive))
    assert MODELS.build(config(losses=losses, discriminator=dict(adaptive, middle=0.5)))
