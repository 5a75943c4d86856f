"""What an Inferencer can be called with, and what it gives."""

import io
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.result import Result
from semsynth.layout import Layout


@pytest.fixture(scope='module')
def inferencer(toycity):
    torch.manual_seed(0)
    return Inferencer(narrow('configs/ecgan/ecgan_toycity.py', toycity), None, device='cpu')


@pytest.fixture(scope='module')
def with_latent(toycity):
    torch.manual_seed(0)
    inferencer = Inferencer(narrow('configs/spade/spade_vae_toycity.py', toycity), None, device='cpu')
    with torch.no_grad():  # so that the latent matters
        for parameter in inferencer.model.parameters():
            parameter.copy_(torch.randn_like(parameter) / max(parameter[0].numel(), 9)**0.5)
    return inferencer


@pytest.fixture(scope='module')
def files(toycity):
    folder = toycity / 'gtFine/val/toycity'
    return [folder / f'toycity_000000_000000_gtFine_{kind}.png' for kind in ('labelIds', 'instanceIds')]


@pytest.fixture
def arrays(inferencer, files):
    found = inferencer.reader.read(*files)
    return found['label'], found['instance']


def image_of(result):
    return result['outputs']['image']


def test_one_layout_gives_one_result_whatever_it_is(inferencer, files, arrays):
    """The instance map beside a file is found."""
    of_file = inferencer(files[0])
    assert isinstance(of_file, Result) and of_file.name == 'toycity_000000_000000'
    opened = [Image.open(path) for path in files]
    label, instance = (torch.from_numpy(array.astype(np.int64)) for array in arrays)
    layout = Layout(label[None], 12, instance=instance[None])
    for given in ((str(files[0]),), tuple(opened), arrays, (label, instance), (layout,), (files[0], files[1])):
        assert torch.equal(image_of(inferencer(*given)), image_of(of_file))
    assert torch.equal(image_of(inferencer.synthesize(*arrays)), image_of(of_file))


def test_several_layouts_give_an_iterator(inferencer, files, arrays):
    folder = files[0].parent
    names = [result.name for result in inferencer(folder)]
    assert names == [f'toycity_00000{number}_000000' for number in range(5)]
    several = inferencer([files[0], *inferencer.find([folder])[1:3]])
    assert iter(several) is several and [result.name for result in several] == names[:3]
    label, instance = (torch.from_numpy(array.astype(np.int64)).expand(2, -1, -1) for array in arrays)
    one, other = inferencer(Layout(label, 12, instance=instance))
    assert torch.equal(image_of(one), image_of(other))


def test_a_result_has_pictures_in_reach(inferencer, files):
    result = inferencer(files[0])
    assert result.image.mode == 'RGB' and result.image.size == (64, 64)
    assert np.array_equal(np.asarray(result.image), image_of(result).permute(1, 2, 0))
    assert np.array_equal(np.asarray(result.edge), result['outputs']['edge'].permute(1, 2, 0))
    assert np.array_equal(Image.open(io.BytesIO(result._repr_png_())), result.image)
    assert len(repr(result)) < 200 and 'toycity_000000' in repr(result) and 'image 64x64' in repr(result)


def test_connected_regions_stand_in_for_an_instance_map(inferencer, files, tmp_path):
    """Each region of a thing is an object, and so is a class of stuff."""
    label = np.zeros((64, 64), np.int64)
    label[:20, :20] = label[40:, 40:] = 11  # two cars
    label[:20, 40:] = label[40:, :20] = 9  # one sky
    objects = np.where(label == 9, 2, 1)
    objects[:20, :20], objects[40:, 40:] = 3, 4
    assert torch.equal(image_of(inferencer(label)), image_of(inferencer(label, objects)))
    alone = shutil.copy(files[0], tmp_path / 'labels.png')
    assert image_of(inferencer(alone)).shape == (3, 64, 64)
    assert [result.name for result in inferencer([alone])] == ['labels']


def test_samples_and_seeds(with_latent, files):
    one, two = with_latent(files[0], samples=2)
    assert not torch.equal(image_of(one), image_of(two))
    assert torch.equal(image_of(with_latent(files[0])), image_of(one))
    assert not torch.equal(image_of(with_latent(files[0], seed=1)), image_of(one))
    per_layout = list(with_latent(files[0].parent, samples=2))
    assert len(per_layout) == 10 and torch.equal(image_of(per_layout[1]), image_of(two))


def test_a_photo_gives_the_latent(with_latent, files, toycity):
    photos = sorted((toycity / 'leftImg8bit/val').rglob('*.png'))
    latent = with_latent.encode_latent(np.asarray(Image.open(photos[1])), (64, 64))
    label, instance = (with_latent.reader.read(*files)[kind] for kind in ('label', 'instance'))
    expected = image_of(with_latent.synthesize(label, instance, latent=latent))
    for photo in (photos[1], Image.open(photos[1]), np.asarray(Image.open(photos[1]))):
        assert torch.equal(image_of(with_latent(files[0], photo=photo)), expected)
    assert torch.equal(image_of(with_latent(label, instance, photo=photos[1])), expected)
    of_own = list(with_latent(files[0].parent, photo=toycity / 'leftImg8bit/val/toycity'))
    assert torch.equal(image_of(of_own[0]), image_of(with_latent(files[0], photo=photos[0])))


def test_what_a_layout_carries_is_kept(with_latent, files):
    label, instance = (torch.from_numpy(with_latent.reader.read(*files)[kind].astype(np.int64))[None]
                       for kind in ('label', 'instance'))
    latent = torch.ones(1, with_latent.model.latent_dim)
    given = with_latent(Layout(label, 12, instance=instance, latent=latent))
    expected = with_latent.synthesize(label[0].numpy(), instance[0].numpy(), latent=latent[0])
    assert torch.equal(image_of(given), image_of(expected))


def test_mistakes_are_explained(inferencer, files):
    with pytest.raises(ValueError, match=facts('samples=2', 'nothing is drawn at random')):
        inferencer(files[0], samples=2)
    with pytest.raises(ValueError, match='trained without styles'):
        inferencer(files[0], photo=files[0])
    with pytest.raises(ValueError, match=facts('label has the indices 0..99', '12 classes')):
        inferencer(np.array([[0, 99]]))
