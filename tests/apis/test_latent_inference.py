"""Latents at work: samples that differ, and the look of a photo."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image, ImageFont

from helpers.data_sets import scenes_of
from helpers.facts import facts
from helpers.narrow import narrow
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer
from semsynth.apis.synthesis import synthesize
from semsynth.engine.launch import build_runner

CONFIG = 'configs/spade/spade_vae_toycity.py'


@pytest.fixture(scope='module')
def trained(toycity, tmp_path_factory):
    """Config and checkpoint of a model whose latent matters."""
    torch.manual_seed(0)
    config = narrow(CONFIG, toycity)
    model = build_for_inference(config, None)
    with torch.no_grad():
        for parameter in (*model.generator.parameters(), *model.encoder.parameters()):
            parameter.copy_(torch.randn_like(parameter) / max(parameter[0].numel(), 9)**0.5)
    path = tmp_path_factory.mktemp('latent') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return config, path


@pytest.fixture
def inferencer(trained):
    return Inferencer(*trained, device='cpu')


def pictures(inferencer, toycity, **options):
    [layout, *_] = inferencer.find([toycity / 'gtFine/val'], photos=options.pop('photos', None))
    return [result['outputs']['image'] for result in inferencer.sample(layout, **options)]


def differs(one, other):
    return (one.int() - other.int()).abs().float().mean() > 2


def test_samples_differ_and_can_be_had_again(inferencer, toycity):
    first, second = pictures(inferencer, toycity, count=2)
    assert differs(first, second)
    assert torch.equal(first, pictures(inferencer, toycity)[0])
    assert differs(first, pictures(inferencer, toycity, seed=1)[0])


def test_a_photo_gives_the_latent(inferencer, toycity):
    """One of the layout itself, by name; or any one, for all layouts."""
    photos = sorted((toycity / 'leftImg8bit/val').rglob('*.png'))
    [by_name] = pictures(inferencer, toycity, photos=toycity / 'leftImg8bit/val')
    [first], [second] = (pictures(inferencer, toycity, photos=photo) for photo in photos[:2])
    assert torch.equal(by_name, first) and differs(first, second)
    again = pictures(inferencer, toycity, photos=photos[0], count=2, seed=5)
    assert torch.equal(again[0], again[1]) and torch.equal(again[0], first)


def test_the_latent_is_the_posteriors_mean_at_the_layouts_size(inferencer, toycity):
    photo = np.array(Image.open(sorted((toycity / 'leftImg8bit/val').rglob('*.png'))[0]))
    latent = inferencer.encode_latent(photo, (64, 64))
    inputs = scenes_of(inferencer.config)[0]['inputs']
    batch = inferencer.model.data_preprocessor(dict(
        inputs={name: [value] for name, value in inputs.items()}, sample=dict(name=['a'])))
    with torch.no_grad():
        mean = inferencer.model.encoder(batch['layout'], batch['real']['image']).posterior[0][0]
    assert latent.shape == (32,) and (latent - mean).abs().max() < 0.05 * mean.abs().max()  # rounding of the photo


def test_latents_of_arrays(inferencer):
    label, instance = np.zeros((64, 64), np.int64), np.ones((64, 64), np.int64)
    one, again, other = (inferencer.synthesize(label, instance, latent=latent)['outputs']['image']
                         for latent in (torch.ones(32), torch.ones(32), -torch.ones(32)))
    assert torch.equal(one, again) and differs(one, other)
    drawn = [inferencer.synthesize(label, instance, seed=seed)['outputs']['image'] for seed in (0, 0, 1)]
    assert torch.equal(drawn[0], drawn[1]) and differs(drawn[0], drawn[2])


def test_mistaken_arrays_are_explained(inferencer):
    label, instance = np.zeros((64, 64), np.int64), np.ones((64, 64), np.int64)
    with pytest.raises(ValueError, match=r'latent has the shape \(5,\), but the model reads \(32,\)\.'):
        inferencer.synthesize(label, instance, latent=torch.zeros(5))
    for shape in (50, 60), (50, 60, 4):
        with pytest.raises(ValueError, match=r'photo has the shape \(50, 60.*\), but an RGB photo is \(height'):
            inferencer.encode_latent(np.zeros(shape, np.uint8), (64, 64))


@pytest.mark.slow
def test_gray_models_take_latents_from_photos_too(toycity, tmp_path):
    """Of a gray photo as of the same in RGB; the encoder is told that images are gray."""
    gray = {'model.generator.head': dict(type='RGBHead', kernel_size=3, padding_mode='zeros', out_channels=1)}
    with pytest.raises(ValueError, match=facts('encoder', 'in_channels=3', 'RGBHead', '1', 'in_channels=1')):
        build_for_inference(narrow(CONFIG, toycity, **gray), None)
    config = narrow(CONFIG, toycity, **gray, **{'model.encoder.in_channels': 1})
    build_runner(config, work_dir=tmp_path).train()
    inferencer = Inferencer(config, tmp_path / 'iter_1.pth', device='cpu')
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    luma = torch.from_numpy(photo / 127.5 - 1).float() @ torch.tensor([0.299, 0.587, 0.114])
    with torch.no_grad():
        expected = inferencer.model.encoder.encode(luma[None, None])[0][0]
    torch.testing.assert_close(inferencer.encode_latent(photo, (64, 64)), expected)


@pytest.fixture(scope='module')
def ecgan(toycity, tmp_path_factory):
    """Config and checkpoint of ECGAN with a latent that matters."""
    torch.manual_seed(0)
    config = narrow('configs/ecgan/ecgan_multimodal_toycity.py', toycity)
    model = build_for_inference(config, None)
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.mul_(10)
    path = tmp_path_factory.mktemp('ecgan') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return config, path


def test_edges_and_images_differ_in_ecgan(ecgan, toycity):
    inferencer = Inferencer(*ecgan, device='cpu')
    [layout, *_] = inferencer.find([toycity / 'gtFine/val'])
    one, other = (result['outputs'] for result in inferencer.sample(layout, count=2))
    assert differs(one['edge'], other['edge']) and differs(one['image'], other['image'])


def test_a_sheet_shows_images_edges_and_the_photo(ecgan, toycity, tmp_path):
    """Cells of 64x64, four times as large, with gaps of 4; images above, edge maps below."""
    maps, photo = toycity / 'gtFine/val', next((toycity / 'leftImg8bit/train').rglob('*.png'))
    inferencer = Inferencer(*ecgan, device='cpu')
    synthesize(inferencer, inferencer.find([maps]), tmp_path, samples=2)
    synthesize(inferencer, inferencer.find([maps], photos=photo), tmp_path / 'styled')
    [sheet, *_], [styled, *_] = (sorted(folder.rglob('*_samples.png')) for folder in (
        tmp_path / 'toycity', tmp_path / 'styled'))

    def cells(path):
        grid = np.asarray(Image.open(path))
        captions = 8 + int(ImageFont.load_default(size=24).getbbox('Ag')[3])
        return [[grid[top:top + 256:4, left:left + 256:4] for left in range(4, grid.shape[1] - 4, 260)]
                for top in (captions, captions + 260)]

    def saved(path, end):
        return np.asarray(Image.open(str(path).replace('_samples', end)))

    above, below = cells(sheet)
    assert len(above) == 3 and (below[0] == 255).all()
    for number in (1, 2):
        assert np.array_equal(above[number], saved(sheet, f'_{number}'))
        assert np.array_equal(below[number], saved(sheet, f'_{number}_edge'))
    above, below = cells(styled)
    assert len(above) == 3 and (below[1] == 255).all()
    shown = np.asarray(Image.open(photo).resize((64, 38), Image.Resampling.BOX))  # 48 x 80 in 64 x 64
    assert np.abs(above[1][:38].astype(int) - shown).mean() < 8 and (above[1][39:] == 255).all()
    assert np.array_equal(above[2], saved(styled, '')) and np.array_equal(below[2], saved(styled, '_edge'))


def test_files(inferencer, toycity, tmp_path):
    maps = tmp_path / 'maps'
    shutil.copytree(toycity / 'gtFine/val', maps)
    photo = tmp_path / 'thin.png'  # as high as none of its pixels, where it is shown small
    Image.fromarray(np.zeros((2, 700, 3), np.uint8)).save(photo)
    synthesize(inferencer, inferencer.find([maps]), tmp_path / 'out', samples=2)
    synthesize(inferencer, inferencer.find([maps], photos=photo), tmp_path / 'styled')
    assert len(list((tmp_path / 'out').rglob('*.png'))) == 15 and len(list((tmp_path / 'styled').rglob('*.png'))) == 10


def test_mistakes_are_explained(inferencer, toycity, tmp_path):
    with pytest.raises(ValueError, match=facts('samples=2', 'nothing is drawn at random')):
        synthesize(inferencer, inferencer.find([toycity / 'gtFine/val'], photos=toycity / 'leftImg8bit/val'), tmp_path,
                   samples=2)
    with pytest.raises(ValueError, match='has no photo to take a latent from'):
        inferencer.find([toycity / 'gtFine/val'], photos=tmp_path)
    with pytest.raises(ValueError, match=r'There is no .*sunset\.jpg to take photos from'):
        inferencer.find([toycity / 'gtFine/val'], photos=tmp_path / 'sunset.jpg')
    without = Inferencer(narrow('configs/spade/spade_toycity.py', toycity), None, device='cpu')
    with pytest.raises(ValueError, match=facts('No latent', 'no encoder')):
        without.encode_latent(np.zeros((9, 9, 3), np.uint8), (64, 64))
    with pytest.raises(ValueError, match='The model was trained without styles'):
        without.find([toycity / 'gtFine/val'], photos=toycity / 'leftImg8bit/val')
