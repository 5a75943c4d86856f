from semsynth.errors import did_you_mean, either, first_few


def test_first_few():
    assert first_few(['a', 'b']) == 'a, b'
    assert first_few([1, 2, 3, 4, 5]) == '1, 2, 3 and 2 more'


def test_either():
    assert [either(choices) for choices in ('a', 'ab', 'abc')] == ['a', 'a or b', 'a, b or c']


def test_the_nearest_names():
    known = ['train', 'test', 'edit']
    assert did_you_mean('trian', known) == 'did you mean train?'
    assert did_you_mean('trian', known, prefix='x::') == 'did you mean x::train?'
    assert did_you_mean('zzz', known) == '' and did_you_mean('zzz', known, 'it has 3.') == 'it has 3.'
