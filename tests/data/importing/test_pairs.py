from pathlib import Path, PurePosixPath

import pytest

from helpers.facts import facts
from semsynth.data.importing.base import ImportOptions
from semsynth.data.importing.pairs import find_pairs, kind_of, split_of
from semsynth.errors import DataError


@pytest.fixture
def files(tmp_path):
    """Makes empty files; pairs are found by names alone."""
    def make(*names):
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path
    return make


def found(root, **options):
    pairs, remarks = find_pairs(root, ImportOptions(**options))
    return {name: tuple(str(path.relative_to(root)) for path in (pair.photo, pair.label, pair.instance) if path)
            for name, pair in pairs.items()}, {name: pair.split for name, pair in pairs.items() if pair.split}, remarks


@pytest.mark.parametrize(('photo', 'label'), [
    ('JPEGImages/a.jpg', 'SegmentationClass/a.png'), ('images/a.jpg', 'masks/a.png'), ('img/a.jpg', 'ann/a.png'),
    ('a.jpg', 'a_mask.png'), ('a.jpg', 'a.png'), ('a_sat.jpg', 'a_mask.png'),
    ('images/a_image.png', 'labels/a_label.png'),
    ('rgb/a.png', 'masks_png/a_L.png'),
    ('photos/a.jpg', 'labels/a.jpg.png'), ('leftImg8bit/a.png', 'gtFine/a_labelIds.png'),
    ('a.jpg', 'a.jpg___fuse.png'), ('original_images/a.jpg', 'label_images_semantic/a.png'), ('a.JPG', 'a_Mask.PNG')])
def test_photos_and_label_maps_are_told_apart_by_their_names(files, photo, label):
    assert found(files(photo, label)) == ({'a': (photo, label)}, {}, [])


def test_words_that_both_names_have_stay(files):
    assert found(files('images/a_image.png', 'labels/a_image.png'))[0].keys() == {'a_image'}


@pytest.mark.parametrize('pattern', [
    'images/{}/a.jpg labels/{}/a.png', '{}/images/a.jpg {}/masks/a.png', '{}_images/a.jpg {}_labels/a.png',
    '{}/a.jpg {}annot/a.png', 'data/{}/images/a.jpg data/{}/masks/a_mask.png'])
def test_splits_by_folder(files, pattern):
    root = files(*pattern.format('train', 'train').split(), *pattern.replace('a.', 'b.').replace(
        'a_m', 'b_m').format('valid', 'valid').split())
    pairs, splits, _ = found(root)
    assert set(splits.values()) == {'train', 'val'} and {name[-1]: split for name, split in splits.items()} == dict(
        a='train', b='val')
    assert all(len(files) == 2 for files in pairs.values())


def test_one_name_in_two_splits_keeps_its_folder(files):
    root = files('train/images/a.jpg', 'train/masks/a.png', 'val/images/a.jpg', 'val/masks/a.png')
    pairs, splits, _ = found(root)
    assert splits == {'train/a': 'train', 'val/a': 'val'} and pairs['val/a'] == ('val/images/a.jpg', 'val/masks/a.png')


def test_objects_previews_and_photos_without_labels(files):
    root = files('JPEGImages/a.jpg', 'JPEGImages/b.jpg', 'SegmentationClass/a.png', 'SegmentationObject/a.png',
                 'SegmentationClassVisualization/a.jpg', 'visualization/a.png', 'notes.txt')
    pairs, _, remarks = found(root)
    assert pairs == {'a': ('JPEGImages/a.jpg', 'SegmentationClass/a.png', 'SegmentationObject/a.png')}
    assert remarks == ['1 photo without a label map (b): left out.']


@pytest.mark.parametrize(('options', 'expected'), [
    (dict(labels='hand/*_x.png'), 'hand/a_x.png'), (dict(labels='hand'), None),
    (dict(labels='auto/**/*.png'), 'auto/k/a.png'), (dict(photos='rgb', labels='auto/k'), 'auto/k/a.png'),
    (dict(photos='rgb/*.*', labels='hand/*_x.*'), 'hand/a_x.png')])
def test_places_that_are_named(files, options, expected):
    root = files('rgb/a.jpg', 'hand/a_x.png', 'auto/k/a.png', 'auto/k/notes.txt')
    if expected is None:
        with pytest.raises(DataError, match=facts('1 of 1 label maps', 'hand/a_x.png', '--labels')):
            found(root, **options)
    else:
        [pair] = found(root, **options)[0].values()
        assert pair == ('rgb/a.jpg', expected)


def test_places_may_be_elsewhere(files, monkeypatch):
    root = files('source/a.jpg', 'elsewhere/a.png')
    monkeypatch.chdir(root)
    pairs, _ = find_pairs(root / 'source', ImportOptions(labels='elsewhere'))
    assert pairs['a'].label == Path('elsewhere/a.png')
    pairs, _ = find_pairs(root / 'source', ImportOptions(labels=str(root / 'elsewhere/*.png')))
    assert pairs['a'].label == root / 'elsewhere/a.png'


@pytest.mark.parametrize(('names', 'options', 'parts'), [
    (['a.jpg'], {}, ('1 photo and 0 label maps', '--labels')),
    (['masks/a.png'], {}, ('0 photos and 1 label map,', '--photos')),
    (['images/b.jpg', 'images/a.jpg', 'masks/a.png', 'masks/c.png'], {},
     ('1 of 2 label maps', 'masks/c.png', '--photos')),
    (['images/a.jpg', 'masks/a.png', 'labels/a.png'], {}, ('labels/a.png', 'masks/a.png', 'one name', '--labels')),
    (['images/a.jpg', 'images/a.png', 'masks/a.png'], {}, ('images/a.jpg', 'images/a.png', 'one name')),
    (['images/a.jpg'], dict(labels='gt/*.png'), ('no pictures gt/*.png', 'masks/*_mask.png'))])
def test_what_cannot_be_paired(files, names, options, parts):
    with pytest.raises(DataError, match=facts(*parts)):
        found(files(*names), **options)


def test_words_within_names_are_no_words():
    assert kind_of(PurePosixPath('maskerade/a.png')) == ('photo', 'maskerade/a')
    assert kind_of(PurePosixPath('trainlabels/a.png')) == ('label', 'train/a')
    assert [split_of(name) for name in ('train', 'images_val', 'Testing', 'train_station', 'images', 'valley')] == [
        'train', 'val', 'test', None, None, None]
