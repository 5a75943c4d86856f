"""Image-like inputs: data set, transforms, preprocessor."""


import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from PIL import Image

from helpers.facts import facts
from helpers.raw_arrays import DEPTH, DICE, FLOATS, GRAY, MANY, RGB
from semsynth.data import (
    CamVidDataset,
    CityscapesDataset,
    LayoutPreprocessor,
    PairedFolderDataset,
    check_dataset,
    quick_check,
)
from semsynth.data.transforms import EdgesAsRaw, LoadLabel, LoadPhoto, LoadRaw, PackScene, ResizeScene
from semsynth.data.transforms.edges import canny_edges
from semsynth.data.transforms.resizing import resize_raw
from semsynth.errors import DataError
from semsynth.registry import TRANSFORMS

PIPELINE = [LoadPhoto(), LoadRaw(), PackScene()]


@pytest.fixture
def pairs(tmp_path, write):
    """Makes a folder of 3 scenes, 7x5, with given inputs; its root."""
    def make(suffix, content, split='train'):
        for name in ('a', 'sub/b', 'c'):
            write(tmp_path / f'images/{split}/{name}.jpg', DICE.integers(0, 256, (7, 5, 3), np.uint8))
            write(tmp_path / f'raw/{split}/{name}{suffix}', content)
        return tmp_path
    return make


def paired(root, channels, **kwargs):
    return PairedFolderDataset(**{**dict(data_root=str(root), split='train', raw_channels=channels, pipeline=PIPELINE),
                                  **kwargs})


@pytest.mark.parametrize('suffix, content', [('.png', GRAY), ('.tif', DEPTH), ('.jpg', RGB), ('.npy', MANY),
                                             ('.npz', FLOATS)])
def test_from_files_to_layouts(pairs, suffix, content):
    channels = 1 if content.ndim == 2 else content.shape[2]
    dataset = paired(pairs(suffix, content), channels)
    quick_check(dataset)
    assert (len(dataset), dataset.metainfo['num_classes'], dataset.metainfo['classes']) == (3, 0, ())
    sample = dataset[1]
    assert sample['sample'] == dict(name='c', size=(7, 5))
    assert {key: tuple(value.shape) for key, value in sample['inputs'].items()} == dict(
        raw=(channels, 7, 5), image=(3, 7, 5))
    preprocessor = LayoutPreprocessor(0, raw_channels=channels)
    preprocessor.size_divisor = 4
    batch = preprocessor(pseudo_collate([dataset[0], dataset[1]]))
    layout = batch['layout']
    assert layout.condition is layout.unstyled is layout.raw
    assert layout.raw.shape == (2, channels, 8, 8) == (2, preprocessor.channels, *batch['real']['image'].shape[2:])
    if suffix != '.jpg':
        largest = dict(u1=255, u2=65535).get(content.dtype.str[1:])
        plain = content.astype(np.float64).reshape(7, 5, channels)
        plain = plain if largest is None else 2 * plain / largest - 1
        padded = np.pad(plain, ((0, 1), (0, 3), (0, 0)), mode='edge').transpose(2, 0, 1)
        np.testing.assert_allclose(layout.raw[1].double().numpy(), padded, atol=1e-6)
    image = batch['real']['image']
    result = preprocessor.unbatch(layout, dict(image=image), batch['real'], batch['samples'])[1]
    shown = 3 if channels >= 3 else 1
    assert set(result) == {'name', 'raw', 'outputs', 'real'}
    assert (result['raw'].shape, result['raw'].dtype) == ((shown, 7, 5), torch.uint8)
    if content.dtype == np.uint8 and suffix != '.jpg':
        np.testing.assert_array_equal(result['raw'], content.reshape(7, 5, channels)[..., :shown].transpose(2, 0, 1))


def test_missing_files(pairs):
    root = pairs('.png', RGB)
    (root / 'images/train/a.jpg').unlink()
    with pytest.raises(DataError, match=facts(
            '1 of 3 raw inputs', 'no photo', 'images/train (a)', 'add it, or remove the raw input')):
        paired(root, 3)
    (root / 'raw/train/a.png').unlink()
    (root / 'raw/train/c.png').unlink()
    with pytest.raises(DataError, match=facts('1 of 2 photos', 'no raw input', 'raw/train (c)', 'add it')):
        paired(root, 3)
    with pytest.raises(DataError, match=r'There is no folder .*raw/val, but .*raw holds train'):
        paired(root, 3, split='val')
    with pytest.raises(DataError, match=r'PairedFolderDataset looks for images/train/, raw/train/: put'):
        paired('nowhere', 3)


def test_sizes_and_channels_are_checked(pairs, write):
    root = pairs('.npy', MANY)
    write(root / 'raw/train/a.npy', MANY[:6])
    write(root / 'raw/train/sub/b.npy', MANY[..., :3])
    message = r'a\.jpg is 7x5 pixels, but .*a\.npy is 6x5: bring both to one size'
    with pytest.raises(DataError, match=message):
        paired(root, 24)[0]
    with pytest.raises(DataError, match=message):
        quick_check(paired(root, 24))
    report = check_dataset(paired(root, 24, lazy_init=True))
    assert len(report.problems) == 2
    assert 'sub/b.npy has 3 channels' in report.problems[1]
    assert report.sizes == {(7, 5): 1, (6, 5): 1}
    assert report.ranges == list(zip(MANY.min((0, 1)).tolist(), MANY.max((0, 1)).tolist(), strict=True))
    with pytest.raises(DataError, match=facts('c.npy', '24 channels', 'raw_channels=2', 'set raw_channels')):
        paired(root, 2)[1]


def test_arguments_that_do_not_fit(pairs, cityscapes):
    root = pairs('.png', RGB)
    with pytest.raises(ValueError, match='PairedFolderDataset needs classes, for label maps, or raw_channels'):
        paired(root, None)
    with pytest.raises(ValueError, match='pipeline: 3 is no transform, such as dict'):
        paired(root, 3, pipeline=[3])
    with pytest.raises(ValueError, match=r'palette=\[\[0, 0, 256\]\], expected .* whole numbers from 0 to 255'):
        paired(root, 3, palette=[[0, 0, 256]])
    with pytest.raises(ValueError, match='raw_channels=0, expected a whole number from 1 on or None'):
        paired(root, 0)
    with pytest.raises(ValueError, match=facts('raw_channels=3', 'instances=True')):
        paired(root, 3, instances=True)
    with pytest.raises(ValueError, match=facts('raw_channels=3', "class_map='identity'")):
        paired(root, 3, class_map='identity')
    with pytest.raises(ValueError, match=facts('edges_as_raw=True', 'raw_channels=3', 'set raw_channels=1')):
        paired(root, 3, edges_as_raw=True)
    with pytest.raises(ValueError, match='edges_as_raw=True, but raw_channels=None'):
        CamVidDataset(str(root), 'train', edges_as_raw=True)
    with pytest.raises(ValueError, match=facts('raw_channels', 'LoadRaw', 'LoadPhoto, LoadLabel, PackScene')):
        paired(root, 3, pipeline=[LoadPhoto(), LoadLabel(), PackScene()])
    with pytest.raises(ValueError, match=facts('edges_as_raw', 'LoadPhoto', 'LoadRaw, PackScene')):
        paired(root, 1, edges_as_raw=True, pipeline=[LoadRaw(), PackScene()])
    with pytest.raises(ValueError, match=facts('raw_channels=3', 'CityscapesDataset', 'PairedFolderDataset')):
        CityscapesDataset(str(cityscapes), 'train', instances=False, raw_channels=3)


@pytest.mark.parametrize('kind', ['own', 'cityscapes'])
def test_edges_of_photos_need_no_files_of_edges(kind, pairs, cityscapes, write, tmp_path):
    arguments = dict(raw_channels=1, edges_as_raw=True, pipeline=[
        LoadPhoto(), LoadRaw(), ResizeScene((32, 24)), dict(type='mmseg.RandomFlip', prob=1.0), PackScene()])
    if kind == 'own':
        write(tmp_path / 'images/train/a.png', DICE.integers(0, 256, (48, 64, 3), np.uint8))
        dataset = PairedFolderDataset(str(tmp_path / 'images/..'), 'train', **arguments)
    else:
        dataset = CityscapesDataset(str(cityscapes), 'train', instances=False, **arguments)
        assert len(dataset) == 2
    quick_check(dataset)
    inputs = dataset[0]['inputs']
    assert inputs['raw'].shape == (1, 24, 32)
    photo = inputs['image'].permute(1, 2, 0).numpy()
    np.testing.assert_array_equal(inputs['raw'][0], canny_edges(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)))
    assert inputs['raw'].max() == 255
    assert check_dataset(dataset).ranges == [(0, 255)]


@pytest.mark.parametrize('scale', [(5, 3), (10, 6), (23, 31), (1, 1)])
@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_resizing(scale, dtype):
    # mid values: what overshoots 0..255 between its two passes, Pillow cuts off in 8 bits only
    raw = (DICE.uniform(0.3, 0.7, (6, 10, 6)) * (1 if dtype == np.float32 else np.iinfo(dtype).max)).astype(dtype)
    results = ResizeScene(scale)(dict(raw=raw, seg_fields=['raw']))
    resized = results['raw']
    assert (resized.shape, resized.dtype, results['img_shape']) == ((*scale[::-1], 6), dtype, scale[::-1])
    if dtype == np.uint8:
        rgb = Image.fromarray(raw[..., 3:]).resize(scale, Image.Resampling.BICUBIC)
        np.testing.assert_array_equal(resized[..., 3:], np.asarray(rgb).clip(raw[..., 3:].min((0, 1)),
                                                                             raw[..., 3:].max((0, 1))))
    else:
        steps = 65535 if dtype == np.float32 else 1  # antialiased, as 8 bits are, but for the rounding
        bytes_ = ResizeScene(scale)(dict(raw=(raw * steps / 257).round().astype(np.uint8), seg_fields=['raw']))['raw']
        np.testing.assert_allclose(resized * steps / 257, bytes_, atol=2)
    assert (resized >= raw.min((0, 1))).all()
    assert (resized <= raw.max((0, 1))).all()


def test_resizing_to_the_same_size_changes_nothing():
    for raw in (MANY, DEPTH[..., None], FLOATS.astype(np.float32)):
        np.testing.assert_array_equal(resize_raw(raw, (5, 7)), raw)


@pytest.mark.parametrize('settings', [
    dict(type='mmseg.RandomFlip', prob=1.0), dict(type='mmseg.RandomFlip', prob=1.0, direction='vertical'),
    dict(type='mmseg.RandomCrop', crop_size=(5, 7))])
def test_flip_and_crop_take_it_along(settings):
    numbers = np.arange(96, dtype=np.uint16).reshape(8, 12)
    results = dict(img=np.repeat(numbers[..., None], 3, axis=2).astype(np.uint8), name='x', seg_fields=['raw'],
                   raw=np.stack([numbers + 1000 * channel for channel in range(24)], axis=-1))
    results = TRANSFORMS.build(settings)(results)
    assert not np.array_equal(results['raw'][..., 0], numbers)
    packed = PackScene()(results)['inputs']
    for channel in range(24):
        np.testing.assert_array_equal(packed['raw'][channel].int() - 1000 * channel, packed['image'][0])
    assert packed['raw'].dtype == torch.uint16


def test_a_scene_without_photo_passes(pairs):
    root = pairs('.npy', MANY)
    results = paired(root, 24).scene('x', dict(raw=str(root / 'raw/train/a.npy')))
    for part in (LoadPhoto(), LoadRaw(), ResizeScene((4, 4)), PackScene()):
        results = part(results)
    assert list(results['inputs']) == ['raw']
    assert results['sample'] == dict(name='x', size=(4, 4))
    assert EdgesAsRaw()(dict(img=np.zeros((3, 4, 3), np.uint8)))['raw'].shape == (3, 4, 1)


def raw_sample(name='x', channels=2, height=5, width=7):
    return dict(inputs=dict(raw=torch.zeros(channels, height, width, dtype=torch.uint8)),
                sample=dict(name=name, size=(height, width)))


def test_preprocessors_that_do_not_fit():
    for arguments in (dict(num_classes=0), dict(num_classes=4, raw_channels=2)):
        with pytest.raises(ValueError, match=r'num_classes=\d and raw_channels=(None|2), but a layout is either a '
                                             r'label map \(num_classes=N\) or an image-like input \(num_classes=0'):
            LayoutPreprocessor(**arguments)
    with pytest.raises(ValueError, match=facts('raw_channels=2', 'instances=True')):
        LayoutPreprocessor(0, raw_channels=2, instances=True)
    preprocessor = LayoutPreprocessor(0, raw_channels=2)
    with pytest.raises(ValueError, match=facts('raw_channels=2', 'raw input of b', '3 channels')):
        preprocessor(pseudo_collate([raw_sample('a'), raw_sample('b', channels=3)]))
    with pytest.raises(ValueError, match=facts('raw input of a is 5x7', 'raw of b is 5x8', 'image_size')):
        preprocessor(pseudo_collate([raw_sample('a'), raw_sample('b', width=8)]))
    labels = dict(inputs=dict(label=torch.zeros(5, 7)), sample=dict(name='a', size=(5, 7)))
    with pytest.raises(ValueError, match=facts('raw_channels=2', 'no raw inputs', 'label')):
        preprocessor(pseudo_collate([labels]))
    with pytest.raises(ValueError, match=facts('num_classes=4', 'no label maps', 'raw')):
        LayoutPreprocessor(4)(pseudo_collate([raw_sample()]))


def test_gray_images():
    preprocessor = LayoutPreprocessor(0, raw_channels=2)
    preprocessor.image_channels = 1
    photo = torch.randint(0, 256, (3, 5, 7), dtype=torch.uint8)
    one = raw_sample()
    one['inputs'].update(image=photo, edge=photo)
    batch = preprocessor(pseudo_collate([one]))
    assert {name: tuple(image.shape) for name, image in batch['real'].items()} == dict(
        image=(1, 1, 5, 7), edge=(1, 3, 5, 7))
    gray = np.asarray(Image.fromarray(photo.permute(1, 2, 0).numpy()).convert('L'))
    ours = preprocessor.unbatch(batch['layout'], dict(image=batch['real']['image']), batch['real'], batch['samples'])[0]
    assert ours['outputs']['image'].shape == ours['real']['image'].shape == (1, 5, 7)
    np.testing.assert_allclose(ours['outputs']['image'][0].int(), gray.astype(int), atol=1)


@pytest.mark.gpu
def test_16_bits_on_the_gpu():
    preprocessor = LayoutPreprocessor(0, raw_channels=1).cuda()
    preprocessor.size_divisor = 4
    sample = raw_sample()
    sample['inputs']['raw'] = torch.from_numpy(DEPTH[None])
    raw = preprocessor(pseudo_collate([sample, sample]))['layout'].raw
    assert raw.device.type == 'cuda'
    np.testing.assert_allclose(raw[1, 0, :7, :5].cpu(), DEPTH / 32767.5 - 1, atol=1e-6)


def test_the_tool_shows_the_ranges_of_channels(pairs, check):
    root = pairs('.npy', MANY)
    (root / 'config.py').write_text(f"train_dataloader = dict(dataset=dict(type='PairedFolderDataset', split='train', "
                                    f'data_root={str(root)!r}, raw_channels=24))\n')
    code, out = check(root / 'config.py')
    assert code == 0
    assert '3 scenes, 3 with a photo; 7x5 (3)' in out
    assert f'23 │ {MANY[..., 23].min()} │ {MANY[..., 23].max()}' in out
