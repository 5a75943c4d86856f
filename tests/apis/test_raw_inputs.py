"""Images from image-like inputs in files."""

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.layout_files import LayoutFile
from semsynth.apis.synthesis import synthesize
from semsynth.data.pictures import read_photo
from semsynth.data.transforms.edges import edges_of_photo
from semsynth.errors import DataError

EDGES = 'configs/pix2pixhd/pix2pixhd_edges_toycity.py'


def same_weights(*inferencers):
    for other in inferencers[1:]:
        other.model.load_state_dict(inferencers[0].model.state_dict())


def test_edges_of_photos_and_the_same_edges_drawn(toycity, tmp_path):
    of_photos = Inferencer(narrow(EDGES, toycity), None, device='cpu')
    photos = of_photos.find([toycity / 'leftImg8bit/val/toycity'])
    assert len(photos) == 5
    assert photos[0].name == 'toycity_000000_000000'
    result = next(iter(of_photos(photos)))
    assert result['raw'].shape == (1, 64, 64)
    assert result['real']['image'].shape == (3, 64, 64)

    # drawn at the photo's size, then resized to the same 64x64 as the photo: other edges, the same way into the model
    photo = read_photo(photos[0].label)
    drawn = tmp_path / 'drawn/face.png'
    drawn.parent.mkdir()
    Image.fromarray(edges_of_photo(photo)).resize((64, 64)).save(drawn)
    from_files = Inferencer(narrow(EDGES, toycity, **{
        'test_dataloader.dataset.edges_as_raw': False, 'test_dataloader.dataset.type': 'PairedFolderDataset'}), None,
        device='cpu')
    same_weights(of_photos, from_files)
    [found] = from_files.find([drawn.parent])
    assert found == LayoutFile('face', str(drawn))
    [result] = from_files([found])
    assert result['real'] == {}
    np.testing.assert_array_equal(result['raw'][0], np.asarray(Image.open(drawn)))


@pytest.fixture
def depth(tmp_path):
    """A model from arrays of 24 channels to gray images, as a user's config has it, and such a file."""
    for split in ('train', 'val'):
        for kind in ('images', 'raw'):
            (tmp_path / kind / split).mkdir(parents=True)
        Image.fromarray(np.zeros((48, 56, 3), np.uint8)).save(tmp_path / f'images/{split}/a.png')
        np.save(tmp_path / f'raw/{split}/a.npy', np.random.default_rng(0).integers(0, 256, (48, 56, 24), np.uint8))
    many = {f'{split}_dataloader.dataset.raw_channels': 24 for split in ('train', 'val', 'test')}
    config = narrow('configs/pix2pixhd/pix2pixhd_edges_celebahq.py', tmp_path, **many, **{
        'model.data_preprocessor.raw_channels': 24, 'model.generator.head.out_channels': 1,
        'test_dataloader.dataset.edges_as_raw': False})
    return config, tmp_path / 'raw/val'


def test_arrays_to_gray_images(depth, tmp_path):
    config, folder = depth
    torch.save(dict(state_dict=Inferencer(config, None, device='cpu').model.state_dict()), tmp_path / 'weights.pth')
    inferencer = Inferencer(config, tmp_path / 'weights.pth', device='cpu')
    synthesize(inferencer, inferencer.find([folder]), tmp_path / 'out')
    assert Image.open(tmp_path / 'out/a.png').mode == 'L'
    assert Image.open(tmp_path / 'out/a.png').size == (64, 64)


def test_mistakes_are_explained(depth, tmp_path):
    config, folder = depth
    inferencer = Inferencer(config, None, device='cpu')
    with pytest.raises(DataError, match=r'There is no raw input .*nowhere\.npy'):
        inferencer.find([folder / 'nowhere.npy'])
    with pytest.raises(DataError, match=r'There are no raw inputs in .*empty: they end in \.png, .*\.npz'):
        inferencer.find([(tmp_path / 'empty').mkdir() or tmp_path / 'empty'])
    with pytest.raises(DataError, match=r'a\.png has 3 channels .*, but raw_channels=24'):
        next(inferencer([LayoutFile('x', str(tmp_path / 'images/val/a.png'))]))
