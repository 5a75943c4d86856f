import pytest
import torch

from semsynth.ops import sampled_similarity_loss, similarity_loss
from semsynth.ops.similarity import by_class, tiled


def example():
    torch.manual_seed(1)
    logits = 2 * torch.randn(2, 4, 6, 8, dtype=torch.float64)
    label = logits.argmax(1)
    label[:, :2] = torch.randint(0, 4, (2, 2, 8))
    label[0, :3, 1] = 255
    return logits.softmax(1).requires_grad_(), label


def loss_and_gradient(function, probs, *args):
    loss = function(probs, *args)
    return loss.detach(), torch.autograd.grad(loss, probs)[0]


@pytest.mark.parametrize('partners', [47, 1000])
def test_with_all_others_it_is_exact(partners):
    probs, label = example()
    torch.testing.assert_close(loss_and_gradient(sampled_similarity_loss, probs, label, partners, 255),
                               loss_and_gradient(similarity_loss, probs, label, 255))


@pytest.fixture
def groups_at_once(monkeypatch):
    """As on a GPU: many tiny groups one by one would take the tests long."""
    monkeypatch.setattr(by_class, 'evaluate', tiled.evaluate)


@pytest.mark.usefixtures('groups_at_once')
@pytest.mark.parametrize('partners', [6, *(pytest.param(count, marks=pytest.mark.slow) for count in (1, 11, 30))])
def test_loss_and_gradient_are_unbiased(partners):
    """Also where the groups are of unequal numbers of valid pixels: 48 pixels in groups of 7 or 31, some ignored."""
    probs, label = example()
    draws = 400
    losses, gradients = zip(*(loss_and_gradient(sampled_similarity_loss, probs, label, partners, 255)
                              for _ in range(draws)), strict=True)
    losses, gradients = torch.stack(losses), torch.stack(gradients)
    expected, expected_gradient = loss_and_gradient(similarity_loss, probs, label, 255)
    assert (losses.mean() - expected).abs() < 4 * losses.std() / draws ** 0.5
    error = (gradients.mean(0) - expected_gradient).square().sum()
    assert error < 2 * gradients.var(0).sum() / draws


@pytest.mark.usefixtures('groups_at_once')
def test_few_valid_pixels_meet():
    probs, label = example()
    label.flatten(1)[:, 5:] = 255
    losses = torch.stack([sampled_similarity_loss(probs.detach(), label, 2, 255) for _ in range(400)])
    assert (losses.mean() - similarity_loss(probs.detach(), label, 255)).abs() < 4 * losses.std() / 400 ** 0.5
    torch.testing.assert_close(loss_and_gradient(sampled_similarity_loss, probs, label, 4, 255),
                               loss_and_gradient(similarity_loss, probs, label, 255))


@pytest.mark.usefixtures('groups_at_once')
@pytest.mark.parametrize('partners', [3, 7, 15])
def test_the_variance_is_as_stated(partners):
    probs, label = (value[1:] for value in example())
    p, c, size = probs.detach()[0].flatten(1), label.flatten(), label.numel()
    q = p.T @ p
    pairs = -torch.where(c[:, None] == c, q, 1 - q).log()[tuple(torch.triu_indices(size, size, 1))]
    stated = 2 * pairs.var() / (size * partners)
    losses = torch.stack([sampled_similarity_loss(probs.detach(), label, partners) for _ in range(600)])
    assert 0 < losses.var() < 1.15 * stated


def test_ignored_pixels_get_no_gradient_and_an_image_of_them_counts_nothing():
    probs, label = example()
    label[1] = 255
    loss, gradient = loss_and_gradient(sampled_similarity_loss, probs, label, 47, 255)
    torch.testing.assert_close(loss, similarity_loss(probs[:1], label[:1], 255) / 2)
    assert (gradient.abs().sum(1) == 0).equal(label == 255)


def test_half_precision_under_autocast():
    probs, label = example()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = sampled_similarity_loss(probs.bfloat16(), label, 11, 255)
    assert loss.dtype == torch.float32 and loss.isfinite()


def test_errors():
    probs, label = example()
    with pytest.raises(ValueError, match='sampled_similarity_loss: partners=0, expected 1 or more'):
        sampled_similarity_loss(probs, label, 0)
    with pytest.raises(ValueError, match=r'sampled_similarity_loss: probs \(2, 4, 6, 8\) and label \(1, 6, 8\)'):
        sampled_similarity_loss(probs, label[:1], 3)
