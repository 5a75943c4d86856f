import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from helpers.contrast import EVERY_PIXEL, with_memory
from helpers.eq_5 import eq_5
from semsynth.losses import ContrastiveLoss, contrastive_loss
from semsynth.ops import contrast


def test_is_eq_5():
    embeddings = torch.randn(11, 4, dtype=torch.float64)
    classes = torch.tensor([0, 1, 2, 0, -1, 1, 1, 0, 3, -1, 0])  # 2 and 3 are alone: no anchors, but negatives
    loss = contrastive_loss(embeddings, classes, 0.1)
    assert loss.item() == pytest.approx(eq_5(embeddings, classes, 0.1).item(), rel=1e-12)


MEMORY = F.normalize(torch.randn(7, 4, dtype=torch.float64), dim=1)
MEMORY_CLASSES = torch.tensor([0, 2, -1, 2, 5, 1, -1])  # of 2 nothing is past but what is here; 5 is not here


def test_past_pixels_are_positives_and_negatives_but_no_anchors():
    embeddings = torch.randn(11, 4, dtype=torch.float64)
    classes = torch.tensor([0, 1, 2, 0, -1, 1, 1, 0, 3, -1, 0])
    loss = contrastive_loss(embeddings, classes, 0.1, MEMORY, MEMORY_CLASSES)
    assert loss.item() == pytest.approx(eq_5(embeddings, classes, 0.1, MEMORY, MEMORY_CLASSES).item(), rel=1e-12)
    filled = MEMORY_CLASSES >= 0
    without = contrastive_loss(embeddings, classes, 0.1, MEMORY[filled], MEMORY_CLASSES[filled])
    torch.testing.assert_close(loss, without, rtol=1e-12, atol=0)
    empty = contrastive_loss(embeddings, classes, 0.1, MEMORY, torch.full((7,), -1))
    torch.testing.assert_close(empty, contrastive_loss(embeddings, classes, 0.1), rtol=1e-12, atol=0)


def test_183_classes():
    embeddings, classes = torch.randn(150, 4, dtype=torch.float64), torch.randint(0, 183, (150,))
    memory, kinds = F.normalize(torch.randn(183 * 2, 4, dtype=torch.float64), dim=1), torch.arange(183).repeat(2)
    loss = contrastive_loss(embeddings, classes, 0.1, memory, kinds)
    assert loss.item() == pytest.approx(eq_5(embeddings, classes, 0.1, memory, kinds).item(), rel=1e-10)


def test_a_number_by_hand():
    # Unit vectors: two of class 0 along x, one of class 1 along y. Likenesses at t = 0.5: 2 within, 0 across.
    # Both anchors have -log(e^2 / (e^2 + e^0)); the third has no positive.
    embeddings, classes = torch.tensor([[1., 0], [2, 0], [0, 3]]), torch.tensor([0, 0, 1])
    loss = contrastive_loss(embeddings, classes, 0.5)
    assert loss.item() == pytest.approx(-math.log(math.e ** 2 / (math.e ** 2 + 1)))


def test_gradcheck():
    embeddings = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: contrastive_loss(x, torch.tensor([0, 1, 0, -1, 1, 2]), 0.1), embeddings)


def test_gradcheck_with_memory():
    embeddings, classes = torch.randn(6, 4, dtype=torch.float64, requires_grad=True), torch.tensor([0, 1, 0, -1, 1, 2])
    assert gradcheck(lambda x: contrastive_loss(x, classes, 0.1, MEMORY, MEMORY_CLASSES), embeddings)


@pytest.mark.parametrize('classes', [[-1, -1, -1], [0, 1, 2], [0, -1, -1], [0, 0, 0]],
                         ids=['none', 'all alone', 'one pixel', 'no negatives'])
def test_nothing_to_contrast_gives_0_attached_to_the_graph(classes):
    embeddings = torch.randn(3, 4, requires_grad=True)
    loss = contrastive_loss(embeddings, torch.tensor(classes), 0.1)
    loss.backward()
    assert loss == 0 and (embeddings.grad == 0).all()


def test_a_zero_embedding_is_finite():
    embeddings = torch.zeros(4, 3, requires_grad=True)
    loss = contrastive_loss(embeddings, torch.tensor([0, 0, 1, 1]), 0.1)
    loss.backward()
    assert loss.isfinite() and embeddings.grad.isfinite().all()


def test_reads_the_embedding_of_the_whole_batch(make_step):
    label, embedding = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 6, 4, 5, requires_grad=True)
    step = make_step(dict(embedding=embedding), dict(image=None), label=label)
    loss = ContrastiveLoss().for_generator(step)  # 40 pixels: all are drawn
    pixels = embedding.detach().movedim(1, -1).reshape(40, 6).double()
    assert loss.item() == pytest.approx(eq_5(pixels, label.flatten(), 0.1).item(), rel=1e-5)
    loss.backward()
    assert (embedding.grad.abs().sum(1) > 0).all()


def test_labels_come_to_a_smaller_embedding_by_the_nearest_pixel(make_step):
    label = torch.randint(0, 3, (1, 3, 4))
    fine = label.repeat_interleave(3, 1).repeat_interleave(3, 2)
    embedding = torch.randn(1, 6, 3, 4)

    def loss(label):
        torch.manual_seed(0)
        return ContrastiveLoss().for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))

    assert torch.equal(loss(label), loss(fine))


def test_the_draw_follows_torchs_random_state(make_step):
    label, embedding = torch.randint(0, 3, (2, 16, 16)), torch.randn(2, 6, 16, 16)
    step = make_step(dict(embedding=embedding), dict(image=None), label=label)

    def loss(seed):
        torch.manual_seed(seed)
        return ContrastiveLoss(max_per_class=4).for_generator(step).item()

    assert loss(7) == loss(7)
    assert len({loss(7), loss(8), loss(9)}) == 3


def test_half_precision_embeddings(make_step):
    label, embedding = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 6, 4, 5).bfloat16().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = ContrastiveLoss().for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))
    loss.backward()
    assert loss.dtype == torch.float32 and loss.isfinite() and embedding.grad.isfinite().all()


def test_every_pixel_of_the_batch_is_an_anchor(make_step):
    label, embedding = torch.randint(0, 3, (2, 17, 23)), torch.randn(2, 6, 17, 23, requires_grad=True)
    step = make_step(dict(embedding=embedding), dict(image=None), label=label, unknown=1)
    loss = ContrastiveLoss(**EVERY_PIXEL).for_generator(step)
    classes = label.flatten().where(label.flatten() != 1, -1)
    expected = contrastive_loss(embedding.movedim(1, -1).flatten(0, 2), classes, 0.1)
    torch.testing.assert_close(loss, expected)
    gradient, = torch.autograd.grad(loss, embedding)
    torch.testing.assert_close(gradient, torch.autograd.grad(expected, embedding)[0])
    assert torch.equal(gradient.abs().sum(1) > 0, label != 1)


def test_no_bound_of_a_class(make_step):
    label, embedding = torch.zeros(1, 9, 9, dtype=torch.long), torch.randn(1, 6, 9, 9, requires_grad=True)
    label[0, 0, 0] = 1
    step = make_step(dict(embedding=embedding), dict(image=None), label=label)
    ContrastiveLoss(max_per_class=None, max_pixels=75).for_generator(step).backward()
    assert (embedding.grad.abs().sum(1) > 0).sum() == 75


def test_every_pixel_in_reduced_precision_says_so_and_asks_for_it(make_step, monkeypatch):
    def seen(*given, precision):
        asked.append(precision)
        return contrastive_loss(*given)

    asked = []
    monkeypatch.setattr('semsynth.losses.contrastive.tiled_contrastive', seen)
    step = make_step(dict(embedding=torch.randn(1, 6, 3, 4)), dict(image=None), label=torch.randint(0, 3, (1, 3, 4)))
    loss = ContrastiveLoss(**EVERY_PIXEL, precision='auto')
    assert loss.protocol == 'every pixel, with each other; products in TF32 on a GPU'
    assert loss.for_generator(step) > 0 and ContrastiveLoss(**EVERY_PIXEL).for_generator(step) > 0
    assert asked == ['auto', 'float32']


@pytest.mark.parametrize(('options', 'protocol'), [
    ({}, 'at most 1024 pixels, 64 a class and rank, drawn anew at every step'),
    (dict(max_per_class=None), 'at most 1024 pixels, drawn anew at every step'), (EVERY_PIXEL, 'every pixel')])
def test_which_pixels_are_compared_is_said(options, protocol):
    assert ContrastiveLoss(**options).protocol == f'{protocol}, with each other'
    loss = with_memory(per_class=5, per_step=3, hardness=0.5, settings=options)
    assert loss.protocol == f'{protocol}, with each other and with 5 past ones a class (per_step=3, hardness=0.5)'


def test_anchors_can_be_handed_in(make_step):
    """Two of class 0 along x, one of class 1 along y, and a place that none fills."""
    embedding = torch.tensor([[1.0, 2.0, 0.0, 5.0], [0.0, 0.0, 3.0, 5.0]]).view(1, 2, 1, 4)
    anchors = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 0, 1, -1])
    step = make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 1, 4).long(),
                     draws=dict(anchors=anchors))
    assert ContrastiveLoss(temperature=0.5).for_generator(step).item() == pytest.approx(math.log(1 + math.e ** -2))


@pytest.mark.parametrize('options, message', [
    (dict(scales=()), r'scales=\(\), expected sides of windows from 1 on, each once, such as \(1, 2, 4\)'),
    (dict(scales=(0, 1)), r'scales=\(0, 1\), expected'), (dict(scales=[2, 2]), r'scales=\(2, 2\), expected'),
    (dict(temperature=0), 'temperature=0, expected a number above 0'),
    (dict(max_per_class=1), 'max_per_class=1, expected 2 or more'),
    (dict(max_pixels=1), 'max_pixels=1, expected 2 or more'),
    (dict(precision='half'), "precision='half', expected one of float32, auto"),
    (dict(precision='auto'), "precision='auto' is for every pixel, but max_pixels=1024"),
    (dict(max_pixels=None), 'max_pixels=None takes every pixel, but max_per_class=64 leaves some out')])
def test_bounds_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        ContrastiveLoss(**options)


@pytest.mark.gpu
@pytest.mark.parametrize('make_loss', [ContrastiveLoss, with_memory])
def test_on_a_gpu_nothing_waits(make_step, make_loss):
    label, embedding = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 6, 4, 5)
    expected = make_loss().for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))
    on_gpu = make_loss().cuda()
    step = make_step(dict(embedding=embedding.cuda().requires_grad_()), dict(image=None), label=label.cuda())
    torch.cuda.set_sync_debug_mode('error')
    try:
        loss = on_gpu.for_generator(step)
        loss.backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    torch.testing.assert_close(loss.cpu(), expected)


def test_only_tiles_wait_for_the_sizes_of_classes():
    assert ContrastiveLoss().waits_for is None and ContrastiveLoss(**EVERY_PIXEL, precision='auto').waits_for is None
    assert ContrastiveLoss(**EVERY_PIXEL).waits_for == 'the number of pixels of each class'


@pytest.mark.parametrize(('channels', 'temperature', 'obstacle', 'why'), [
    (128, 0.1, '', None), (129, 0.1, '', '129'), (64, 0.01, '', '0.01'), (64, 0.1, 'of Triton', 'tiles: of Triton')])
def test_where_kernels_do_not_fit_tiles_wait(channels, temperature, obstacle, why, monkeypatch):
    """So that ``model.graphs`` goes on without graphs, and says why."""
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'current_device', lambda: 0)
    monkeypatch.setattr(contrast, 'obstacle', lambda device, classes: obstacle)
    loss = ContrastiveLoss(**EVERY_PIXEL, precision='auto', temperature=temperature)
    loss.attach(SimpleNamespace(generator=SimpleNamespace(head=SimpleNamespace(embedding_channels=channels))))
    assert loss.waits_for is None if why is None else (
        loss.waits_for.startswith('the number of pixels of each class, as it takes tiles: ') and why in loss.waits_for)
