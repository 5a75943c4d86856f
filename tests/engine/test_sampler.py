import itertools

import pytest
from torch.utils.data import DataLoader

from semsynth.engine import sampler as module
from semsynth.engine.sampler import ResumableSampler
from semsynth.seeds import mix


def take(sampler, count):
    return list(itertools.islice(sampler, count))


def ranks(monkeypatch, size, world, **kwargs):
    samplers = []
    for rank in range(world):
        monkeypatch.setattr(module, 'get_dist_info', lambda rank=rank: (rank, world))
        samplers.append(ResumableSampler(range(size), seed=3, **kwargs))
    return samplers


def test_every_sample_once_per_pass_in_another_order():
    draws = take(ResumableSampler(range(7), seed=3), 21)
    passes = [draws[i:i + 7] for i in (0, 7, 14)]
    assert all(sorted(one) == list(range(7)) for one in passes)
    assert passes[0] != passes[1] != passes[2]
    assert len({draw.seed for draw in draws}) == 21


def test_unshuffled():
    assert take(ResumableSampler(range(3), shuffle=False, seed=0), 7) == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize('size', [1, 2, 7, 8])
def test_ranks_deal_out_one_stream(monkeypatch, size):
    whole = take(ResumableSampler(range(size), seed=3), 30)
    for world in (2, 3):
        shares = [take(sampler, 30 // world) for sampler in ranks(monkeypatch, size, world)]
        merged = [draw for turn in zip(*shares, strict=True) for draw in turn]
        assert merged == whole
        assert [draw.seed for draw in merged] == [draw.seed for draw in whole]


@pytest.mark.parametrize('drawn', [0, 1, 6, 7, 23])
def test_entered_anywhere(monkeypatch, drawn):
    for sampler, other in zip(ranks(monkeypatch, 7, 2), ranks(monkeypatch, 7, 2), strict=True):
        expected = take(sampler, drawn + 10)[drawn:]
        other.enter(3, drawn)
        found = take(other, 10)
        assert found == expected
        assert [draw.seed for draw in found] == [draw.seed for draw in expected]


def test_an_epoch_is_a_ranks_share(monkeypatch):
    """Cityscapes: 2975 photos, total batch 16."""
    for world, batch in ((1, 16), (2, 8), (16, 1)):
        for sampler in ranks(monkeypatch, 2975, world):
            assert len(DataLoader(range(2975), batch_size=batch, sampler=sampler)) == 186


def test_empty():
    with pytest.raises(ValueError, match='training split is empty: range found no sample'):
        ResumableSampler(range(0), seed=0)


def test_mixed_seeds_differ():
    assert len({mix(a, b) for a in range(20) for b in range(20)}) == 400
    assert 0 <= mix(0, 0, 0) < 2**32
    assert mix(1, 2) == mix(1, 2) != mix(2, 1)
