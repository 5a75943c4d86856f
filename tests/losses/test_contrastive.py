import math
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from helpers.eq_5 import eq_5
from semsynth.losses import ContrastiveLoss, PixelMemory, contrastive_loss, sample_pixels
from semsynth.losses.contrastive import _at_scale
from semsynth.parts import Parts


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


EVERY_PIXEL = dict(max_per_class=None, max_pixels=None)


def with_memory(num_classes=3, channels=6, settings=None, **options):
    """The loss, as a model has it."""
    loss = ContrastiveLoss(**(settings or {}))
    loss.memory = PixelMemory(num_classes, channels, **options)
    return loss


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


def test_of_every_pixel_the_hard_ones_are_remembered(make_step):
    loss = with_memory(channels=2, hardness=20.0, per_step=4, settings=EVERY_PIXEL)
    past, opposite = torch.tensor([1., 0]), torch.tensor([-1., 0])
    loss.memory.store(past.repeat(2, 1), torch.tensor([0, 0]))
    embedding = torch.stack([past] * 8 + [opposite] * 8).T.reshape(1, 2, 4, 4)
    loss.for_generator(make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 4, 4).long()))
    assert loss.memory.embeddings[0, :6].tolist() == [[1, 0]] * 2 + [[-1, 0]] * 4


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


def test_anchors_can_be_handed_in(make_step):
    """Two of class 0 along x, one of class 1 along y, and a place that none fills."""
    embedding = torch.tensor([[1.0, 2.0, 0.0, 5.0], [0.0, 0.0, 3.0, 5.0]]).view(1, 2, 1, 4)
    anchors = torch.tensor([0, 1, 2, 3]), torch.tensor([0, 0, 1, -1])
    step = make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 1, 4).long(),
                     draws=dict(anchors=anchors))
    assert ContrastiveLoss(temperature=0.5).for_generator(step).item() == pytest.approx(math.log(1 + math.e ** -2))


def pixels_of_scales(embedding, label, scales):
    """Embedding and class of every pixel of every scale, by loops: means of windows, classes in their middle."""
    rows, classes = [], []
    for scale in scales:
        height, width = (math.ceil(side / scale) for side in label.shape[1:])
        for image, kinds in zip(embedding, label, strict=True):
            for i in range(height):
                for j in range(width):
                    (top, bottom, y), (left, right, x) = (
                        (k * side // of, -(-(k + 1) * side // of), (2 * k + 1) * side // (2 * of))
                        for k, side, of in ((i, label.shape[1], height), (j, label.shape[2], width)))
                    rows.append(image[:, top:bottom, left:right].mean((1, 2)))
                    classes.append(int(kinds[y, x]))
    return torch.stack(rows), torch.tensor(classes)


@pytest.mark.parametrize('settings', [{}, EVERY_PIXEL], ids=['drawn', 'every pixel'])
@pytest.mark.parametrize(('size', 'scales'), [
    ((4, 6), (1, 2)), ((5, 7), (1, 2, 4)), ((3, 3), (2, 3)), ((1, 1), (1, 4))])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_each_pixel_against_all_scales(make_step, settings, size, scales, memory_format):
    """All pixels of all scales, since no bound is reached, with each other: value and gradient."""
    label = torch.randint(0, 3, (2, *size))
    embedding = torch.randn(2, 6, *size).to(memory_format=memory_format).requires_grad_()
    step = make_step(dict(embedding=embedding), dict(image=None), label=label, unknown=2)
    loss = ContrastiveLoss(scales=scales, **{'max_per_class': None, **settings}).for_generator(step)
    plain = embedding.detach().double().requires_grad_()
    rows, classes = pixels_of_scales(plain, label, scales)
    expected = eq_5(rows, classes.where(classes != 2, -1), 0.1)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5, abs=1e-7)
    if expected.requires_grad:
        for each in (loss, expected):
            each.backward()
        torch.testing.assert_close(embedding.grad.double(), plain.grad, rtol=1e-4, atol=1e-6)


def test_scales_are_differentiable(make_step):
    label, contrast = torch.randint(0, 2, (1, 3, 5)), ContrastiveLoss(scales=(1, 2))

    def loss(embedding):
        torch.manual_seed(0)
        return contrast.for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))

    assert gradcheck(loss, torch.randn(1, 3, 3, 5, dtype=torch.float64, requires_grad=True))


def test_every_scale_is_as_likely(make_step):
    """Of 1024, 256 and 64 pixels of one class a third each, where all are alike, and the memory takes in of each."""
    embedding = torch.zeros(1, 4, 32, 32)
    embedding[:, 0] = 1
    step = make_step(dict(embedding=embedding), dict(image=None), label=torch.zeros(1, 32, 32).long())
    for loss in (ContrastiveLoss(scales=(1, 2, 4)), with_memory(1, 4, settings=dict(scales=(1, 2, 4)))):
        loss.max_per_class = loss.max_pixels = 60
        drawn = torch.cat([loss._draw([_at_scale(embedding, step.layout.label, scale) for scale in (1, 2, 4)],
                                      step.layout)[0] for _ in range(20)])
        shares = torch.stack([drawn < 1024, (drawn >= 1024) & (drawn < 1280), drawn >= 1280]).float().mean(1)
        assert ((shares - 1 / 3).abs() < 0.1).all(), shares  # a bit fewer of the 64, which run out


def test_one_scale_is_the_loss_as_it_was(make_step):
    label, embedding = torch.randint(0, 3, (2, 16, 16)), torch.randn(2, 6, 16, 16)
    step = make_step(dict(embedding=embedding), dict(image=None), label=label)
    torch.manual_seed(3)
    loss = ContrastiveLoss(max_per_class=4).for_generator(step)
    torch.manual_seed(3)
    pixels, classes = sample_pixels(label, 3, None, 4, 1024)
    assert torch.equal(loss, contrastive_loss(embedding.movedim(1, -1).flatten(0, 2)[pixels], classes))


def test_which_scales_are_compared_is_said():
    assert ContrastiveLoss(**EVERY_PIXEL, scales=(1, 2)).protocol == 'every pixel at scales 1, 2, with each other'


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


def test_a_memory_that_is_no_dict():
    with pytest.raises(ValueError, match='memory=True, expected a dict or None'):
        ContrastiveLoss(memory=True)


def test_options_that_the_memory_does_not_have():
    with pytest.raises(ValueError, match='memory has no perclass; it takes hardness, per_class, per_step'):
        ContrastiveLoss(memory=dict(perclass=2))


def test_only_tiles_wait_for_the_sizes_of_classes():
    every = dict(max_pixels=None, max_per_class=None)
    assert ContrastiveLoss().waits_for is None and ContrastiveLoss(**every, precision='auto').waits_for is None
    assert ContrastiveLoss(**every).waits_for == 'the number of pixels of each class'
