import pytest

from semsynth.heads.base import View
from semsynth.losses import HingeLoss, Loss

VIEWS = dict(edge=View('edge', 3.0), coarse=View(), image=View(weight=2.0))


def define(**members):
    return type('TheirLoss', (Loss,), members)


def for_player(self, step):
    return step.real['image'].mean()


@pytest.mark.parametrize('members', [
    dict(for_generator=for_player, for_discriminator=for_player),
    dict(for_discriminator=for_player),
    dict(trains={'generator', 'discriminator'}, for_generator=for_player),
    dict(trains={'discriminator'}, for_generator=for_player),
    dict(trains={'encoder'}, for_generator=for_player),
    dict(trains={'generator'})])
def test_players_that_are_declared_and_those_with_a_method_must_be_the_same(members):
    with pytest.raises(TypeError, match=r'TheirLoss: trains=.* it defines .* declare in trains'):
        define(**members)


def test_a_method_may_come_from_a_base_class():
    assert define(trains={'discriminator'}, for_discriminator=for_player).trains == {'discriminator'}
    assert type('Theirs', (HingeLoss,), {}).trains == {'generator', 'discriminator'}


@pytest.mark.parametrize('members', [dict(reads='embedding'), dict(reads=('views',)), dict(trains='generator')])
def test_words_are_given_as_a_set(members):
    with pytest.raises(TypeError, match=r'TheirLoss: .* expected a set of words'):
        define(for_generator=for_player, **members)


@pytest.mark.parametrize(('reads', 'weights'), [
    ({'views'}, dict(edge=3, coarse=1, image=2)), ({'verdicts'}, dict(edge=3, coarse=1, image=2)),
    ({'features'}, dict(edge=3, coarse=1, image=2)),
    ({'probabilities'}, dict(coarse=1, image=2)), ({'label_features'}, dict(coarse=1, image=2)),
    ({'class_logits'}, dict(coarse=1, image=2)),
    ({'embedding', 'label_map', 'posterior'}, {})])
def test_what_knows_photos_alone_is_not_fed_edge_maps_unless_told_to(reads, weights):
    kind = define(reads=reads, for_generator=for_player)
    assert kind().weights(VIEWS) == weights
    if weights:
        assert kind(views=dict(edge=5, image=0)).weights(VIEWS) == dict(edge=5)
