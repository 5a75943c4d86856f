from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.tables import columns
from semsynth.errors import DataError
from semsynth.studies import benchmark as package
from semsynth.studies.benchmark import benchmark, measuring
from semsynth.studies.benchmark.measuring import Version

TINY = dict(case='class_specific', device='cpu', repeats=2, sizes=[(9, 7), (6, 5)], channels=[2], classes=[3, 20])


def test_class_specific(tmp_path):
    Image.fromarray(np.array([[0, 33001], [2, 5]], np.uint16)).save(tmp_path / 'ids.png')
    found = columns(benchmark(**TINY, maps=[tmp_path / 'ids.png']))
    assert found['label map'] == ['ids'] * 8 and found['size'] == ['9x7'] * 4 + ['6x5'] * 4
    assert found['classes'] == ['3', '20'] * 4 and found['version'] == ['fast', 'fast', 'plain', 'plain'] * 2
    assert found['present'] == ['3', '4'] * 4  # 0, 1, 2, 2 and 0, 1, 2, 5
    assert found['relative time'][::4] == ['1', '1']
    assert [bool(each) for each in found['difference']] == [False, False, True, True] * 2
    assert all(0 <= float(each) < 1e-5 for each in found['difference'] if each)
    for middle, quartiles in zip(found['ms'], found['quartiles'], strict=True):
        low, high = quartiles.split(' to ')
        assert 0 < float(low) <= float(middle) <= float(high)


def test_regions_are_drawn_where_there_is_no_map():
    found = columns(benchmark(**TINY | dict(sizes=[(40, 50)]), versions=['fast']))
    assert found['label map'] == ['regions'] * 2 and found['present'] == found['classes'] == ['3', '20']


def test_versions_that_disagree_show(monkeypatch):
    def make(value):
        return lambda: [torch.ones(3), torch.tensor([value])]

    def case(device):
        return [[Version(dict(version=value), partial(make, value), 'a number') for value in (2.0, 3.0)]]

    monkeypatch.setitem(package.CASES, 'numbers', case)
    assert columns(benchmark('numbers', 'cpu', 1))['difference'] == ['', '5e-01']


def test_what_is_not_a_number_differs_and_zeros_do_not():
    versions = [Version({}, partial(lambda value: lambda: [torch.ones(1), torch.full((2,), value)], value), 'same')
                for value in (0., 0., torch.nan)]
    first, zeros, broken = (each.difference for each in measuring.measure(versions, 'cpu', 1, lambda: None))
    assert first is None and zeros == 0 and np.isnan(broken)


def test_memory_is_the_most_that_tensors_took_at_once():
    before = torch.ones(1 << 20)

    def step():
        both = [torch.ones(1 << 20), torch.ones(2 << 20)]
        del both[0]
        return [both[0] * 2, before]  # 8 + 8 MB, after 4 + 8

    assert measuring._peak_on_cpu(step) == pytest.approx(16 << 20, rel=1e-5)


@pytest.mark.parametrize(('change', 'error', 'message'), [
    (dict(repeats=0), ValueError, 'repeats=0'),
    (dict(device='tpu'), ValueError, 'device=tpu, but this machine has cpu'),
    (dict(versions=['quick']), ValueError, r"versions=\['quick'\], but there are only fast, plain"),
    (dict(maps=['nowhere.png']), DataError, 'nowhere.png'),
])
def test_mistakes(change, error, message):
    with pytest.raises(error, match=message):
        benchmark(**TINY | change)


def test_a_gpu_that_is_absent():
    with pytest.raises(ValueError, match='device=cuda, but this machine has cpu'):
        benchmark(**TINY | dict(device='cuda'))
