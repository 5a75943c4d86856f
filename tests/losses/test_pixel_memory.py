import math
from collections import deque

import pytest
import torch
import torch.nn.functional as F

from semsynth.engine.carry import carry_weights
from semsynth.losses.pixel_memory import PixelMemory
from semsynth.losses.pixel_sampling import sample_pixels
from semsynth.studies.benchmark.measuring import _peak_on_cpu


def remembered(memory):
    """What it holds, as sets of rounded rows by class."""
    embeddings, classes = memory.entries()
    return {kind: {tuple(row) for row in embeddings[classes == kind].double().round(decimals=5).tolist()}
            for kind in range(len(memory.seen))}


@pytest.mark.parametrize(('per_class', 'per_step'), [(1, 1), (5, 2), (7, 7)])
def test_each_class_keeps_its_last_ones(per_class, per_step):
    memory = PixelMemory(4, 3, per_class, per_step)
    plain = [deque(maxlen=per_class) for _ in range(4)]
    for step in range(9):
        embeddings = torch.randn(13, 3)
        classes = torch.randint(-1, 3 if step % 2 else 2, (13,))  # 3 is never there, 2 at times
        memory.store(embeddings, classes)
        for kind in range(4):
            plain[kind] += F.normalize(embeddings[classes == kind][:per_step], dim=1).double()
        assert remembered(memory) == {
            kind: {tuple(row.round(decimals=5).tolist()) for row in rows} for kind, rows in enumerate(plain)}
    assert memory.seen[:2].min() > per_class  # the rings went round


def test_empty_places_have_no_class():
    memory = PixelMemory(3, 2, per_class=2, per_step=2)
    assert memory.entries()[1].tolist() == [-1] * 6
    memory.store(torch.eye(2), torch.tensor([2, -1]))
    assert memory.entries()[1].tolist() == [-1] * 4 + [2, -1]
    assert memory.entries()[0][4].tolist() == [1, 0]


def test_keeps_no_graph_and_wide_floats():
    memory = PixelMemory(2, 3)
    memory.store(torch.randn(4, 3).bfloat16().requires_grad_(), torch.tensor([0, 0, 1, 1]))
    embeddings, _ = memory.entries()
    assert embeddings.dtype == torch.float32 and not embeddings.requires_grad
    assert embeddings.norm(dim=1)[[0, 1, 64, 65]].tolist() == pytest.approx([1] * 4)


def test_entries_stay_as_they_were_read():
    """The backward pass comes after the step's pixels have gone in."""
    memory = PixelMemory(2, 3, per_class=1, per_step=1)
    memory.store(torch.randn(2, 3), torch.tensor([0, 1]))
    before = memory.entries()[0]
    kept = before.clone()
    memory.store(torch.randn(2, 3), torch.tensor([0, 1]))
    assert torch.equal(before, kept) and not torch.equal(memory.entries()[0], kept)


def test_the_state_is_all_of_it():
    memory, other = PixelMemory(3, 4, 5, 2), PixelMemory(3, 4, 5, 2)
    for _ in range(4):
        memory.store(torch.randn(8, 4), torch.randint(0, 3, (8,)))
    other.load_state_dict(memory.state_dict())
    rows, classes = torch.randn(8, 4), torch.randint(0, 3, (8,))
    for one in (memory, other):
        one.store(rows, classes)
    assert torch.equal(memory.embeddings, other.embeddings) and torch.equal(memory.seen, other.seen)


def test_longer_rings_that_a_run_goes_on_with_are_empty():
    """``carry_from`` takes over what has the same shape: how many were seen, but not the rings."""
    before, memory = PixelMemory(2, 3, per_class=4), PixelMemory(2, 3, per_class=6, per_step=2)
    before.store(torch.randn(8, 3), torch.tensor([0, 1] * 4))
    assert carry_weights(memory, dict(state_dict=before.state_dict()), 'some.pth')[0] == 1
    assert memory.seen.tolist() == [4, 4]
    assert (memory.entries()[1] == -1).all()
    rows = torch.randn(8, 3)
    for part in rows.split(4):
        memory.store(part, torch.tensor([0, 1] * 2))
    assert remembered(memory) == {kind: {tuple(row) for row in F.normalize(rows[kind::2], dim=1).double().round(
        decimals=5).tolist()} for kind in (0, 1)}


def test_183_classes_take_3_megabytes():
    memory = PixelMemory(183, 64)
    assert memory.embeddings.numel() * 4 / 1e6 == pytest.approx(3.0, abs=0.05)
    classes = torch.arange(183).repeat(5)
    memory.store(torch.randn(915, 64), classes)
    assert memory.seen.tolist() == [4] * 183 and (memory.entries()[1] >= 0).sum() == 183 * 4


def test_chances_are_those_of_similarity_to_the_mean():
    memory = PixelMemory(3, 5, hardness=1.5)
    past, kinds = torch.randn(20, 5), torch.randint(0, 2, (20,))
    memory.per_step = 20
    memory.store(past, kinds)
    embedding, label = torch.randn(2, 5, 3, 7), torch.randint(0, 3, (2, 3, 7))
    chances = memory.chances(embedding, label)
    for b, y, x in [(0, 0, 0), (1, 2, 6), *((label == 2).nonzero()[0].tolist(),)]:
        kind, ours = label[b, y, x], embedding[b, :, y, x]
        mean = F.normalize(past[kinds == kind], dim=1).mean(0)
        expected = math.exp(-1.5 * (ours @ mean / ours.norm() / mean.norm())) if kind != 2 else 1  # 2 is not known yet
        assert chances[b, y, x].item() == pytest.approx(expected, rel=1e-5)


def test_chances_need_two_copies_of_the_embedding_at_most():
    memory, embedding = PixelMemory(3, 32), torch.randn(1, 32, 16, 32)
    peak = _peak_on_cpu(lambda: [memory.chances(embedding, torch.zeros(1, 16, 32).long())])
    assert peak < 2.5 * embedding.nbytes


@pytest.mark.slow
def test_hard_pixels_are_drawn_more_often():
    """Half of the pixels of class 0 are like its mean, half are its opposite; nothing is known of class 1."""
    memory = PixelMemory(2, 2, hardness=1.0)
    memory.store(torch.tensor([[1., 0]]), torch.tensor([0]))
    label = torch.tensor([0] * 20 + [1] * 20).view(1, 1, 40)
    embedding = torch.zeros(1, 2, 1, 40)
    embedding[0, 0, 0] = torch.tensor([1.] * 10 + [-1.] * 10).repeat(2)
    drawn = torch.zeros(40)
    for seed in range(2000):
        torch.manual_seed(seed)
        pixels, _ = sample_pixels(label, 2, None, 1, 2, memory.chances(embedding, label))
        drawn[pixels] += 1
    easy, hard, *unknown = drawn.view(4, 10).sum(1).tolist()
    assert hard / 2000 == pytest.approx(math.e ** 2 / (1 + math.e ** 2), abs=0.03)
    assert easy + hard == 2000 and unknown[0] / 2000 == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize('embedding', [torch.zeros(1, 3, 2, 2), torch.full((1, 3, 2, 2), 1e-30)])
def test_a_zero_embedding_has_a_chance(embedding):
    memory = PixelMemory(1, 3)
    memory.store(torch.randn(2, 3), torch.tensor([0, 0]))
    chances = memory.chances(embedding, torch.zeros(1, 2, 2).long())
    assert chances.isfinite().all() and (chances > 0).all()


@pytest.mark.parametrize(('options', 'message'), [
    (dict(per_class=0), 'PixelMemory: per_class=0, expected a whole number from 1 on'),
    (dict(per_step='4'), "PixelMemory: per_step='4', expected a whole number from 1 on"),
    (dict(per_class=2, per_step=3), 'PixelMemory: per_step=3, expected 1 to per_class=2'),
    (dict(hardness=-1), 'PixelMemory: hardness=-1, expected a number from 0 on')])
def test_bounds_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        PixelMemory(3, 4, **options)
