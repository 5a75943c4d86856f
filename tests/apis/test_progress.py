import pytest

from semsynth.apis.progress import tracked


@pytest.mark.parametrize('work', [[1], [1, 2, 3], []])
def test_each_item_comes_once_and_the_bar_ends_whole(work, capsys):
    assert list(tracked(work, 'Counting')) == work
    assert 'Counting' in (out := capsys.readouterr().out)
    assert '100%' in out or not work


@pytest.mark.parametrize(('fails_at', 'bar'), [(1, False), (2, True)])
def test_an_error_in_the_first_stands_alone(fails_at, bar, capsys):
    with pytest.raises(ValueError):
        for item in tracked([1, 2, 3], 'Counting'):
            if item == fails_at:
                raise ValueError
    assert ('Counting' in capsys.readouterr().out) == bar
