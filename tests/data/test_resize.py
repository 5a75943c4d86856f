"""A pipeline gives the same pixels from a resized copy as from the data themselves."""

import json

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from helpers.facts import facts
from helpers.picture_files import tiff
from semsynth.apis.resize import resize_data
from semsynth.data import ADE20KDataset, CityscapesDataset, Draw, PairedFolderDataset
from semsynth.data.pictures import read_ids
from semsynth.data.prepare import resize_datasets
from semsynth.errors import DataError

PHOTO, LABEL, RAW, PACK = (dict(type=name) for name in ('LoadPhoto', 'LoadLabel', 'LoadRaw', 'PackScene'))
CLASSES = ['a', 'b', 'c', 'd']


def to(scale, *after, **kwargs):
    return [PHOTO, LABEL, dict(type='ResizeScene', scale=scale, **kwargs), *after, PACK]


def paired(root, pipeline=None, **kwargs):
    return PairedFolderDataset(**dict(data_root=str(root), split='train', classes=CLASSES, instances=True,
                                      pipeline=pipeline or to((8, 5))) | kwargs)


def same_pixels(original, copy):
    """Two data sets give the same samples; their number."""
    assert len(original) == len(copy) > 0
    for number in range(len(original)):
        ours, theirs = (dataset[Draw(number, seed=number)] for dataset in (original, copy))
        assert ours['sample'] == theirs['sample']
        assert ours['inputs'].keys() == theirs['inputs'].keys()
        for key, tensor in ours['inputs'].items():
            assert tensor.dtype == theirs['inputs'][key].dtype and torch.equal(tensor, theirs['inputs'][key]), key
    return len(original)


def files(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob('*') if path.is_file())


@pytest.fixture
def out(tmp_path_factory):
    return tmp_path_factory.mktemp('copies') / 'copy'


def test_cityscapes(cityscapes, out):
    flip = dict(type='mmseg.RandomFlip', prob=0.5)
    make = lambda root: CityscapesDataset(str(root), 'train', edges=dict(), pipeline=to((6, 3), flip))
    assert resize_datasets([make(cityscapes)], out) == {'gtFine/train': 2}
    assert same_pixels(make(cityscapes), make(out)) == 2
    assert files(out) == sorted([name for name in files(cityscapes) if 'color' not in name] + ['resized.json'])
    assert json.loads((out / 'resized.json').read_text()) == {'gtFine/train': dict(scale=[6, 3], keep_ratio=False)}
    for path in out.glob('gtFine/*/*/*Ids.png'):
        full, copy = read_ids(str(cityscapes / path.relative_to(out))), read_ids(str(path))
        assert copy.dtype == full.dtype
        # the middle of row 0 of 3 is at 1.33 of 8: in row 1; 255, license plate, stays 255
        np.testing.assert_array_equal(copy, full[np.ix_([1, 4, 6], [1, 4, 6, 9, 12, 14])])


@pytest.mark.parametrize('scale, keep_ratio', [
    ((8, 5), False), ((7, None), False), ((None, 4), False), ((31, 17), False), ((9, 4), True), ((300, 20), True)])
def test_sizes_and_kinds_of_files(scenes, out, write, scale, keep_ratio):
    dice = np.random.default_rng(3)
    for name, size in (('odd', (13, 9)), ('flat', (3, 14))):
        photo = Image.fromarray(dice.integers(0, 256, (*size[::-1], 3), np.uint8))
        turned = Image.Exif()
        turned[274] = 6  # lies on its side
        (scenes / f'images/train/{name}.jpg').parent.mkdir(exist_ok=True)
        photo.save(scenes / f'images/train/{name}.jpg', exif=turned)
        write(scenes / f'labels/train/{name}.tif', dice.integers(0, 4, size, np.int32))
        write(scenes / f'instances/train/{name}.TIFF', dice.integers(2**17, 2**31, size).astype(np.int32))
    write(scenes / 'images/train/v1.0.webp', dice.integers(0, 256, (6, 6, 3), np.uint8))
    write(scenes / 'labels/train/v1.0.bmp', dice.integers(0, 4, (6, 6), np.uint8))
    write(scenes / 'instances/train/v1.0.png', dice.integers(0, 2, (6, 6), bool))
    pipeline = to(scale, keep_ratio=keep_ratio)
    assert resize_datasets([paired(scenes, pipeline)], out) == {'labels/train': 6}
    assert same_pixels(paired(scenes, pipeline), paired(out, pipeline)) == 6
    assert {'images/train/sub/b.png', 'images/train/odd.png', 'images/train/v1.0.png', 'labels/train/odd.tif',
            'labels/train/v1.0.png', 'instances/train/flat.TIFF'} < set(files(out))


def test_what_comes_after_resizing_is_done_at_each_reading(tmp_path, write, out):
    dice = np.random.default_rng(4)
    for number in range(3):
        write(tmp_path / f'images/training/{number}.jpg', dice.integers(0, 256, (20, 30, 3), np.uint8))
        write(tmp_path / f'annotations/training/{number}.png', dice.integers(0, 151, (20, 30), np.uint8))
    crop = to((16, 16), dict(type='mmseg.RandomCrop', crop_size=(8, 8)), dict(type='mmseg.RandomFlip', prob=0.5))
    make = lambda root: ADE20KDataset(str(root), 'training', pipeline=crop)
    resize_datasets([make(tmp_path)], out)
    assert same_pixels(make(tmp_path), make(out)) == 3
    assert Image.open(out / 'images/training/0.png').size == (16, 16)


@pytest.mark.parametrize('kwargs', [dict(class_map=[3, 255, 0, 1]), dict(indices=2), dict(instances=False)])
def test_arguments_of_data_sets(scenes, out, kwargs):
    resize_datasets([paired(scenes)], out)
    same_pixels(paired(scenes, **kwargs), paired(out, **kwargs))


@pytest.mark.parametrize('suffix, shape, dtype, channels', [
    ('.png', (6, 10, 3), np.uint8, 3), ('.png', (6, 10), np.uint16, 1), ('.npy', (6, 10, 5), np.float64, 5),
    ('.npz', (6, 10, 2), np.uint16, 2), ('.npy', (6, 10), bool, 1)])
def test_image_like_inputs(scenes, out, write, suffix, shape, dtype, channels):
    for name in ('a', 'sub/b', 'c'):
        array = np.random.default_rng(5).integers(0, 2**16, shape).astype(dtype)
        path = scenes / f'raw/train/{name}{suffix}'
        if suffix == '.png':
            write(path, array)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            (np.save if suffix == '.npy' else np.savez)(path, array)
    pipeline = [PHOTO, RAW, dict(type='ResizeScene', scale=(7, 4)), PACK]
    make = lambda root: paired(root, pipeline, classes=None, instances=False, raw_channels=channels)
    assert resize_datasets([make(scenes)], out) == {'raw/train': 3}
    assert same_pixels(make(scenes), make(out)) == 3
    assert 'raw/train/sub/b.npy' in files(out)


def test_edges_of_photos_as_inputs(scenes, out):
    pipeline = [PHOTO, dict(type='ResizeScene', scale=(7, 4)), PACK]
    make = lambda root: paired(root, pipeline, classes=None, instances=False, raw_channels=1, edges_as_raw=True)
    assert resize_datasets([make(scenes)], out) == {'images/train': 3}
    assert same_pixels(make(scenes), make(out)) == 3
    assert files(out) == ['images/train/a.png', 'images/train/c.png', 'images/train/sub/b.png', 'resized.json']


def test_layouts_without_photos(scenes, out):
    (scenes / 'images').rename(scenes / 'elsewhere')
    resize_datasets([paired(scenes)], out)
    assert same_pixels(paired(scenes), paired(out)) == 3
    assert not (out / 'images').exists()


def test_what_is_there_is_skipped(scenes, out):
    resize_datasets([paired(scenes)], out)
    before = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    (out / 'labels/train/a.png').unlink()
    resize_datasets([paired(scenes)], out)
    after = {name: (out / name).stat().st_mtime_ns for name in files(out)}
    changed = {name for name in before if before[name] != after[name]}
    assert changed - {'resized.json'} == {'images/train/a.png', 'labels/train/a.png', 'instances/train/a.png'}
    assert same_pixels(paired(scenes), paired(out)) == 3


def test_one_split_of_two_kinds_is_copied_once_and_whole(scenes, out):
    assert resize_datasets([paired(scenes, instances=False), paired(scenes), paired(scenes, instances=False)],
                           out) == {'labels/train': 3}
    assert same_pixels(paired(scenes), paired(out)) == 3


def test_files_that_cannot_be_copied_are_named_and_the_others_are_there(scenes, out, write):
    (scenes / 'images/train/a.jpg').write_bytes((scenes / 'images/train/a.jpg').read_bytes()[:300])
    write(scenes / 'labels/train/c.png', np.full((6, 10), 9, np.uint8))
    with pytest.raises(DataError) as caught:
        resize_datasets([paired(scenes)], out)
    first, second = str(caught.value).splitlines()
    assert 'images/train/a.jpg cannot be read, it is truncated' in first
    assert 'labels/train/c.png holds the id 9' in second
    assert [name for name in files(out) if 'resized' not in name] == [
        'images/train/sub/b.png', 'instances/train/sub/b.png', 'labels/train/sub/b.png']


def test_ids_of_32_bits_are_refused(scenes, out, write, monkeypatch):
    (scenes / 'instances/train/a.png').unlink()
    write(scenes / 'instances/train/a.tif', np.zeros((6, 10), np.int32))
    monkeypatch.setattr('semsynth.data.prepare.resize.read_ids', lambda path: read_ids(path) + (
        np.array(2**31, np.uint32) if path.endswith('.tif') else 0))  # Pillow cannot write such a file
    with pytest.raises(DataError, match=facts('instances/train/a.tif', '2147483648', '31 bits')):
        resize_datasets([paired(scenes)], out)


@pytest.mark.parametrize('pipeline, message', [
    ([PHOTO, LABEL, PACK], 'ResizeScene comes right after loading, but in this pipeline PackScene does'),
    ([PHOTO, LABEL], 'but in this pipeline nothing does'),
    ([PHOTO, LABEL, dict(type='mmseg.RandomCrop', crop_size=(4, 4)), dict(type='ResizeScene', scale=(8, 5)), PACK],
     'but in this pipeline RandomCrop does: leave this split as it is'),
    ([PHOTO, dict(type='ResizeScene', scale=(8, 5)), LABEL, PACK],
     'labels/train: LoadLabel comes after ResizeScene, so that what it loads keeps its size')])
def test_pipelines_that_would_give_other_pixels(scenes, out, pipeline, message):
    with pytest.raises(ValueError, match=message):
        resize_datasets([paired(scenes, pipeline, instances=False)], out)
    assert not out.exists()


def test_contradictions(scenes, out, tmp_path_factory):
    with pytest.raises(ValueError, match=facts('labels/train', '5x8', '...x9', 'one split at a time')):
        resize_datasets([paired(scenes), paired(scenes, to((9, None)))], out)
    resize_datasets([paired(scenes)], out)
    with pytest.raises(ValueError, match=facts('copy/labels/train', '5x8', '9x9', 'name another folder')):
        resize_datasets([paired(scenes, to((9, 9), keep_ratio=True))], out)
    with pytest.raises(ValueError, match=r'The data sets are in .* and .*, but a copy has one data_root'):
        resize_datasets([paired(scenes), paired(out)], tmp_path_factory.mktemp('other'))
    with pytest.raises(ValueError, match=r'is not empty, and holds no resized\.json: name an empty folder'):
        resize_datasets([paired(scenes)], scenes)


def test_a_copy_is_not_resized_to_yet_another_size(scenes, out):
    resize_datasets([paired(scenes)], out)
    with pytest.raises(DataError, match=facts('copy/labels/train', '5x8', '10x16', 'set data_root')):
        paired(out, to((16, 10)))
    late = [PHOTO, dict(type='ResizeScene', scale=(8, 5)), LABEL, PACK]
    with pytest.raises(DataError, match=facts('5x8', 'full_size=True', 'set data_root')):
        paired(out, full_size=True)
    with pytest.raises(DataError, match='full_size=True asks for label maps at the size'):
        paired(out, [PHOTO, LABEL, PACK], full_size=True)
    with pytest.raises(DataError, match=facts('5x8', 'LoadLabel', 'ResizeScene', 'set data_root')):
        paired(out, late, instances=False)
    assert len(paired(out, [PHOTO, LABEL, PACK])) == 3  # as it is
    (out / 'resized.json').write_text('{"labels/train": [8, 5]}')
    with pytest.raises(DataError, match=r'resized\.json is not as semsynth prepare resize writes it'):
        paired(out)


CONFIG = """
data_root = {root!r}
load = [dict(type='LoadPhoto'), dict(type='LoadLabel')]
train_dataloader = dict(dataset=dict(
    type='PairedFolderDataset', data_root=data_root, split='train', classes='classes.txt', instances=True, indices=1,
    edges=dict(), pipeline=[*load, dict(type='ResizeScene', scale=(8, 5)), dict(type='PackScene')]))
val_dataloader = dict(dataset=dict(
    type='PairedFolderDataset', data_root=data_root, split='val', classes='classes.txt', instances=True,
    pipeline=[*load, dict(type='ResizeScene', scale=(6, 5)), dict(type='PackScene')]))
test_dataloader = val_dataloader
"""


@pytest.fixture
def config(scenes):
    """Of data at two sizes, with the names of the classes in a file; its path."""
    (scenes / 'classes.txt').write_text('\n'.join(CLASSES))
    for kind in ('images', 'labels', 'instances'):
        (scenes / kind / 'val').mkdir()
        for path in (scenes / kind / 'train').glob('a.*'):
            (scenes / kind / 'val' / path.name).write_bytes(path.read_bytes())
    path = scenes / 'config.py'
    path.write_text(CONFIG.format(root=str(scenes)))
    return path


def test_the_tool(config, out, run_tool):
    def run(*arguments):
        code, said, error = run_tool('prepare/resize', config, '--out', out, *arguments)
        assert code == error.startswith('error: ')
        return said or error

    assert run('--split', 'train').endswith(f'{out}: 3 scenes in labels/train\n')
    assert run().endswith(f'{out}: 3 scenes in labels/train, 1 scenes in labels/val\n')
    assert json.loads((out / 'resized.json').read_text()) == {
        'labels/train': dict(scale=[8, 5], keep_ratio=False), 'labels/val': dict(scale=[6, 5], keep_ratio=False)}
    assert (out / 'classes.txt').read_text().split() == CLASSES
    for loader in ('train_dataloader', 'val_dataloader'):
        settings = dict(Config.fromfile(config)[loader].dataset)
        settings.pop('type')
        same_pixels(PairedFolderDataset(**settings), PairedFolderDataset(**settings | dict(data_root=str(out))))
    assert run('--cfg-options', 'train_dataloader.dataset.pipeline.2.scale=(4,4)').startswith(
        f'error: {out}/labels/train holds a copy resized to 5x8')


@pytest.mark.parametrize('change, message', [
    (dict(train_dataloader=dict(dataset=dict(edges=dict(full_size=True)))),
     r"edges=\{'full_size': True\}, those of photos as they are on disk"),
    (dict(train_dataloader=dict(dataset=dict(_delete_=True, type='mmengine.ConcatDataset', datasets=[]))),
     'data of the type mmengine.ConcatDataset, which is no data set of scenes'),
    (dict(train_dataloader=None, val_dataloader=None, test_dataloader=None), 'has no data for train, val, test')])
def test_configs_that_are_refused(config, out, change, message):
    loaded = Config.fromfile(config)
    loaded.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        resize_data(loaded, out)


def test_names_with_endings_of_their_own_and_ids_of_signed_bytes(tmp_path, out, write):
    dice = np.random.default_rng(0)
    for name in 'ab':
        write(tmp_path / f'images/train/{name}_img.jpg', dice.integers(0, 256, (9, 12, 3), np.uint8))
        write(tmp_path / f'labels/train/{name}_mask.tif', b'').write_bytes(
            tiff((dice.integers(-1, 3, (9, 12)), 8, {339: 2})))
    make = lambda root: paired(root, instances=False, endings=dict(photo='_img.jpg', label='_mask.tif'), unknown=3,
                               id_map={-1: 3, 0: 0, 1: 1, 2: 2})
    assert resize_datasets([make(tmp_path)], out) == {'labels/train': 2}
    assert same_pixels(make(tmp_path), make(out)) == 2
    assert 'images/train/a_img.png' in files(out) and 'labels/train/a_mask.tif' in files(out)
