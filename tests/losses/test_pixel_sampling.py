import math

import pytest
import torch

from semsynth.losses.pixel_sampling import sample_pixels

ORDER = torch.randperm(100, generator=torch.Generator().manual_seed(0))
LABEL = torch.tensor([0] * 50 + [1] * 30 + [2] * 3 + [4] * 17)[ORDER].view(4, 5, 5)


def draw(label, num_classes=5, unknown=None, max_per_class=64, max_pixels=1024, seed=0, chances=None):
    torch.manual_seed(seed)
    pixels, classes = sample_pixels(label, num_classes, unknown, max_per_class, max_pixels, chances)
    filled = classes >= 0
    assert torch.equal(label.flatten()[pixels[filled]], classes[filled])
    assert pixels.unique().numel() == pixels.numel()
    return pixels, classes


def counts(classes):
    return classes[classes >= 0].bincount(minlength=5).tolist()


@pytest.fixture(params=['alike', 'by chances'])
def chances(request):
    return None if request.param == 'alike' else 10 * torch.rand(LABEL.shape) + 0.01


def test_every_class_gives_at_most_its_bound(chances):
    assert counts(draw(LABEL, max_per_class=20, chances=chances)[1]) == [20, 20, 3, 0, 17]


def test_the_unknown_class_is_never_drawn(chances):
    assert counts(draw(LABEL, unknown=0, max_per_class=20, chances=chances)[1]) == [0, 20, 3, 0, 17]


def test_where_the_whole_is_bounded_classes_share_it(chances):
    assert counts(draw(LABEL, max_pixels=24, chances=chances)[1]) == [7, 7, 3, 0, 7]


def test_classes_take_turns(chances):
    first, second, third = draw(LABEL, max_pixels=12, chances=chances)[1].view(3, 4).tolist()
    assert first == second == third and sorted(first) == [0, 1, 2, 4]


@pytest.mark.slow
def test_fewer_pixels_than_classes_are_of_any_class_alike(chances):
    drawn = torch.cat([draw(LABEL, unknown=1, max_pixels=2, chances=chances, seed=seed)[1] for seed in range(600)])
    assert drawn.bincount(minlength=5).tolist() == pytest.approx([400, 0, 400, 0, 400], abs=50)


def test_places_depend_on_the_sizes_alone(chances):
    for label in (LABEL, torch.zeros_like(LABEL)):
        for unknown in (None, 0):
            assert len(draw(label, unknown=unknown, max_per_class=6, chances=chances)[0]) == 30
    assert len(draw(LABEL, chances=chances)[0]) == 100


def test_the_draw_follows_the_seed_and_covers_the_batch(chances):
    first = draw(LABEL, max_per_class=5, chances=chances)[0]
    assert torch.equal(first, draw(LABEL, max_per_class=5, chances=chances)[0])
    assert not torch.equal(first, draw(LABEL, max_per_class=5, seed=1, chances=chances)[0])
    even = torch.ones(LABEL.shape) if chances is not None else None
    drawn = torch.cat([draw(LABEL, max_per_class=2, seed=seed, chances=even)[0] for seed in range(200)])
    assert drawn.unique().numel() == 100  # no pixel is out of reach


@pytest.mark.slow
def test_chances_are_what_they_say():
    """Of a class with chances 1, 2 and 5 the first pixel is each in 1, 2 and 5 of 8 draws; if it is the last one, the
    next is the second in 2 of 3. Another class changes nothing."""
    label, weights = torch.tensor([[0, 1, 0, 0, 1]]), torch.tensor([[1., 100, 2, 5, 1]])
    pixels = torch.stack([draw(label, chances=weights, seed=seed)[0] for seed in range(4000)])
    ours = pixels[label[0][pixels] == 0].view(4000, 3)
    tolerance = 4 * math.sqrt(0.25 / 1000)
    for pixel, expected in {0: 1 / 8, 2: 2 / 8, 3: 5 / 8}.items():
        assert (ours[:, 0] == pixel).float().mean().item() == pytest.approx(expected, abs=tolerance)
    second = ours[ours[:, 0] == 3, 1]
    assert (second == 2).float().mean().item() == pytest.approx(2 / 3, abs=tolerance)
