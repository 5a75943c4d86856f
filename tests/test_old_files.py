"""Files of an earlier version (fixtures/README.md) are resumed, synthesised from and edited, with the config that the
checkpoint carries and with today's."""

import json
import lzma
import shutil
from pathlib import Path

import numpy as np
import pytest
from fixtures.make import CONFIGS, OPTIONS, edit, scene

from helpers.narrow import ROOT
from semsynth.apis import train
from semsynth.apis.inferencer import Inferencer
from semsynth.editor import Editor
from semsynth.weights import load_checkpoint

FILES = Path(__file__).with_name('fixtures')
LOSSES = json.loads((FILES / 'losses.json').read_text())
BOTH = pytest.mark.parametrize('carried', [True, False], ids=['carried config', "today's config"])


@pytest.fixture(scope='module')
def images():
    with np.load(FILES / 'images.npz') as images:
        return dict(images)


@pytest.fixture(scope='module')
def checkpoints(tmp_path_factory):
    """Unpacked, by name."""
    paths = {name: tmp_path_factory.mktemp('old') / f'{name}.pth' for name in CONFIGS}
    for name, path in paths.items():
        path.write_bytes(lzma.decompress((FILES / f'{name}.pth.xz').read_bytes()))
    return paths


def config_of(name, carried, checkpoints, tmp_path):
    """A config's path, and the options that it needs."""
    here = {'model.segmentor.checkpoint': str(FILES / 'segmentor.pth')}
    if not carried:
        return ROOT / CONFIGS[name], OPTIONS[name] | {'precision': 'float32'} | here
    path = tmp_path / 'carried.py'
    path.write_text(load_checkpoint(checkpoints[name])['meta']['cfg'])
    return path, here


def assert_alike(image, expected):
    """To the rounding of other processors."""
    assert image.shape == expected.shape
    assert np.abs(np.asarray(image, int) - expected).max() <= 2


@BOTH
@pytest.mark.parametrize('name', CONFIGS)
def test_an_old_checkpoint_synthesises_what_it_did(name, carried, checkpoints, images, tmp_path):
    config, options = config_of(name, carried, checkpoints, tmp_path)
    styles = FILES / 'styles.npz' if name == 'pix2pixhd' else None
    inferencer = Inferencer(config, checkpoints[name], 'cpu', options, styles)
    outputs = inferencer.synthesize(*scene())['outputs']
    for output in ('image', 'edge') if name == 'ecgan' else ('image',):
        assert_alike(outputs[output], images[f'{name}_{output}'])


@BOTH
@pytest.mark.parametrize('name', CONFIGS)
def test_an_old_run_is_resumed(name, carried, checkpoints, toycity, tmp_path):
    """Losses of the steps to come are those of the run that was never cut off."""
    config, options = config_of(name, carried, checkpoints, tmp_path)
    work_dir = tmp_path / 'run'
    work_dir.mkdir()
    shutil.copy(checkpoints[name], work_dir / 'iter_2.pth')
    runner = train(config, work_dir=work_dir, resume=True, cfg_options=options | dict(data_root=str(toycity)))
    assert runner.iter == 4 and (work_dir / 'iter_4.pth').is_file()
    logged = runner.message_hub.log_scalars
    for key, values in LOSSES[name].items():
        np.testing.assert_allclose(logged[f'train/{key}'].data[0][-2:], values, rtol=1e-3, atol=1e-5, err_msg=key)
    if name == 'ecgan':
        assert runner.model.losses['contrastive'].memory.seen.min() > 0


@BOTH
def test_an_old_project_and_old_styles_are_edited(carried, checkpoints, images, tmp_path):
    config, options = config_of('pix2pixhd', carried, checkpoints, tmp_path)
    editor = Editor(Inferencer(config, checkpoints['pix2pixhd'], 'cpu', options, FILES / 'styles.npz'))
    editor.load(FILES / 'project.npz')
    assert_alike(editor.image, images['edited'])
    loaded = editor.image.copy()
    edit(editor)
    assert np.array_equal(editor.image, loaded)
