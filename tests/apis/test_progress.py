import pytest

from semsynth.apis.progress import told, tracked


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


def test_without_a_terminal_a_line_now_and_then(capsys, monkeypatch):
    clock = iter(range(0, 1000, 20))
    monkeypatch.setattr('semsynth.apis.progress.time.monotonic', lambda: next(clock))
    assert list(told(iter('abcde'), 'Counting', 5)) == list('abcde')
    assert capsys.readouterr().out.splitlines() == [
        'Counting: 1 of 5, about 3 min left', 'Counting: 3 of 5, about 1 min left', 'Counting: 5 of 5']
    assert list(told([], 'Counting', 0)) == [] and capsys.readouterr().out == ''
