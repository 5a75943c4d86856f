import pytest
import torch

from semsynth.losses import FeatureMatchingLoss, HingeLoss

IMAGES = dict(coarse=torch.rand(2, 3, 4, 4), image=torch.rand(2, 3, 4, 4))


@pytest.fixture
def judged():
    """The images that a discriminator has judged, batch by batch."""
    return []


@pytest.fixture
def step(make_step, judged):
    def discriminator(layout, images):
        judged.append(images)
        return [[images, images.mean((1, 2, 3), keepdim=True)]]

    return make_step(IMAGES, dict(image=torch.rand(2, 3, 4, 4)), views=dict(coarse={}, image={}),
                     discriminator=discriminator)


def test_where_no_losses_are_known_all_views_are_judged_together(step, judged):
    means = [step.fake_verdicts[view][0][-1].flatten() for view in IMAGES]
    torch.testing.assert_close(torch.cat(means), torch.cat([*IMAGES.values()]).mean((1, 2, 3)))
    assert [len(batch) for batch in judged] == [4]


def test_a_view_that_no_loss_of_the_turn_reads_is_not_judged(step, judged):
    step.losses = [HingeLoss(views=dict(image=1))]
    assert step.fake_verdicts['image'] is step.fake_verdicts['image']
    assert torch.equal(judged[0], IMAGES['image']) and len(judged) == 1


def test_the_detached_step_judges_anew_without_a_graph(step, judged):
    step.outputs = {name: image.clone().requires_grad_() for name, image in IMAGES.items()}
    before, step.draws = step.fake_verdicts['image'], dict(seen=3)
    later = step.detach()
    assert later.player == 'discriminator' and later.views is step.views and later.draws == dict(seen=3)
    assert before[0][-1].requires_grad and not later.fake_verdicts['image'][0][-1].requires_grad
    assert len(judged) == 2


def test_a_random_value_that_is_handed_in_is_not_drawn(step):
    step.draws = dict(given=5)
    assert step.drawn('given', lambda: pytest.fail('drawn')) == 5
    assert step.drawn('mask', lambda: 7) == 7


def test_what_losses_share_is_computed_once(step):
    assert [step.once('key', lambda each=each: each) for each in (1, 2)] == [1, 1]


def test_the_discriminators_turn_judges_all_at_once_where_it_may(step, judged):
    step.losses, step.real['image'] = [HingeLoss(views=dict(image=1, coarse=1))], torch.rand(2, 3, 4, 4)
    apart = step.detach()
    expected = apart.real_verdicts['image'][0][-1], *(apart.fake_verdicts[view][0][-1] for view in IMAGES)
    assert [len(batch) for batch in judged] == [2, 4]
    judged.clear()
    step.at_once = True
    together = step.detach()
    found = together.real_verdicts['image'][0][-1], *(together.fake_verdicts[view][0][-1] for view in IMAGES)
    torch.testing.assert_close(found, expected)
    assert [len(batch) for batch in judged] == [6]
    assert step.real_verdicts['image'] and [len(batch) for batch in judged] == [6, 2]  # not in the generator's turn


def test_features_of_real_images_are_their_verdicts_without_logits(step, judged):
    step.losses, step.real['image'] = [FeatureMatchingLoss()], torch.rand(2, 3, 4, 4)
    asked, forward = [], step.discriminator.forward
    step.discriminator.forward = lambda *given: asked.append(given[-1]) or forward(*given)
    [features] = step.real_features['image']
    assert asked == [False] and [len(batch) for batch in judged] == [2] and step.real_features['image'][0] is features
    [whole] = step.real_verdicts['image']
    assert len(features) == len(whole) - 1 and all(map(torch.equal, features, whole))
    later = step.detach()
    assert later.real_features['image'][0][0] is later.real_verdicts['image'][0][0] and asked == [False, True, True]
