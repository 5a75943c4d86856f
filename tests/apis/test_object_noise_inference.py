"""INADE at work: seeds, and noise that belongs to objects."""

import numpy as np
import pytest
import torch

from helpers.narrow import narrow
from semsynth.apis.building import build_for_inference
from semsynth.apis.inferencer import Inferencer


@pytest.fixture(scope='module')
def inferencer(toycity, tmp_path_factory):
    torch.manual_seed(0)
    config = narrow('configs/inade/inade_toycity.py', toycity)
    model = build_for_inference(config, None)
    path = tmp_path_factory.mktemp('inade') / 'model.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return Inferencer(config, path, device='cpu')


def scene():
    label, instance = np.zeros((64, 64), np.int64), np.zeros((64, 64), np.int64)
    label[32:] = 3
    instance[32:] = 26000 + np.arange(64) // 32
    return label, instance


def test_seeds_give_other_images_and_the_same_again(inferencer):
    images = [inferencer.synthesize(*scene(), seed=seed)['outputs']['image'] for seed in (1, 2, 1)]
    assert torch.equal(images[0], images[2]) and not torch.equal(images[0], images[1])
    latent = torch.zeros(inferencer.model.latent_dim)
    assert torch.equal(*(inferencer.synthesize(*scene(), latent=latent, seed=seed)['outputs']['image']
                         for seed in (1, 2)))
    with pytest.raises(ValueError, match=r'latent has the shape \(3,\), but the model reads'):
        inferencer.synthesize(*scene(), latent=torch.zeros(3))


def test_an_objects_numbers_change_that_object_alone_in_the_norms(inferencer):
    """Convolutions see further: the maps that norms read are looked at."""
    generator = inferencer.model.generator
    label, instance = (torch.from_numpy(each)[None] for each in scene())
    layout = inferencer.model.data_preprocessor(dict(
        inputs=dict(label=[label[0]], instance=[instance[0]]), sample=dict(name=['scene'])))['layout']
    latent = torch.zeros(1, generator.latent_dim)
    maps = generator.modulation.read(layout.with_latent(latent))((64, 64))
    rows = [maps.rows[0, y, x].item() for y, x in ((0, 0), (40, 0), (40, 63))]
    assert len(set(rows)) == 3
    latent.view(-1)[generator.code_dim + rows[1] * 2 * generator.modulation.noise_channels] = 5
    noise = generator.modulation.read(layout.with_latent(latent))((64, 64)).noise
    assert noise[0, rows[1], 0, 0] == 5 and noise.count_nonzero() == 1


def test_a_photo_gives_all_objects_its_noise(inferencer):
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    latent = inferencer.encode_latent(photo, (64, 64))
    assert latent.shape == (inferencer.model.latent_dim,)
    image = inferencer.synthesize(*scene(), latent=latent)['outputs']['image']
    assert image.shape == (3, 64, 64)
