import math

import pytest
import torch
import torch.nn.functional as F
from torch.autograd import gradcheck

from semsynth.losses.contrastive import ContrastiveLoss, contrastive, sample_pixels


def transcription(embeddings, classes, temperature):
    """Eq. 5 as it stands, anchor by anchor and positive by positive."""
    rows = [F.normalize(row, dim=0) for row, c in zip(embeddings, classes, strict=True) if c >= 0]
    kinds = [c for c in classes if c >= 0]
    anchors = []
    for i, row in enumerate(rows):
        negative = sum(math.exp(row @ other / temperature) for other, c in zip(rows, kinds, strict=True)
                       if c != kinds[i])
        likenesses = [math.exp(row @ other / temperature) for j, other in enumerate(rows)
                      if j != i and kinds[j] == kinds[i]]
        if likenesses:
            anchors.append(sum(-math.log(e / (e + negative)) for e in likenesses) / len(likenesses))
    return sum(anchors) / len(anchors)


def test_is_eq_5():
    embeddings = torch.randn(11, 4, dtype=torch.float64)
    classes = torch.tensor([0, 1, 2, 0, -1, 1, 1, 0, 3, -1, 0])  # 2 and 3 are alone: negatives only
    loss = contrastive(embeddings, classes, 0.1)
    assert loss.item() == pytest.approx(transcription(embeddings, classes.tolist(), 0.1), rel=1e-12)


def test_a_number_by_hand():
    # Unit vectors: two of class 0 along x, one of class 1 along y. Likenesses at t = 0.5: 2 within, 0 across.
    # Both anchors pay -log(e^2 / (e^2 + e^0)); the third has no positive.
    embeddings, classes = torch.tensor([[1., 0], [2, 0], [0, 3]]), torch.tensor([0, 0, 1])
    assert contrastive(embeddings, classes, 0.5).item() == pytest.approx(-math.log(math.e ** 2 / (math.e ** 2 + 1)))


def test_gradcheck():
    embeddings = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: contrastive(x, torch.tensor([0, 1, 0, -1, 1, 2]), 0.1), embeddings)


@pytest.mark.parametrize('classes', [[-1, -1, -1], [0, 1, 2], [0, -1, -1], [0, 0, 0]],
                         ids=['none', 'all alone', 'one pixel', 'no negatives'])
def test_nothing_to_contrast_gives_0_attached_to_the_graph(classes):
    embeddings = torch.randn(3, 4, requires_grad=True)
    loss = contrastive(embeddings, torch.tensor(classes), 0.1)
    loss.backward()
    assert loss == 0 and (embeddings.grad == 0).all()


def test_a_zero_embedding_is_finite():
    embeddings = torch.zeros(4, 3, requires_grad=True)
    loss = contrastive(embeddings, torch.tensor([0, 0, 1, 1]), 0.1)
    loss.backward()
    assert loss.isfinite() and embeddings.grad.isfinite().all()


def draw(label, num_classes=5, unknown=None, max_per_class=64, max_pixels=1024, seed=0):
    generator = torch.Generator().manual_seed(seed)
    pixels, classes = sample_pixels(label, num_classes, unknown, max_per_class, max_pixels, generator)
    filled = classes >= 0
    assert torch.equal(label.flatten()[pixels[filled]], classes[filled])
    assert pixels.unique().numel() == pixels.numel()
    return pixels, classes


def counts(classes):
    return classes[classes >= 0].bincount(minlength=5).tolist()


LABEL = torch.tensor([0] * 50 + [1] * 30 + [2] * 3 + [4] * 17)[torch.randperm(100)].view(4, 5, 5)


def test_every_class_gives_at_most_its_bound():
    assert counts(draw(LABEL, max_per_class=20)[1]) == [20, 20, 3, 0, 17]


def test_the_unknown_class_is_never_drawn():
    assert counts(draw(LABEL, unknown=0, max_per_class=20)[1]) == [0, 20, 3, 0, 17]


def test_where_the_whole_is_bounded_classes_share_it():
    assert counts(draw(LABEL, max_pixels=24)[1]) == [7, 7, 3, 0, 7]


def test_places_depend_on_the_sizes_alone():
    for label in (LABEL, torch.zeros_like(LABEL)):
        for unknown in (None, 0):
            assert len(draw(label, unknown=unknown, max_per_class=6)[0]) == 30
    assert len(draw(LABEL)[0]) == 100


def test_the_draw_follows_the_seed_and_covers_the_batch():
    assert torch.equal(draw(LABEL, max_per_class=5)[0], draw(LABEL, max_per_class=5)[0])
    assert not torch.equal(draw(LABEL, max_per_class=5)[0], draw(LABEL, max_per_class=5, seed=1)[0])
    drawn = torch.cat([draw(LABEL, max_per_class=2, seed=seed)[0] for seed in range(200)])
    assert drawn.unique().numel() == 100  # no pixel is out of reach


def test_reads_the_embedding_of_the_whole_batch(make_step):
    label, embedding = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 6, 4, 5, requires_grad=True)
    step = make_step(dict(embedding=embedding), dict(image=None), label=label)
    loss = ContrastiveLoss().for_generator(step)  # 40 pixels: all are drawn
    pixels = embedding.detach().movedim(1, -1).reshape(40, 6).double()
    assert loss.item() == pytest.approx(transcription(pixels, label.flatten().tolist(), 0.1), rel=1e-5)
    loss.backward()
    assert (embedding.grad.abs().sum(1) > 0).all()


def test_labels_come_to_a_smaller_embedding_by_the_nearest_pixel(make_step):
    label = torch.randint(0, 3, (1, 3, 4))
    fine = label.repeat_interleave(3, 1).repeat_interleave(3, 2)
    embedding = torch.randn(1, 6, 3, 4)
    losses = [ContrastiveLoss().for_generator(make_step(dict(embedding=embedding), dict(image=None), label=x))
              for x in (label, fine)]
    assert torch.equal(*losses)


def test_the_draw_changes_from_step_to_step_and_with_the_seed(make_step):
    label, embedding = torch.randint(0, 3, (2, 16, 16)), torch.randn(2, 6, 16, 16)

    def loss(iteration, seed=0):
        step = make_step(dict(embedding=embedding), dict(image=None), label=label, iteration=iteration)
        return ContrastiveLoss(max_per_class=4, seed=seed).for_generator(step).item()

    assert loss(7) == loss(7)
    assert len({loss(7), loss(8), loss(7, seed=1)}) == 3


def test_half_precision_embeddings(make_step):
    label, embedding = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 6, 4, 5).bfloat16().requires_grad_()
    with torch.autocast('cpu', dtype=torch.bfloat16):
        loss = ContrastiveLoss().for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))
    loss.backward()
    assert loss.dtype == torch.float32 and loss.isfinite() and embedding.grad.isfinite().all()


@pytest.mark.parametrize('options, message', [
    (dict(temperature=0), 'temperature=0, expected more than 0'),
    (dict(max_per_class=1), 'max_per_class=1, expected 2 or more'),
    (dict(max_pixels=0), 'max_pixels=0, expected 2 or more')])
def test_bounds_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        ContrastiveLoss(**options)


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
def test_on_a_gpu_nothing_waits(make_step):
    label, embedding = torch.randint(0, 3, (2, 4, 5)), torch.randn(2, 6, 4, 5)
    expected = ContrastiveLoss().for_generator(make_step(dict(embedding=embedding), dict(image=None), label=label))
    step = make_step(dict(embedding=embedding.cuda().requires_grad_()), dict(image=None), label=label.cuda())
    torch.cuda.set_sync_debug_mode('error')
    try:
        loss = ContrastiveLoss().for_generator(step)
        loss.backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    torch.testing.assert_close(loss.cpu(), expected)
