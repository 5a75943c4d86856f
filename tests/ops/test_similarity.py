import math
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from semsynth.ops import sampled_similarity_loss, similarity_loss
from semsynth.ops.similarity import by_class, numerics, tiled


def transcription(probs, label, ignore_index=None):
    """Eq. 3 as it stands, image by image, pair by pair of its own pixels."""
    losses = []
    for p, c in zip(probs.flatten(2), label.flatten(1), strict=True):
        kept = c == c if ignore_index is None else c != ignore_index
        p, c = p[:, kept], c[kept]
        alike = (c[:, None] == c[None]).to(p.dtype)
        losses.append(F.binary_cross_entropy(p.T @ p, alike))
    return torch.stack(losses).mean()


def example(scale=1.0, size=(5, 7), dtype=torch.float64, classes=4, images=2):
    logits = (scale * torch.randn(images, classes, *size, dtype=torch.float64)).to(dtype).requires_grad_()
    return logits, torch.randint(0, classes, (images, *size))


@pytest.fixture(params=['by class', 'tiled'])
def any_way(request, monkeypatch):
    """Both ways that serve the CPU or can."""
    if request.param == 'tiled':
        monkeypatch.setattr(by_class, 'evaluate', tiled.evaluate)


@pytest.mark.parametrize('side', [1, 4, 11, 1024], ids='tile {}'.format)
@pytest.mark.parametrize('ignore_index', [None, 2])
@pytest.mark.usefixtures('any_way')
def test_is_eq_3_whatever_the_tiles(monkeypatch, side, ignore_index):
    monkeypatch.setattr(tiled, 'TILE_PAIRS', 2 * side ** 2)
    monkeypatch.setattr(by_class, 'ROWS', side)
    monkeypatch.setattr(by_class, 'COLUMNS', 2 * side)
    logits, label = example()
    label = 2 - 7 * (2 - label)  # any integers
    loss, expected = (function(logits.softmax(1), label, ignore_index) for function in (similarity_loss, transcription))
    torch.testing.assert_close(loss, expected)
    gradient, = torch.autograd.grad(3 * loss, logits)
    torch.testing.assert_close(gradient, 3 * torch.autograd.grad(expected, logits)[0])


@pytest.mark.usefixtures('any_way')
def test_the_gradient_of_the_probabilities_themselves_is_autograd_s():
    logits, label = example(size=(3, 4))
    probs = logits.detach().softmax(1).requires_grad_()
    gradient, = torch.autograd.grad(similarity_loss(probs, label), probs)
    torch.testing.assert_close(gradient, torch.autograd.grad(transcription(probs, label), probs)[0])
    assert gradcheck(similarity_loss, (probs, label))


@pytest.mark.usefixtures('any_way')
def test_gradcheck_through_the_softmax_with_ignored_pixels():
    logits, label = example(size=(3, 2))
    label[0, 0, 0] = 255
    assert gradcheck(lambda z: similarity_loss(z.softmax(1), label, 255), logits)


def test_a_number_by_hand():
    # Two pixels of different classes: q_00 = .82, q_11 = .68, q_01 = .9 * .2 + .1 * .8 = .26.
    probs = torch.tensor([[0.9, 0.2], [0.1, 0.8]]).view(1, 2, 1, 2)
    expected = -(math.log(.82) + math.log(.68) + 2 * math.log(1 - .26)) / 4
    assert similarity_loss(probs, torch.tensor([[[0, 1]]])).item() == pytest.approx(expected)


def test_uniform_probabilities_give_the_closed_form():
    classes, label = 4, torch.tensor([[[0, 0, 0, 1]]])
    share = (3 ** 2 + 1) / 16  # of the pairs that are of one class
    expected = share * math.log(classes) - (1 - share) * math.log(1 - 1 / classes)
    assert similarity_loss(torch.full((1, classes, 1, 4), 1 / classes), label).item() == pytest.approx(expected)


def test_perfect_probabilities_cost_nothing():
    label = torch.randint(0, 3, (2, 4, 4))
    assert similarity_loss(F.one_hot(label, 3).movedim(-1, 1).float(), label) == 0


@pytest.mark.usefixtures('any_way')
def test_the_log_is_clamped_as_pytorch_s_is_and_the_gradient_is_bounded():
    # All three off-diagonal verdicts are wrong with certainty: classes 0, 0, 1 are seen as 0, 1, 1.
    probs = torch.tensor([[1., 0, 0], [0, 1, 1]]).view(1, 2, 1, 3).requires_grad_()
    loss = similarity_loss(probs, torch.tensor([[[0, 0, 1]]]))
    assert loss.item() == pytest.approx(100 * 4 / 9)  # pairs (0, 1) and (1, 2), in both orders
    loss.backward()
    assert probs.grad.isfinite().all() and probs.grad.abs().max() > 0


@pytest.mark.parametrize('scale', [1, 3, 10, 30, 100])
@pytest.mark.usefixtures('any_way')
def test_float32_keeps_loss_and_gradient_however_sure_the_wrong_verdicts(scale):
    logits, _ = example(size=(20, 20), classes=19, images=1)
    label = logits.argmax(1)
    label[:, :6] = torch.randint(0, 19, (6, 20))
    logits = (scale * logits.detach()).float()

    def run(dtype):
        z = logits.to(dtype).requires_grad_()
        loss = similarity_loss(z.softmax(1), label)
        return loss.detach().double(), torch.autograd.grad(loss, z)[0].double()

    (loss, gradient), (expected, expected_gradient) = run(torch.float32), run(torch.float64)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=0)
    assert (gradient - expected_gradient).norm() <= 1e-4 * expected_gradient.norm()


@pytest.mark.parametrize('scale', [30, 200, 2000])
@pytest.mark.usefixtures('any_way')
def test_one_hot_softmax_gives_finite_gradients(scale):
    logits, label = example(scale, dtype=torch.float32)
    similarity_loss(logits.softmax(1), label).backward()
    assert logits.grad.isfinite().all()


@pytest.mark.usefixtures('any_way')
def test_an_image_without_valid_pixels_counts_nothing():
    logits, label = example()
    label[0] = 255
    loss = similarity_loss(logits.softmax(1), label, 255)
    torch.testing.assert_close(loss, similarity_loss(logits[1:].softmax(1), label[1:]) / 2)
    loss.backward()
    assert (logits.grad[0] == 0).all() and (logits.grad[1] != 0).all()
    logits.grad = None
    nothing = similarity_loss(logits.softmax(1), torch.full_like(label, 255), 255)
    nothing.backward()
    assert nothing == 0 and (logits.grad == 0).all()


@pytest.mark.usefixtures('any_way')
def test_ignored_pixels_get_no_gradient():
    logits, label = example()
    label[:, 1:3, 2] = 255
    similarity_loss(logits.softmax(1), label, 255).backward()
    assert ((logits.grad == 0).all(1) == (label == 255)).all()


@pytest.mark.parametrize('function', [similarity_loss, partial(sampled_similarity_loss, partners=3)])
def test_the_gradient_has_none_of_its_own_and_says_so(function):
    logits, label = example()
    gradient, = torch.autograd.grad(function(logits.softmax(1), label), logits, create_graph=True)
    with pytest.raises(RuntimeError, match='This gradient has none of its own'):
        gradient.square().sum().backward()


def test_half_precision_and_autocast_are_widened():
    probs = example(dtype=torch.float32)[0].detach().softmax(1).to(torch.bfloat16).requires_grad_()
    label = torch.randint(0, 4, (2, 5, 7))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = similarity_loss(probs, label)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, similarity_loss(probs.float(), label), rtol=0, atol=0)
    loss.backward()
    assert probs.grad.dtype == torch.bfloat16 and probs.grad.isfinite().all()


@pytest.mark.usefixtures('any_way')
def test_probabilities_that_do_not_quite_sum_to_1_are_taken_as_they_are():
    logits, label = example()
    probs = (logits.detach().softmax(1) * (0.9 + 0.2 * torch.rand(2, 1, 5, 7))).requires_grad_()
    loss, expected = similarity_loss(probs, label), transcription(probs, label)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, probs), torch.autograd.grad(expected, probs))


def test_full_tiles_take_another_product(monkeypatch):
    """oneDNN's, for float32 and the one shape that recurs; half of these pixels are of one class."""
    monkeypatch.setattr(by_class, 'ROWS', 64)
    monkeypatch.setattr(by_class, 'COLUMNS', 96)
    monkeypatch.setattr(numerics, 'CPU_TILE', (64, 96))
    logits, label = example(size=(20, 20), images=1)
    label[:, :10] = 1
    loss, expected = (function(logits.float().softmax(1), label) for function in (similarity_loss, transcription))
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(*(torch.autograd.grad(value, logits)[0] for value in (loss, expected)), rtol=1e-4,
                               atol=1e-8)


@pytest.mark.parametrize('count', [1, 2, 7, 64, 1001])
@pytest.mark.parametrize('least', [0.9, 1e-3, 1e-9, 1e-12, 0])
def test_logs_of_products_are_the_logs(count, least):
    x = torch.rand(count).clamp_(min=least)
    x[-1] = least
    expected = x.double().log().clamp(min=-100).sum().item()
    assert by_class._sum_of_logs(x, least) == pytest.approx(expected, rel=1e-6)


def test_a_probability_that_is_not_a_number_is_not_hidden():
    logits, label = example()
    logits = logits.detach()
    logits[0, 0, 0, 0] = float('nan')
    assert similarity_loss(logits.softmax(1), label).isnan()


@pytest.mark.parametrize('shape', [(2, 5, 6), (2, 5), (1, 5, 7), (2, 1, 5, 7)])
def test_shapes_that_do_not_belong_together(shape):
    with pytest.raises(ValueError, match=r'probs \(2, 4, 5, 7\) and label .* expected \(B, N, H, W\) and \(B, H, W\)'):
        similarity_loss(torch.rand(2, 4, 5, 7), torch.zeros(shape, dtype=torch.long))


def test_a_precision_that_there_is_not():
    with pytest.raises(ValueError, match="precision='half', expected one of auto, float32, tf32"):
        similarity_loss(torch.rand(2, 4, 5, 7), torch.zeros(2, 5, 7), precision='half')


@pytest.mark.gpu
@pytest.mark.parametrize(('precision', 'tolerance'), [('float32', 1e-5), ('auto', 1e-3)])
def test_on_a_gpu_it_is_the_same_and_nothing_waits(precision, tolerance):
    logits, label = example(size=(33, 47), dtype=torch.float32)
    label[:, :4] = 255
    expected = similarity_loss(logits.softmax(1), label, 255)
    probs, label = logits.detach().cuda().softmax(1).requires_grad_(), label.cuda()
    similarity_loss(probs, label, 255, precision)  # compiles the kernel
    torch.cuda.set_sync_debug_mode('error')
    try:
        loss = similarity_loss(probs, label, 255, precision)
        loss.backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    torch.testing.assert_close(loss.cpu(), expected, rtol=tolerance, atol=0)
