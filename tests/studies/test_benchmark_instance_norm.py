import pytest

from helpers.tables import columns
from semsynth.studies.benchmark import benchmark

TINY = dict(case='instance_norm', device='cpu', repeats=1, sizes=[(9, 8)], channels=4, batch_size=2)


def test_versions_agree():
    found = columns(benchmark(**TINY, versions=['ours', 'var_mean', 'torch']))
    assert found['version'] == ['ours', 'var_mean', 'torch'] * 8
    assert found['order'] == (['contiguous'] * 6 + ['channels_last'] * 6) * 2
    assert found['with'] == ([''] * 3 + ['modulation, leaky ReLU'] * 3) * 4
    for precision, difference in zip(found['precision'], found['difference'], strict=True):
        assert not difference or float(difference) < (1e-5 if precision == 'float32' else 0.02)


@pytest.mark.parametrize(('change', 'message'), [
    (dict(versions=['quick']), r"versions=\['quick'\], but there are only ours, torch"),
    (dict(versions=['fused']), "'fused' is for a GPU, but device=cpu"),
    (dict(precision=['half']), r"precision=\['half'\], but there are only float32, bfloat16"),
])
def test_mistakes(change, message):
    with pytest.raises(ValueError, match=message):
        benchmark(**TINY | change)
