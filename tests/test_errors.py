from semsynth.errors import first_few


def test_first_few():
    assert first_few(['a', 'b']) == 'a, b'
    assert first_few([1, 2, 3, 4, 5]) == '1, 2, 3 and 2 more'
