from semsynth.data.files import find_by_stem, first_few


def test_first_few():
    assert first_few(['a', 'b']) == 'a, b'
    assert first_few([1, 2, 3, 4, 5]) == '1, 2, 3 and 2 more'


def test_find_by_stem(tmp_path, write):
    for name in ('b/x.png', 'a.PNG', 'a.jpg', 'note.txt', '.hidden.png'):
        write(tmp_path / name, b'')
    assert find_by_stem(tmp_path, ('.png', '.jpg')) == {
        'a': [str(tmp_path / 'a.PNG'), str(tmp_path / 'a.jpg')], 'b/x': [str(tmp_path / 'b/x.png')]}
    assert find_by_stem(tmp_path / 'nowhere', ('.png',)) == {}
