"""Official files through the tool, into what the other tools load."""

import os

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from helpers.narrow import narrow
from helpers.official import pix2pixhd as official
from helpers.official import spade
from semsynth.apis.inferencer import Inferencer
from semsynth.engine.launch import build_runner
from semsynth.styles import StyleBank
from semsynth.weights import load_checkpoint

CONFIG = 'configs/pix2pixhd/pix2pixhd_local_cityscapes_1024x2048.py'


@pytest.fixture(scope='module')
def networks():
    """netG and netD of the released kind, narrow as the config."""
    torch.manual_seed(0)
    return dict(generator=official.randomise(official.Local(36, 8, 2, 1, 1, 1)),
                discriminator=official.randomise(official.Discriminator(39, 8, 3, 3, features=True)),
                encoder=official.randomise(official.Encoder(3, 3, 4, 4)))


@pytest.fixture
def files(networks, tmp_path):
    """As the official code and torch 0.3 wrote them: state dicts in the old file format."""
    paths = {part: tmp_path / f'latest_net_{part}.pth' for part in networks}
    for part, path in paths.items():
        torch.save(networks[part].state_dict(), path, _use_new_zipfile_serialization=False)
    return paths


@pytest.fixture
def convert(run_tool):
    """Run the tool; its status, output and errors."""
    return lambda file, part, out, *options, source='pix2pixhd': run_tool(
        'convert_checkpoint', file, '--source', source, '--part', part, '--out', out, *options)


def test_a_converted_generator_synthesises_what_the_official_one_does(convert, files, networks, tmp_path):
    code, out, _ = convert(files['generator'], 'generator', tmp_path / 'pix2pixhd.pth')
    assert code == 0 and "pix2pixhd.pth has this network:\ngenerator=dict(type='LocalEnhancer', num_enh" in out
    dice = np.random.default_rng(0)
    label = np.kron(dice.choice([3, 7, 8, 26, 33], (8, 8)), np.ones((8, 8), int))
    objects = np.kron(dice.integers(0, 9, (16, 16)), np.ones((4, 4), int))
    instance = np.where(label < 24, label, label * 1000 + objects).astype(np.uint16)
    (tmp_path / 'maps').mkdir()
    for kind, ids in dict(labelIds=label.astype(np.uint8), instanceIds=instance).items():
        Image.fromarray(ids).save(tmp_path / f'maps/a_gtFine_{kind}.png')
    inferencer = Inferencer(narrow(CONFIG, tmp_path), tmp_path / 'pix2pixhd.pth', device='cpu')
    [result] = inferencer(inferencer.find([tmp_path / 'maps']))
    one_hot = np.stack([label == identity for identity in range(35)]).astype(np.float32)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    boundary = cv2.dilate(instance, cross) != cv2.erode(instance, cross)
    condition = torch.from_numpy(np.concatenate([one_hot, boundary[None].astype(np.float32)]))
    with torch.no_grad():
        expected = networks['generator'](condition[None])[0]
    assert (result['outputs']['image'] - (expected + 1) * 127.5).abs().max() <= 0.51


def test_parts_are_added_and_training_starts_from_them(convert, files, networks, tmp_path):
    path = tmp_path / 'both.pth'
    for part in ('generator', 'discriminator'):
        assert convert(files[part], part, path, *['--add'] * path.exists())[0] == 0
    stored = load_checkpoint(path)
    assert {part: facts['source'] for part, facts in stored['meta']['official'].items()} == dict(
        generator='pix2pixhd', discriminator='pix2pixhd')
    runner = build_runner(narrow(CONFIG, tmp_path, load_from=str(path)), work_dir=tmp_path / 'work')
    runner.load_or_resume()
    weight = networks['discriminator'].scale2_layer4[0].weight
    assert torch.equal(runner.model.discriminator.scales[2].layers[4].weight, weight)
    before = path.read_bytes()
    assert convert(files['discriminator'], 'discriminator', path, '--add')[0] == 0
    assert load_checkpoint(path)['state_dict'].keys() == stored['state_dict'].keys()
    assert convert(files['encoder'], 'generator', path, '--add')[0] == 1
    assert len(path.read_bytes()) == len(before)
    code, _, error = convert(files['discriminator'], 'discriminator', path)
    assert code == 1 and 'both.pth holds the generator that was converted before, which would be lost: keep it' in error
    assert convert(files['encoder'], 'encoder', tmp_path / 'encoder.pth')[0] == 0
    assert convert(files['encoder'], 'encoder', tmp_path / 'encoder.pth')[0] == 0  # the same again
    assert {name.split('.')[0] for name in load_checkpoint(tmp_path / 'encoder.pth')['state_dict']} == {'encoder'}


def test_what_is_there_is_not_replaced(convert, files, tmp_path):
    torch.save(dict(state_dict=dict(w=torch.ones(1)), meta={}), tmp_path / 'trained.pth')
    (tmp_path / 'link.pth').symlink_to(files['encoder'])
    np.save(tmp_path / 'features.npy', {26: np.ones((10, 3))}, allow_pickle=True)
    np.save(tmp_path / 'others.npy', {26: np.ones((9, 3))}, allow_pickle=True)
    assert [convert(tmp_path / 'others.npy', 'clusters', tmp_path / 'styles.npz')[0] for _ in range(2)] == [0, 0]
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for out, reason in (('trained.pth', 'is there already, and was not made from official files'),
                        ('features.npy', 'is there already, and was not made'),
                        ('link.pth', 'is read, and writing would replace it'),
                        (files['encoder'], 'is read, and writing would replace it'), ('', 'is a folder, but a file')):
        code, _, error = convert(files['encoder'], 'encoder', tmp_path / out)
        assert code == 1 and reason in error and error.count('error: ') == 1
    code, _, error = convert(tmp_path / 'features.npy', 'clusters', tmp_path / 'styles.npz')
    assert code == 1 and 'styles.npz is there already and holds something else than these styles' in error
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_clusters_become_styles(convert, tmp_path):
    np.save(tmp_path / 'features_clustered_010.npy', {26: np.ones((10, 3)), 7: np.zeros((4, 3))}, allow_pickle=True)
    code, out, _ = convert(tmp_path / 'features_clustered_010.npy', 'clusters', tmp_path / 'styles.npz')
    assert code == 0 and '14 styles in' in out
    assert StyleBank.load(tmp_path / 'styles.npz').clusters(26).shape == (10, 3)


@pytest.mark.slow
def test_what_weights_do_not_tell_is_said(convert, tmp_path):
    torch.save(spade.Generator(5, 1, 'more', z_dim=3, seed=(1, 2)).state_dict(), tmp_path / 'latest_net_G.pth')
    code, out, _ = convert(tmp_path / 'latest_net_G.pth', 'generator', tmp_path / 'spade.pth', source='spade')
    assert code == 0 and 'latent_dim=3, image_size=(32, 64))' in out
    assert 'Guessed, for the weights do not tell: num_upsamples, image_size. Take them from the options' in out
    assert load_checkpoint(tmp_path / 'spade.pth')['meta']['official']['generator']['source'] == 'spade'


class Evil:
    def __reduce__(self):
        return os.system, ('touch broken_in',)


def test_mistakes_are_one_sentence(convert, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    told = {}
    torch.save(dict(model=Evil()), 'evil.pth')
    np.save('evil.npy', {1: Evil()}, allow_pickle=True)
    torch.save(dict(state_dict={}), 'other.pth')
    for case, arguments in dict(
            missing=('none.pth', 'generator', 'out'), evil=('evil.pth', 'generator', 'out'),
            part=(files['encoder'], 'discriminator', 'out'), clusters=('evil.npy', 'clusters', 'out'),
            first=(files['encoder'], 'encoder', 'out', '--add'),
            trained=(files['encoder'], 'encoder', 'other.pth', '--add'),
            styles=('evil.npy', 'clusters', 'out', '--add')).items():
        code, _, told[case] = convert(*arguments)
        assert code in (1, 2) and told[case].splitlines()[-1].count('error: ') == 1
    assert 'There is no checkpoint none.pth' in told['missing']
    assert 'evil.pth is no checkpoint of tensors' in told['evil'] and told['evil'].count('evil.pth') == 1
    assert 'latest_net_encoder.pth: This is no pix2pixhd discriminator' in told['part']
    assert 'evil.npy is no .npy file' in told['clusters']
    assert 'There is no checkpoint out' in told['first']
    assert 'other.pth was not made from official files' in told['trained']
    assert '--add' in told['styles']
    code, _, error = convert('evil.npy', 'clusters', 'out', source='spade')
    assert code == 2 and 'only pix2pixhd has clusters, not spade.' in error
    assert not (tmp_path / 'out').exists() and not (tmp_path / 'broken_in').exists()
