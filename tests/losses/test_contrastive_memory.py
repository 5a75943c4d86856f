from types import SimpleNamespace

import pytest
import torch

from helpers.contrast import EVERY_PIXEL, with_memory
from helpers.eq_5 import eq_5
from semsynth.losses import ContrastiveLoss
from semsynth.parts import Parts


@pytest.mark.parametrize('settings', [{}, EVERY_PIXEL], ids=['drawn', 'every pixel'])
def test_each_step_is_compared_with_the_steps_before(make_step, settings):
    loss = with_memory(per_class=5, per_step=3, settings=settings)
    for iteration in range(4):
        label, embedding = torch.randint(0, 3, (2, 3, 5)), torch.randn(2, 6, 3, 5, requires_grad=True)
        memory, kinds = loss.memory.entries()
        assert (kinds >= 0).any() == (iteration > 0)
        value = loss.for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label, unknown=2,
                                             iteration=iteration))
        plain = embedding.detach().movedim(1, -1).reshape(30, 6).double().requires_grad_()
        expected = eq_5(plain, label.flatten().where(label.flatten() != 2, -1), 0.1, memory.double(), kinds)
        assert value.item() == pytest.approx(expected.item(), rel=1e-5)
        value.backward()
        expected.backward()
        gradient = embedding.grad.movedim(1, -1).reshape(30, 6).double()
        torch.testing.assert_close(gradient, plain.grad, rtol=1e-4, atol=1e-6)
    assert loss.memory.seen.tolist() == [12, 12, 0]  # the unknown class is not remembered


def test_of_every_pixel_the_hard_ones_are_remembered(make_step):
    loss = with_memory(channels=2, hardness=20.0, per_step=4, settings=EVERY_PIXEL)
    past, opposite = torch.tensor([1., 0]), torch.tensor([-1., 0])
    loss.memory.store(past.repeat(2, 1), torch.tensor([0, 0]))
    embedding = torch.stack([past] * 8 + [opposite] * 8).T.reshape(1, 2, 4, 4)
    loss.for_generator(make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 4, 4).long()))
    assert loss.memory.embeddings[0, :6].tolist() == [[1, 0]] * 2 + [[-1, 0]] * 4


def test_one_class_is_contrasted_with_the_past(make_step):
    loss = with_memory()
    losses = [loss.for_generator(make_step(dict(embedding=torch.randn(1, 6, 3, 3)), dict(image=None),
                                           label=torch.full((1, 3, 3), kind))) for kind in (0, 0, 1)]
    assert losses[0] == losses[1] == 0 and losses[2] > 0


@pytest.mark.parametrize('before', [False, True])
def test_unknown_pixels_alone_give_0(make_step, before):
    loss, embedding = with_memory(), torch.randn(1, 6, 3, 3, requires_grad=True)
    if before:
        loss.memory.store(torch.randn(9, 6), torch.randint(0, 2, (9,)))
    seen = loss.memory.seen
    value = loss.for_generator(make_step(dict(embedding=embedding), dict(image=None), unknown=2,
                                         label=torch.full((1, 3, 3), 2)))
    value.backward()
    assert value == 0 and (embedding.grad == 0).all()
    assert torch.equal(loss.memory.seen, seen)


def test_hard_pixels_are_compared_first(make_step):
    """Of a class half of which is like its past and half unlike it, the unlike half is drawn, with bounds and luck."""
    loss = with_memory(channels=2, hardness=20.0)
    loss.max_per_class = 4
    past, opposite = torch.tensor([1., 0]), torch.tensor([-1., 0])
    loss.memory.store(past.repeat(2, 1), torch.tensor([0, 0]))
    embedding = torch.stack([past] * 8 + [opposite] * 8).T.reshape(1, 2, 4, 4)
    loss.for_generator(make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 4, 4).long()))
    assert loss.memory.embeddings[0, :6].tolist() == [[1, 0]] * 2 + [[-1, 0]] * 4


def parts(embedding_channels):
    head = SimpleNamespace(embedding_channels=embedding_channels)
    return Parts(SimpleNamespace(head=head), views={}, losses={}, num_classes=7)


def test_the_memory_is_made_for_the_classes_and_embeddings_of_the_model():
    loss = ContrastiveLoss(memory=dict(per_class=2, per_step=1))
    loss.check(parts(5))
    loss.attach(parts(5))
    assert loss.memory.embeddings.shape == (7, 2, 5)


def test_memory_on_a_head_that_does_not_say_its_channels():
    with pytest.raises(ValueError, match=r'SimpleNamespace does not say .* embedding_channels, or set memory=None'):
        ContrastiveLoss(memory={}).check(parts(None))
    ContrastiveLoss().check(parts(None))


def test_a_memory_that_is_no_dict():
    with pytest.raises(ValueError, match='memory=True, expected a dict or None'):
        ContrastiveLoss(memory=True)


def test_options_that_the_memory_does_not_have():
    with pytest.raises(ValueError, match='memory has no perclass; it takes hardness, per_class, per_step'):
        ContrastiveLoss(memory=dict(perclass=2))
