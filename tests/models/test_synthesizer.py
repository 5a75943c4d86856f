import copy
from functools import partial

import pytest
import torch

from helpers.narrow import SIZE, narrow
from helpers.stubs import batch, config, players
from semsynth.registry import MODELS
from semsynth.studies.benchmark.step import build, draw_batch


def test_one_step_equals_both_players_written_out():
    """pix2pixHD's order: both losses of one generator forward, then both updates."""
    model = MODELS.build(config())
    plain = copy.deepcopy(model)
    data = batch()
    logs = model.train_step(data, players(model))

    layout, real = data['layout'], data['real']['image']
    outputs = plain.generator(layout)

    def judge(image):
        return plain.discriminator(layout, image)[0]

    def fool(image):
        return -judge(image)[1].mean()

    def match(image):
        return (judge(image)[0] - judge(real)[0].detach()).abs().mean()

    adversarial = fool(outputs['coarse']) + 2 * fool(outputs['image'])
    matching = 10 * (match(outputs['coarse']) + 2 * match(outputs['image']))
    theirs = sum(weight * (judge(outputs[view].detach())[1].mean() - judge(real)[1].mean())
               for view, weight in dict(coarse=1, image=2).items())
    gradients = torch.autograd.grad(adversarial + matching, list(plain.generator.parameters()))
    their_gradients = torch.autograd.grad(theirs, list(plain.discriminator.parameters()))

    assert logs['generator/adversarial'].item() == pytest.approx(adversarial.item(), rel=1e-5)
    assert logs['generator/matching'].item() == pytest.approx(matching.item(), rel=1e-5)
    assert logs['discriminator/adversarial'].item() == pytest.approx(theirs.item(), rel=1e-4, abs=1e-6)
    assert 'discriminator/matching' not in logs
    for after, before, gradient in zip(model.generator.parameters(), plain.generator.parameters(), gradients,
                                       strict=True):
        torch.testing.assert_close(after, before - 0.1 * gradient)
    for after, before, gradient in zip(model.discriminator.parameters(), plain.discriminator.parameters(),
                                       their_gradients, strict=True):
        torch.testing.assert_close(after, before - 0.1 * gradient)


def test_nothing_is_computed_twice():
    model = MODELS.build(config())
    model.train_step(batch(), players(model))
    assert model.generator.calls == 1
    # the two views in one batch, and the one real image that both imitate once; in the discriminator's turn with them
    assert model.discriminator.judged == [4, 2, 6]


def losses_on(adversarial=None, matching=None):
    """For some views each; None: for all."""
    return dict(adversarial=dict(type='StubAdversarial', views=adversarial),
                matching=dict(type='StubMatching', views=matching) if matching != {} else None)


# B = 2: the generator's turn on views, then on real images; the discriminator's turn on both together.
@pytest.mark.parametrize(('losses', 'judged'), [
    (losses_on(dict(image=1)), [4, 2, 4]),  # what is matched alone is judged in the generator's turn alone
    (losses_on(None, dict(image=1)), [4, 2, 6]),
    (losses_on(dict(image=1), dict(coarse=1)), [4, 2, 4]),
    (losses_on(dict(image=1), dict(image=2)), [2, 2, 4]),
    (losses_on(dict(image=1), {}), [2, 4])])  # without matching, the generator's turn judges no real image
def test_views_that_no_loss_reads_are_not_judged(losses, judged):
    model = MODELS.build(config(losses=losses))
    model.train_step(batch(), players(model))
    assert model.discriminator.judged == judged


def test_a_view_that_is_not_read_changes_nothing_but_the_work():
    """With the view dropped from the model, bitwise the same weights."""
    kept = MODELS.build(config(losses=losses_on(dict(image=2), dict(image=2))))
    dropped = MODELS.build(config(views=dict(coarse=None), losses=losses_on(dict(image=2), dict(image=2))))
    dropped.load_state_dict(kept.state_dict())
    data = batch()
    logs, expected = (model.train_step(data, players(model)) for model in (kept, dropped))
    assert all(torch.equal(logs[name], expected[name]) for name in {**logs, **expected})
    assert all(map(torch.equal, kept.state_dict().values(), dropped.state_dict().values()))


def test_a_verdict_that_no_declaration_announced_is_given_when_it_is_read():
    """Such as on a real image in the generator's turn, by a relativistic loss."""
    model, data = MODELS.build(config(losses=losses_on(dict(image=1), {}))), batch()
    step = model.synthesize(data['layout'], data['real'])
    assert model.discriminator.judged == [] and step.real_verdicts['image'] is step.real_verdicts['image']
    assert step.fake_verdicts['coarse'] is step.fake_verdicts['coarse'] and step.fake_verdicts['image']
    assert model.discriminator.judged == [2, 2, 2]


def test_outputs_can_be_regenerated_for_the_discriminator():
    model = MODELS.build(config(reuse_outputs=False))
    model.train_step(batch(), players(model))
    assert model.generator.calls == 2


def test_no_gradient_is_left_behind():
    model = MODELS.build(config())
    model.train_step(batch(), players(model))
    assert all(parameter.grad is None or not parameter.grad.any() for parameter in model.parameters())
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_logs_carry_no_graph():
    model = MODELS.build(config())
    assert not any(value.requires_grad for value in model.train_step(batch(), players(model)).values())


def test_without_a_discriminator():
    model = MODELS.build(config(discriminator=None, losses=dict(pixel=dict(type='StubPixel'))))
    from mmengine.optim import OptimWrapper, OptimWrapperDict
    optimiser = OptimWrapperDict(generator=OptimWrapper(torch.optim.SGD(model.generator.parameters(), lr=0.1)))
    assert set(model.train_step(batch(), optimiser)) == {'generator/pixel'}


def test_views_are_labelled_once_and_together():
    model = MODELS.build(config(segmentor=dict(type='StubSegmentor'), losses=dict(
        adversarial=dict(type='StubAdversarial'), one=dict(type='StubLabels', views=dict(image=1)),
        two=dict(type='StubLabels', views=dict(image=1, coarse=1)))))
    model.train_step(batch(), players(model))
    assert model.segmentor.calls == 1


def test_dropping_and_retuning_views():
    model = MODELS.build(config(views=dict(coarse=None, image=dict(weight=3))))
    assert {name: (view.real, view.weight) for name, view in model.views.items()} == {'image': ('image', 3)}


@pytest.mark.slow
def test_compiling_changes_no_result(monkeypatch):
    """Each player's turn is compiled in the first step, and never again: freezing is no change to it."""
    # traced, but run as it is: compiling takes minutes
    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend='eager'))
    torch._dynamo.reset()
    logs, counters = {}, torch._dynamo.utils.counters['stats']
    for version in ('float32', 'float32_compiled'):
        model, wrappers = build(narrow('configs/pix2pixhd/pix2pixhd_toycity.py', 'nowhere'), version, 'cpu')
        data, before = draw_batch(model, (SIZE, SIZE), 2), counters['calls_captured']
        logs[version] = [model.train_step(data, wrappers)]
        captured = counters['calls_captured'] - before
        with torch._dynamo.config.patch(error_on_recompile=True):
            logs[version] += [model.train_step(data, wrappers) for _ in range(3)]
        assert counters['calls_captured'] - before == captured and (captured > 100) == version.endswith('compiled')
    torch.testing.assert_close(logs['float32_compiled'], logs['float32'])


def test_channels_last_changes_no_result():
    plain = MODELS.build(config())
    model = MODELS.build(config(channels_last=True))
    model.load_state_dict(plain.state_dict())
    assert model.generator.layer.weight.is_contiguous(memory_format=torch.channels_last)
    layout = batch()['layout']
    torch.testing.assert_close(model(layout), plain(layout))


def test_predict_gives_one_dict_an_image():
    model = MODELS.build(config())
    assert [row['name'] for row in model.val_step(batch())] == ['a', 'b']


BROKEN = {
    "views: 'edge' is not an output of StubHead, which makes coarse, image; drop it with views=dict\\(edge=None\\)":
        dict(views=dict(edge=dict(weight=1))),
    "head: nothing reads the output 'embedding', so that its parameters would never learn":
        dict(generator=dict(type='StubGenerator', head=dict(type='StubHead', extra=True))),
    "head: nothing reads the output 'image'": dict(views=dict(image=None)),
    'losses.adversarial reads a discriminator, but discriminator=None': dict(discriminator=None),
    'losses.matching reads features, but StubDiscriminator returns only logits':
        dict(discriminator=dict(type='StubDiscriminator', returns_features=False)),
    'losses.labels reads the label generator, but segmentor=None':
        dict(losses=dict(adversarial=dict(type='StubAdversarial'), labels=dict(type='StubLabels'))),
    r"losses.contrast reads 'embedding', which is no output of StubHead \(it makes coarse, image\)":
        dict(losses=dict(adversarial=dict(type='StubAdversarial'), contrast=dict(type='StubContrast'))),
    "losses.pixel: view 'edge' is not one of the model \\(coarse, image\\)":
        dict(losses=dict(adversarial=dict(type='StubAdversarial'), pixel=dict(type='StubPixel', views=dict(edge=1)))),
    'losses.adversarial has no view left to sum over': dict(views=dict(image=None, coarse=None)),
    'discriminator: no loss trains it; add an adversarial loss': dict(losses=None),
    'discriminator: no loss trains it': dict(losses=dict(pixel=dict(type='StubPixel'))),
    'segmentor: no loss reads the label generator': dict(segmentor=dict(type='StubSegmentor')),
    'generator: in_channels=9, but the layout has 3 channels; leave in_channels out':
        dict(generator=dict(type='StubGenerator', in_channels=9, head=dict(type='StubHead'))),
    'discriminator: in_channels=9, but StubDiscriminator would get 6; leave in_channels out':
        dict(discriminator=dict(type='StubDiscriminator', in_channels=9)),
}


@pytest.mark.parametrize('message', BROKEN)
def test_parts_that_do_not_fit_are_refused_when_built(message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(config(**BROKEN[message]))


def test_without_losses_it_only_synthesises():
    model = MODELS.build(config(losses=None, discriminator=None))
    assert set(model(batch()['layout'])) == {'coarse', 'image'}
