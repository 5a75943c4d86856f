import numpy as np
import pytest

from helpers.facts import facts
from helpers.masks import COLOURS, PALETTE, indexed, label, photo, save
from semsynth.data.importing import ImportOptions, MaskSource, VOCSource
from semsynth.data.importing.voc import CLASSES, voc_colours
from semsynth.errors import DataError


def tree(root, names, mask):
    for seed, name in enumerate(names):
        save(root / f'JPEGImages/{name}.jpg', photo(seed=seed))
        save(root / f'SegmentationClass/{name}.png', mask)
        save(root / f'SegmentationObject/{name}.png', indexed(label(), voc_colours(256)))
    return root


def lists(root, **names):
    for split, listed in names.items():
        (root / 'ImageSets/Segmentation').mkdir(parents=True, exist_ok=True)
        (root / f'ImageSets/Segmentation/{split}.txt').write_text(''.join(f'{name}\n' for name in listed))


def test_the_palette_is_vocs():
    assert voc_colours(256)[255] == [224, 224, 192]
    assert voc_colours(5) == [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [0, 0, 128]]
    assert voc_colours(21)[20] == [0, 64, 128]


@pytest.mark.parametrize('coloured', [False, True])
def test_the_official_data_set(tmp_path, coloured):
    numbers = np.array([0, 15, 7, 255], np.uint8)[label()]
    mask = np.array(voc_colours(256), np.uint8)[numbers] if coloured else indexed(numbers, voc_colours(256))
    root = tree(tmp_path / 'VOCdevkit/VOC2012', ['2007_000001', '2007_000002', '2008_000003'], mask)
    lists(root, train=['2007_000001'], val=['2007_000002'], trainval=['2007_000001', '2007_000002'])
    save(root / 'JPEGImages/2009_000004.jpg', photo())
    assert VOCSource.recognises(tmp_path) and VOCSource.recognises(root)
    source = VOCSource(tmp_path, ImportOptions())
    assert source.classes == list(CLASSES) and source.has_instances
    assert source.splits == {'2007_000001': 'train', '2007_000002': 'val', '2008_000003': 'train'}
    assert [remark.split()[0] for remark in source.remarks] == ['1', '1']  # a photo, and a scene in no list
    scene = source.scene('2007_000001')
    assert (scene.label == np.array([0, 15, 7, -1])[label()]).all()
    assert (scene.instance == label()).all()


def test_masks_of_cvat(tmp_path):
    root = tree(tmp_path, ['ein bild', 'sub/b'], PALETTE[label()])
    (root / 'labelmap.txt').write_text('# label:color_rgb:parts:actions\n' + ''.join(
        f'{name}:{r},{g},{b}::\n' for name, (r, g, b) in COLOURS.items()))
    lists(root, default=['ein bild', 'sub/b'])
    source = VOCSource(root, ImportOptions())
    assert source.names == ['ein bild', 'sub/b'] and source.classes == ['sky', 'road', 'car'] and not source.splits
    assert (source.scene('sub/b').label == np.array([0, 1, 2, -1])[label()]).all()
    lists(root, train=['ein bild'], val=['sub/b'])
    assert VOCSource(root, ImportOptions()).splits == {'ein bild': 'train', 'sub/b': 'val'}


def test_photos_elsewhere(tmp_path):
    root = tree(tmp_path / 'export', ['a'], label())
    (root / 'JPEGImages').rename(tmp_path / 'photos')
    assert VOCSource(root, ImportOptions(photos=str(tmp_path / 'photos'))).names == ['a']
    with pytest.raises(DataError, match=facts('0 photos and 1 label map,', '--photos')):
        VOCSource(root, ImportOptions())


def test_other_folders_are_none(tmp_path):
    (tmp_path / 'images').mkdir()
    assert not VOCSource.recognises(tmp_path) and not MaskSource.recognises(tmp_path)
    with pytest.raises(DataError, match=facts('SegmentationClass', '--format')):
        VOCSource(tmp_path, ImportOptions())
