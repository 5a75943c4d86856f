
import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from helpers.facts import facts
from helpers.random_hed import random_hed
from semsynth.apis import edges
from semsynth.data.prepare.hed import load_hed
from semsynth.errors import DataError
from semsynth.registry import DATASETS

SIZE = (19, 33)  # of what ResizeScene makes


class Brightness(torch.nn.Module):
    """Stands for HED: a photo's mean over the channels, in 0..1."""

    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.zeros(3, 1, 1))

    def forward(self, images):
        return (images.mean(dim=1, keepdim=True) + 1) / 2


@pytest.fixture
def scenes(tmp_path):
    dice = np.random.default_rng(0)
    for name in ('a', 'sub/b', 'c'):
        for folder, shape, top in (('images', (26, 40, 3), 256), ('labels', (26, 40), 3)):
            path = tmp_path / folder / 'train' / f'{name}.png'
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(dice.integers(0, top, shape, np.uint8)).save(path)
    return tmp_path


def config_of(root, edges=('edges_hed',), **kwargs):
    pipeline = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=SIZE[::-1]),
                dict(type='mmseg.RandomFlip', prob=1.0), dict(type='PackScene')]
    return Config(dict(train_dataloader=dict(dataset=dict(
        type='PairedFolderDataset', data_root=str(root), split='train', classes=['a', 'b', 'c'], pipeline=pipeline,
        edges=dict(zip(('folder', 'full_size'), edges, strict=False)), **kwargs))))


@pytest.fixture
def stand_in(monkeypatch):
    monkeypatch.setattr(edges, 'load_hed', lambda weights: Brightness())


def test_the_data_set_reads_what_is_written(scenes, stand_in):
    config = config_of(scenes)
    assert edges.make_edges(config, device='cpu') == (3, str(scenes / 'edges_hed/images/train'))
    dataset = DATASETS.build(config.train_dataloader.dataset)
    for number in range(3):
        inputs = dataset[number]['inputs']
        assert inputs['edge'].shape == (1, *SIZE)
        means = inputs['image'].float().mean(dim=0)  # both are flipped
        assert (inputs['edge'] - means).abs().max() <= 0.5 + 1e-4


def test_full_size(scenes, stand_in):
    config = config_of(scenes, ('edges_full', True))
    edges.make_edges(config, device='cpu')
    photo, found = (np.asarray(Image.open(scenes / folder / 'train/sub/b.png')) for folder in
                    ('images', 'edges_full/images'))
    np.testing.assert_allclose(found, photo.mean(axis=2), atol=0.5 + 1e-4)
    assert DATASETS.build(config.train_dataloader.dataset)[0]['inputs']['edge'].shape == (1, *SIZE)


def test_what_is_there_stays_and_the_rest_is_made(scenes, stand_in):
    edges.make_edges(config_of(scenes), device='cpu')
    first, second = (scenes / f'edges_hed/images/train/{name}.png' for name in 'ac')
    first.write_bytes(b'as it was')
    expected = second.read_bytes()
    second.unlink()
    assert edges.make_edges(config_of(scenes, indices=1), device='cpu')[0] == 3  # as pairing asks for all of them
    assert first.read_bytes() == b'as it was' and second.read_bytes() == expected


def test_a_broken_photo_is_named_and_the_others_are_done(scenes, stand_in):
    (scenes / 'images/train/a.png').write_bytes(b'torn')
    with pytest.raises(DataError, match=r'^\S*images/train/a\.png cannot be read'):
        edges.make_edges(config_of(scenes), device='cpu')
    assert [path.name for path in sorted((scenes / 'edges_hed').rglob('*.*'))] == ['c.png', 'b.png']


def test_refusals(scenes, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=facts(
            'train_dataloader.dataset', 'edges={}', "edges=dict(folder='edges_hed')")):
        edges.make_edges(config_of(scenes, ()))
    with pytest.raises(ValueError, match=r'images/train is or lies in .*images/train, which holds the data set'):
        edges.make_edges(config_of(scenes, ('.',)))
    monkeypatch.setenv('TORCH_HOME', str(tmp_path))
    with pytest.raises(FileNotFoundError, match=r'There is no weight file some/hed\.pth'):
        edges.make_edges(config_of(scenes), weights='some/hed.pth')
    (scenes / 'labels/train/a.png').unlink()
    with pytest.raises(DataError, match='1 of 3 photos have no label map'):
        edges.make_edges(config_of(scenes))
    for photo in list((scenes / 'images').rglob('*.png')):
        photo.unlink()
    with pytest.raises(DataError, match='images/train holds no photos to find edges in'):
        edges.make_edges(config_of(scenes))


def test_the_tool(scenes, tmp_path, run_tool, monkeypatch):
    """With a network of HED's size; its edges are those of the photo as it is resized, rounded to 8 bits."""
    torch.save(random_hed(), tmp_path / 'network-bsds500.pytorch')
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    config = config_of(scenes)
    config.dump(tmp_path / 'config.py')
    code, out, _ = run_tool('prepare/edges', tmp_path / 'config.py', '--device', 'cpu')
    assert code == 0 and f'3 edge maps in {scenes}/edges_hed/images/train' in out
    photo = Image.open(scenes / 'images/train/c.png').resize(SIZE[::-1], Image.Resampling.BICUBIC)
    images = torch.from_numpy(np.array(photo)).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        soft = load_hed()(images)[0, 0].numpy() * 255
    found = np.asarray(Image.open(scenes / 'edges_hed/images/train/c.png'))
    np.testing.assert_allclose(found, soft, atol=0.51)
    assert len(np.unique(found)) > 50
