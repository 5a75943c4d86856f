import numpy as np

from semsynth.studies.tables import cells, mean_and_std, shown, spread


def test_a_row_of_numbers():
    values = [61.25, 63.5, 58.125]
    mean, std = np.mean(values), np.std(values, ddof=1)
    assert spread(values) == f'{mean:.4g} ± {std:.2g}' and spread(values, '+.1f', '.1f') == f'{mean:+.1f} ± {std:.1f}'
    assert (spread(values[:1]), spread([]), shown(None), shown(2311.26)) == ('61.25', '-', '-', '2311')
    assert (mean_and_std([1.5]), mean_and_std([])) == ((1.5, None), (None, None))
    assert cells(['row', 1, '-']) == '| row | 1 | - |'
