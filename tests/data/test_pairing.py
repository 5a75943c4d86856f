import re
import unicodedata

import numpy as np
import pytest
from PIL import Image

from helpers.facts import facts
from semsynth.data import CityscapesDataset, PairedFolderDataset, check_dataset
from semsynth.errors import DataError

CLASSES = ['sky', 'road', 'car', 'nothing']
PICTURE, IDS = np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.uint8)


@pytest.fixture
def folder(tmp_path, write):
    """Makes ``images/train`` and ``labels/train`` with files of these names."""
    def make(images, labels, **others):
        for kind, names in dict(images=images, labels=labels, **others).items():
            for name in names:
                write(tmp_path / kind / 'train' / name, PICTURE if kind == 'images' else IDS)
        return tmp_path
    return make


def paired(root, **kwargs):
    return PairedFolderDataset(str(root), 'train', CLASSES, **kwargs)


def refused(root, **kwargs):
    with pytest.raises(DataError) as refusal:
        paired(root, **kwargs)
    return str(refusal.value)


def named(text, setting='endings'):
    """The value of a setting that a message names."""
    return eval(re.search(rf'{setting}=(dict\((?:[^()]|\([^()]*\))*\))', text)[1])


NUMBERS = ['s007', 's017', 'sub/s027']


@pytest.mark.parametrize(('image', 'label', 'expected'), [
    ('{}.jpg', '{}_mask.png', dict(label='_mask.png')), ('{}.jpg', '{}_lab.png', dict(label='_lab.png')),
    ('{}.jpg', '{}.jpg.png', dict(label='.jpg.png')), ('{}.png', '{}mask.png', dict(label='mask.png')),
    ('{}_image.png', '{}.png', dict(photo='_image.png')),
    ('{}_rgb_v1.png', '{}_labels.png', dict(label='_labels.png', photo='_rgb_v1.png')),
    ('{}_x_img.png', '{}_x_seg.png', dict(label='_seg.png', photo='_img.png'))])
def test_endings_that_all_names_of_a_kind_have_are_recognised(folder, image, label, expected):
    root = folder([image.format(name) for name in NUMBERS], [label.format(name) for name in NUMBERS])
    message = refused(root)
    assert '3 of 3 label maps have no photo in' in message and 'seem to belong together; if so, set ' in message
    assert named(message) == expected
    dataset = paired(root, endings=named(message))  # the very setting
    assert len(dataset) == 3 and all('img_path' in dataset.get_data_info(i) for i in range(3))


def test_some_names_with_an_ending_and_some_without(folder):
    root = folder(['a.png', 'b.png', 'c.png'], ['a.png', 'b_mask.png', 'c_mask.tif'])
    message = refused(root)
    assert set(named(message)['label']) == {'_mask.png', '_mask.tif', '.png'}
    assert len(paired(root, endings=named(message))) == 3


def test_missing_files_beside_an_ending(folder):
    root = folder(['b.png', 'c.png', 'd.png'], ['a_mask.png', 'b_mask.png', 'c_mask.png', 'd_mask.png'])
    assert named(refused(root)) == dict(label='_mask.png')
    assert ': b_mask and b seem to belong together' in refused(root)
    assert '1 of 4 label maps have no photo in' in refused(root, endings=dict(label='_mask.png'))


@pytest.mark.parametrize(('images', 'labels'), [
    (['s10.png', 's20.png'], ['s1.png', 's2.png']), (['a.png', 'b.png', 'c.png'], ['d_mask.png', 'e_mask.png']),
    (['a.png'], ['b.png']), (['alone.png'], ['spare.png']), (['abc.png'], ['abd.png'])])
def test_numbers_and_other_names_are_no_endings(folder, images, labels):
    message = refused(folder(images, labels))
    assert 'endings' not in message
    assert 'add it, or remove the label map.' in message and 'add it, or remove the photo.' in message


@pytest.mark.parametrize(('image', 'label', 'heads'), [
    ('{}.png', 'mask_{}.png', "'mask_' and of the others with ''"),
    ('img{}.png', 'gt_{}.png', "'gt_' and of the others with 'img'")])
def test_beginnings_that_all_names_of_a_kind_have(folder, image, label, heads):
    root = folder([image.format(name) for name in 'abc'], [label.format(name) for name in 'abc'])
    assert f'the names of the ones begin with {heads}, if they belong together: rename them, so' in refused(root)
    for kind, form in dict(images=image, labels=label).items():
        for name in 'abc':
            (root / kind / 'train' / form.format(name)).rename(root / kind / 'train' / f'{name}.png')
    assert len(paired(root)) == 3


def test_instance_maps_with_an_ending(folder):
    root = folder(['a.png', 'b.png'], ['a.png', 'b.png'], instances=['a_inst.png', 'b_inst.png'])
    message = refused(root, instances=True)
    assert '2 of 2 label maps have no instance map in' in message
    assert named(message) == dict(instance='_inst.png')
    assert len(paired(root, instances=True, endings=named(message))) == 2


def test_the_ways_out_of_missing_files(folder, write):
    root = folder(['a.png', 'b.png', 'c.png'], ['a.png', 'b.png', 'd.png'])
    message = refused(root)
    assert '1 of 3 label maps have no photo in' in message and '1 of 3 photos have no label map in' in message
    write(root / 'images/train/d.png', PICTURE)  # add it
    (root / 'images/train/c.png').unlink()  # or remove it
    assert len(paired(root)) == 3
    message = refused(root, instances=True)
    assert '3 of 3 label maps have no instance map in' in message and 'or set instances=False' in message
    assert len(paired(root, instances=False)) == 3


def test_files_of_kinds_that_are_not_read(folder, write):
    root = folder(['a.png'], ['a.png', 'b.png', 'c.png'])
    for name in ('b.heic', 'c.gif'):
        write(root / 'images/train' / name, b'')
    message = refused(root)
    assert re.search(r'2 of 3 label maps have no photo in .*\(b, c\): \S*b\.heic is there, but files that end in '
                     r'\.heic, \.gif are not read: save them as PNG or JPEG\.', message)
    assert 'add it' not in message
    for name in 'bc':  # saved anew
        write(root / f'images/train/{name}.png', PICTURE)
    assert len(paired(root)) == 3
    (root / 'labels/train/c.png').rename(root / 'labels/train/c.gif')
    assert 'c.gif is there, but files that end in .gif are not read: save them as PNG.' in refused(root)


def test_a_split_whose_photos_are_all_of_a_kind_that_is_not_read(folder, write):
    root = folder([], ['a.png', 'b.png'])
    assert len(paired(root)) == 2  # layouts without photos
    for name in ('a.heic', 'b.heic', 'readme.txt'):
        write(root / 'images/train' / name, b'')
    [problem] = check_dataset(paired(root, lazy_init=True)).problems
    assert 'a.heic is there, but files that end in .heic are not read' in problem


@pytest.mark.parametrize('suffix', ['.jfif', '.jpe', '.JPEG', '.ppm', '.jp2', '.avif', '.webp'])
def test_photos_of_other_endings_are_read(folder, suffix):
    root = folder([], ['a.png'])
    (root / 'images/train').mkdir(parents=True)
    kind = {'.jfif': 'JPEG', '.jpe': 'JPEG', '.jp2': 'JPEG2000'}.get(suffix, suffix[1:])
    if suffix == '.avif' and 'AVIF' not in Image.SAVE:
        Image.init()
    if suffix == '.avif' and 'AVIF' not in Image.SAVE:
        pytest.skip('this Pillow has no AVIF')
    Image.fromarray(PICTURE).save(root / f'images/train/a{suffix}', kind)
    dataset = paired(root, lazy_init=True)
    assert check_dataset(dataset).problems == [] and check_dataset(dataset).photos == 1


def test_names_that_differ_in_case(folder):
    root = folder(['IMG_1.png', 'IMG_2.png'], ['img_1.png', 'img_2.png'])
    message = refused(root)
    assert 'img_1 and IMG_1 and 1 more differ in upper and lower case: rename one of each.' in message
    for path in (root / 'images/train').iterdir():
        path.rename(path.with_name(path.name.lower()))
    assert len(paired(root)) == 2


def test_twins(folder):
    root = folder(['a.png', 'a.jpg', 'b.jpg'], ['a.png', 'b.png'])
    message = refused(root)
    assert re.search(r'1 name stands for more than one photo \(\S*a\.jpg and \S*a\.png\): keep one of each, or say '
                     r"which ending counts, such as endings=dict\(photo='\.jpg'\)\.", message)
    (root / 'images/train/a.png').unlink()
    assert len(paired(root)) == 2


def test_twins_of_which_one_ending_counts(folder):
    root = folder(['a.png', 'b.png'], ['a.png', 'b.png', 'a.tif', 'b.tif'])
    message = refused(root)
    assert '2 names stand for more than one label map' in message
    assert len(paired(root, endings=named(message))) == 2


def test_twins_that_look_alike(folder):
    names = [unicodedata.normalize(form, 'é.png') for form in ('NFC', 'NFD')]
    root = folder(names, ['é.png'])
    message = refused(root)
    assert ', whose names differ only in how Unicode writes accents: keep one of each.' in message
    (root / 'images/train' / names[0]).unlink()
    assert len(paired(root)) == 1


def test_endings_of_other_data_sets(cityscapes):
    for path in sorted((cityscapes / 'leftImg8bit').rglob('*.png')):
        Image.open(path).save(path.with_suffix('.jpg'))
        path.unlink()
    dataset = CityscapesDataset(str(cityscapes), 'train', endings=dict(photo='_leftImg8bit.jpg'))
    assert dataset.get_data_info(0)['img_path'].endswith('_leftImg8bit.jpg')


def test_copies_end_in_png_whatever_the_ending(folder):
    root = folder(['a_img.png'], ['a.png'])
    assert len(paired(root, endings=dict(photo='_img.jpg'))) == 1


@pytest.mark.parametrize(('arguments', 'sentence'), [
    (dict(endings=dict(mask='_mask.png')), "endings={'mask': '_mask.png'}: mask is no kind of file of this data set, "
     'which has photo, label, instance, raw.'),
    (dict(endings=dict(label='_mask')), "'_mask' has no file type; write it whole, such as '_mask.png'."),
    (dict(seg_map_suffix='_mask.png'), 'seg_map_suffix is an argument of mmseg that PairedFolderDataset does not take: '
     "set endings=dict(label='_mask.png')."),
    (dict(reduce_zero_label=True), 'reduce_zero_label is an argument of mmseg that PairedFolderDataset does not take')])
def test_arguments_that_would_do_nothing(folder, arguments, sentence):
    with pytest.raises(ValueError) as refusal:
        paired(folder(['a.png'], ['a_mask.png']), lazy_init=True, **arguments)
    assert sentence in str(refusal.value)


def test_validation_sets_that_are_absent_say_how_to_do_without(folder):
    root = folder(['a.png'], ['a.png'])
    with pytest.raises(DataError, match=facts(
            'no folder', 'labels/val', 'labels holds train', 'set split', 'set val_dataloader=None')):
        PairedFolderDataset(str(root), 'val', CLASSES, test_mode=True)
