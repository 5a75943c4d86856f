from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from helpers.masks import label, photo, save
from semsynth.data.importing import UNKNOWN, ImportedScene, ImportSource
from semsynth.data.importing.tree import no_class, write_tree
from semsynth.data.pictures import read_ids, read_photo
from semsynth.errors import DataError


class Source(ImportSource):
    """Scenes that are there already."""

    format, summary = 'made', 'made in tests'

    def __init__(self, *scenes, classes=3):
        self.scenes = {scene.name: scene for scene in scenes}
        self.names = list(self.scenes)
        self.classes = [f'class {number}' for number in range(classes)]
        self.has_instances = any(scene.instance is not None for scene in scenes)

    def scene(self, name):
        return self.scenes[name]


def scene(folder, name='a', ending='.png', **kwargs):
    path = save(folder / f'photos/{name}{ending}', photo())
    return ImportedScene(name, path, np.where(label() == 3, UNKNOWN, label().astype(int)), **kwargs)


def written(source, out):
    out.mkdir(exist_ok=True)
    return write_tree(source, dict.fromkeys(source.names, 'train'), out)


def test_label_maps_photos_and_counts(tmp_path):
    first = scene(tmp_path, ending='.jpg', remarks=dict(spots=2))
    second = replace(scene(tmp_path, 'sub/b'), label=np.zeros((12, 16), int), remarks=dict(spots=3, holes=1))
    contents = written(Source(first, second), tmp_path / 'out')
    ids = read_ids(str(tmp_path / 'out/labels/train/a.png'))
    assert (ids == np.where(label() == 3, 255, label())).all()
    assert (tmp_path / 'out/images/train/a.jpg').read_bytes() == first.photo.read_bytes()
    assert (tmp_path / 'out/images/train/sub/b.png').is_file() and not (tmp_path / 'out/instances').exists()
    both = np.bincount(label().ravel(), minlength=4) + np.array([192, 0, 0, 0])
    assert contents.pixels.tolist() == both.tolist() and contents.scenes.tolist() == [2, 1, 1, 1]
    assert contents.sizes == {(12, 16): 2} and contents.splits == dict(train=2) and not contents.things
    assert contents.remarks == dict(spots={'a': 2, 'sub/b': 3}, holes={'sub/b': 1})


def test_label_maps_have_the_colours_of_the_classes(tmp_path):
    source = Source(scene(tmp_path))
    source.palette = [(1, 2, 3), (4, 5, 6), (7, 8, 9)]
    written(source, tmp_path / 'out')
    picture = Image.open(tmp_path / 'out/labels/train/a.png')
    assert picture.mode == 'P' and (np.asarray(picture.convert('RGB')) == np.array(
        [(1, 2, 3), (4, 5, 6), (7, 8, 9), (0, 0, 0)])[label()]).all()


def test_many_classes_need_16_bits(tmp_path):
    many = replace(scene(tmp_path), label=np.where(label() == 3, UNKNOWN, 298 + label().astype(int)))
    contents = written(Source(many, classes=301), tmp_path / 'out')
    ids = read_ids(str(tmp_path / 'out/labels/train/a.png'))
    assert (ids == np.where(label() == 3, no_class(301), 298 + label().astype(int))).all() and no_class(301) == 65535
    assert contents.pixels[298:].tolist() == np.bincount(label().ravel()).tolist()


def test_objects_are_numbered_above_the_classes(tmp_path):
    objects = np.array([0, 5, 70000, 5])[label(seed=4)]
    with_objects = scene(tmp_path, instance=objects.astype(np.int32))
    contents = written(Source(with_objects, scene(tmp_path, 'b')), tmp_path / 'out')
    instance = read_ids(str(tmp_path / 'out/instances/train/a.png'))
    ids = np.where(label() == 3, 255, label())
    for number in (5, 70000):
        assert len(set(instance[objects == number])) == 1 and instance[objects == number].min() >= 256
    assert (instance[objects == 0] == ids[objects == 0]).all() and len(set(instance[objects > 0])) == 2
    assert contents.things == set(label()[objects > 0]) - {3}
    assert (read_ids(str(tmp_path / 'out/instances/train/b.png')) == ids).all()


TURNED = {1: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90,
          7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_270}
"""By orientation, how a file stores what is to be shown: the inverse of what is done when it is shown."""


@pytest.mark.parametrize('orientation', [5, 6, 7, 8])
@pytest.mark.parametrize('as_shown', [True, False])
def test_photos_that_are_shown_turned(tmp_path, orientation, as_shown):
    """The photo's red channel is the label map, so that the two lie on each other if they are turned alike."""
    shown = Image.fromarray(np.dstack([label()] * 3))
    stored, exif = shown.transpose(TURNED[orientation]), Image.Exif()
    exif[274] = orientation
    path = save(tmp_path / 'a.png', stored, exif=exif)
    drawn = np.asarray(shown if as_shown else stored)[..., 0].astype(int)
    objects = drawn + 1
    contents = written(Source(ImportedScene('a', path, drawn, objects), classes=4), tmp_path / 'out')
    ids = read_ids(str(tmp_path / 'out/labels/train/a.png'))
    assert (ids == read_photo(str(tmp_path / 'out/images/train/a.png'))[..., 0]).all() and ids.shape == (12, 16)
    assert (read_ids(str(tmp_path / 'out/instances/train/a.png')) - 256 == ids).all()
    [remark] = contents.remarks
    assert 'EXIF' in remark and ('drawn on the turned' in remark) == as_shown


def test_problems_of_all_scenes_are_told_and_the_rest_is_done(tmp_path):
    source = Source(replace(scene(tmp_path), label=label((8, 8))), scene(tmp_path, 'b'),
                    replace(scene(tmp_path, 'c'), label=np.full((12, 16), 3)),
                    replace(scene(tmp_path, 'd'), photo=tmp_path / 'd.png'),
                    replace(scene(tmp_path, 'e'), photo=save(tmp_path / 'e.gif', photo())),
                    replace(scene(tmp_path, 'f'), name='../../f'), replace(scene(tmp_path, 'g'), name='/g'))
    with pytest.raises(DataError) as refusal:
        written(source, tmp_path / 'out')
    lines = str(refusal.value).splitlines()
    expected = [('a.png', '12x16', '8x8'), ('c', 'index 3', '3 classes'), ('d.png', 'does not exist'),
                ('e.gif', 'PNG or JPEG'), ('../../f', 'rename'), ('/g', 'rename')]
    for line, parts in zip(lines, expected, strict=True):
        assert all(part in line for part in parts), line
    assert not (tmp_path / 'f.png').exists()


def test_folders_that_cannot_be_written(tmp_path):
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/images').write_text('a file')
    with pytest.raises(OSError, match=facts('images/train/a.png', 'cannot be written')):
        written(Source(scene(tmp_path)), tmp_path / 'out')
