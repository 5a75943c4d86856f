import hashlib
import json

import cv2
import numpy as np
import pytest

from semsynth.data.toycity import make_toycity, render_scene

IDS = {7, 8, 11, 13, 17, 19, 20, 21, 22, 23, 24, 26}


@pytest.fixture(scope='module')
def scenes():
    return [render_scene(64, 128, (0, 0, index)) for index in range(30)]


@pytest.fixture(scope='module')
def city(tmp_path_factory):
    return make_toycity(tmp_path_factory.mktemp('city'), train=3, val=2, size=(32, 48), seed=5)


def read(path):
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels[..., ::-1] if pixels.ndim == 3 else pixels


def test_bytes_are_pinned():
    digest = hashlib.sha256()
    for array in render_scene(48, 90, 7):
        digest.update(array.tobytes())
    assert digest.hexdigest() == '08321a6f69ef9b5f1526bf9f4ee723629d43ed82b0b40c00f0c93b5fc7ba626d'


def test_shapes_and_types(scenes):
    image, label, instance = scenes[0]
    assert (image.shape, image.dtype) == ((64, 128, 3), np.uint8)
    assert (label.shape, label.dtype) == ((64, 128), np.uint8)
    assert (instance.shape, instance.dtype) == ((64, 128), np.uint16)


def test_all_classes_and_no_others(scenes):
    assert set(np.unique([scene.label for scene in scenes])) == IDS


def test_instances_are_cityscapes_instances(scenes):
    for _, label, instance in scenes:
        countable = np.isin(label, (24, 26))
        assert np.array_equal(instance[~countable], label[~countable])
        assert np.array_equal(instance[countable] // 1000, label[countable])


def test_instances_of_a_class_touch(scenes):
    touching = 0
    for _, label, instance in scenes:
        touching += ((instance[:, 1:] != instance[:, :-1]) & (label[:, 1:] == label[:, :-1])).any()
    assert touching > len(scenes) / 2


def test_photo_has_edges_inside_the_classes(scenes):
    for image, label, _ in scenes:
        edges = cv2.Canny(image, 60, 140) > 0
        changes = cv2.morphologyEx(label, cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8)) > 0
        assert (edges & ~changes).sum() > 100


def test_every_seed_is_another_scene(scenes):
    assert len({scene.label.tobytes() for scene in scenes}) == len(scenes)
    assert np.array_equal(render_scene(64, 128, (0, 0, 0)).image, scenes[0].image)
    assert not np.array_equal(render_scene(64, 128, (1, 0, 0)).label, scenes[0].label)


def test_other_size_shows_the_same_street(scenes):
    for index in range(5):
        large = render_scene(128, 256, (0, 0, index))
        assert (large.label[::2, ::2] == scenes[index].label).mean() > 0.93
        assert abs(large.image.mean() - scenes[index].image.mean()) < 3


@pytest.mark.parametrize('size', [(16, 16), (33, 71), (70, 40), (31, 300)])
def test_any_size(size):
    image, label, instance = render_scene(*size, 3)
    assert image.shape[:2] == label.shape == instance.shape == size


def test_too_small():
    with pytest.raises(ValueError, match='a scene of 15x64 is too small: both sides must be at least 16'):
        render_scene(15, 64, 0)


def test_cityscapes_layout(city):
    names = [f'toycity_00000{index}_000000' for index in range(3)]
    for split, count in (('train', 3), ('val', 2)):
        photos = sorted((city / 'leftImg8bit' / split / 'toycity').iterdir())
        maps = sorted((city / 'gtFine' / split / 'toycity').iterdir())
        assert [path.name for path in photos] == [f'{name}_leftImg8bit.png' for name in names[:count]]
        kinds = ('instanceIds', 'labelIds')
        assert [path.name for path in maps] == [f'{name}_gtFine_{kind}.png' for name in names[:count] for kind in kinds]
    scene = render_scene(32, 48, (5, 1, 1))
    stem = 'val/toycity/toycity_000001_000000'
    assert np.array_equal(read(city / f'leftImg8bit/{stem}_leftImg8bit.png'), scene.image)
    for kind, expected in (('labelIds', scene.label), ('instanceIds', scene.instance)):
        found = read(city / f'gtFine/{stem}_gtFine_{kind}.png')
        assert found.dtype == expected.dtype
        assert np.array_equal(found, expected)


def test_complete_data_set_is_left_alone(city):
    photo = next((city / 'leftImg8bit/train/toycity').iterdir())
    before = photo.stat().st_mtime_ns
    make_toycity(city, train=3, val=2, size=(32, 48), seed=5)
    assert photo.stat().st_mtime_ns == before


def test_out_is_a_folder(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ValueError, match='is a file, but results go into a folder'):
        make_toycity(tmp_path / 'file', train=1, val=0, size=(32, 48))


def test_other_settings_are_refused(city):
    message = r'train is 3, not 4; size is \[32, 48\], not \[32, 64\]\): delete that folder'
    with pytest.raises(ValueError, match=message) as error:
        make_toycity(city, train=4, val=2, size=(32, 64), seed=5)
    assert str(city) in str(error.value)
    assert 'seed' not in str(error.value)


def test_unfinished_data_set_is_rendered_anew(tmp_path):
    stale = tmp_path / 'leftImg8bit/train/toycity/toycity_000007_000000_leftImg8bit.png'
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b'')
    make_toycity(tmp_path, train=1, val=0, size=(16, 32))
    assert [path.name for path in stale.parent.iterdir()] == ['toycity_000000_000000_leftImg8bit.png']
    settings = json.loads((tmp_path / 'toycity.json').read_text())
    assert settings == dict(train=1, val=0, size=[16, 32], seed=0, renderer_version=1)


@pytest.mark.slow
def test_workers_write_the_same(city, tmp_path):
    make_toycity(tmp_path, train=2, val=1, size=(32, 48), seed=5, workers=2)
    found = list(tmp_path.rglob('*.png'))
    assert len(found) == 9
    assert all(path.read_bytes() == (city / path.relative_to(tmp_path)).read_bytes() for path in found)


@pytest.mark.parametrize(('argument', 'message'), [
    (dict(train=-1), 'make_toycity: train=-1, expected a whole number from 0'),
    (dict(val=-2), 'val=-2'),
    (dict(seed=-3), 'seed=-3'),
    (dict(workers=0), 'make_toycity: workers=0, expected a whole number from 1'),
    (dict(size=(8, 64)), r'size=\(8, 64\) given to make_toycity: expected \(height, width\), both at least 16'),
])
def test_arguments_out_of_range(tmp_path, argument, message):
    with pytest.raises(ValueError, match=message):
        make_toycity(**{**dict(out=tmp_path, train=1, val=1, size=(32, 64)), **argument})


def test_tool(tmp_path, run_tool):
    command = ['--out', tmp_path, '--train', 1, '--val', 1, '--size', 16, 32]
    assert run_tool('make_toycity', *command)[0] == 0
    assert len(list(tmp_path.rglob('*.png'))) == 6
    code, _, err = run_tool('make_toycity', *command, '--seed', 1)
    assert code and 'seed is 0, not 1' in err


@pytest.mark.parametrize('name', ['notes.txt', 'leftImg8bit/test', 'gtFine/train/aachen'])
def test_a_folder_of_other_data_is_left_as_it_is(tmp_path, name):
    (tmp_path / name).mkdir(parents=True)
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(ValueError, match=rf'{tmp_path} holds what is not of ToyCity \({name}\): name another folder'):
        make_toycity(tmp_path, train=1, val=0, size=(16, 32))
    assert sorted(tmp_path.rglob('*')) == before
