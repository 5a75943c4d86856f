import numpy as np
import pytest
import torch
from PIL import Image

from helpers.tables import columns
from semsynth.errors import DataError
from semsynth.studies.benchmark import benchmark
from semsynth.studies.benchmark.maps import draw_bands


@pytest.fixture
def ids(tmp_path):
    """A file of 4 instances."""
    Image.fromarray(np.array([[0, 33001], [2, 5]], np.uint16)).save(tmp_path / 'ids.png')
    return tmp_path / 'ids.png'


def agree(found):
    """Whether each plain version is the fast one's equal."""
    return set(found['version'][::2]) == {'fast'} and set(found['version'][1::2]) == {'plain'} and all(
        float(difference) < 1e-5 for difference in found['difference'][1::2])


def test_instance_mean(ids):
    tiny = dict(case='instance_mean', device='cpu', repeats=1, sizes=[(9, 8), (4, 6)], channels=2, instances=[1, 24])
    found = columns(benchmark(**tiny))
    assert agree(found) and found['instance map'] == ['bands'] * 8
    assert found['size'] == ['9x8'] * 4 + ['4x6'] * 4 and found['instances'] == ['1', '1', '24', '24'] * 2
    found = columns(benchmark(**tiny, maps=[ids]))
    assert agree(found) and found['instance map'] == ['ids'] * 4 and found['instances'] == ['4'] * 4


def test_layout(ids):
    tiny = dict(case='layout', device='cpu', repeats=1, sizes=[(9, 8)], classes=[3, 20])
    for found, name in (columns(benchmark(**tiny)), 'bands'), (columns(benchmark(**tiny, maps=[ids])), 'ids'):
        assert agree(found) and found['map'] == [name] * 6
        assert found['channels'][::2] == ['boundary', 'one-hot, 3 classes', 'one-hot, 20 classes']
        assert set(found['difference'][1::2]) == {'0e+00'}


def test_bands_are_as_many_as_asked_for():
    for count in (1, 5, 24):
        shares = draw_bands(count, 4, 6).unique(return_counts=True)[1]
        assert len(shares) == count and torch.equal(shares.aminmax().max, shares.aminmax().min) == (24 % count == 0)


@pytest.mark.parametrize(('case', 'change', 'error', 'message'), [
    ('instance_mean', dict(versions=['quick']), ValueError,
     r"versions=\['quick'\], but there are only fast, fused, plain"),
    ('instance_mean', dict(versions=['fused']), ValueError, 'fused=True'),
    ('instance_mean', dict(instances=[73]), ValueError, 'instances=73, but 9x8 has only 72 pixels'),
    ('instance_mean', dict(maps=['nowhere.png']), DataError, 'nowhere.png'),
    ('layout', dict(versions=['quick']), ValueError, r"versions=\['quick'\], but there are only fast, plain"),
])
def test_mistakes(case, change, error, message):
    own = dict(channels=1, instances=[2]) if case == 'instance_mean' else dict(classes=[2])
    with pytest.raises(error, match=message):
        benchmark(case, 'cpu', 1, **dict(sizes=[(9, 8)]) | own | change)
