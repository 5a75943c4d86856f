"""The official code beside ours: a stand-in that has its interface takes the place of a checkout."""

import copy
import sys
from types import ModuleType

import pytest
import torch

from helpers import stand_in
from helpers.narrow import SIZE, narrow
from semsynth.cli import build_parser
from semsynth.errors import DataError
from semsynth.studies.benchmark import benchmark
from semsynth.studies.benchmark.official import official_options, official_step
from semsynth.studies.benchmark.step import build, draw_batch

GLOBAL, LOCAL = ('configs/pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py',
                 'configs/pix2pixhd/pix2pixhd_local_cityscapes_1024x2048.py')


@pytest.fixture
def folder(tmp_path):
    return stand_in.write(tmp_path)


def prepare(path=GLOBAL, **options):
    config = narrow(path, 'nowhere', **options)
    model, _ = build(config, 'float32', 'cpu')
    return config, model, draw_batch(model, (SIZE, SIZE), 2)


def test_options_are_those_of_the_config():
    words = official_options(narrow(GLOBAL, 'nowhere'))
    assert words == ['--label_nc', '35', '--ngf', '8', '--ndf', '8', '--n_layers_D', '3', '--num_D', '2', '--netG',
                     'global', '--n_downsample_global', '3', '--n_blocks_global', '1']
    local = official_options(narrow(LOCAL, 'nowhere', **{
        'model.losses.perceptual': None, 'model.losses.feature_matching': None,
        'model.data_preprocessor.instances': False}))
    assert local[10:] == ['--netG', 'local', '--n_downsample_global', '2', '--n_blocks_global', '1',
                          '--n_blocks_local', '1', '--n_local_enhancers', '1', '--no_instance', '--no_vgg_loss',
                          '--no_ganFeat_loss']
    styles = official_options(narrow('configs/pix2pixhd/pix2pixhd_styles_cityscapes_512x1024.py', 'nowhere'))
    assert styles[16:] == ['--feat_num', '3', '--nef', '8', '--n_downsample_E', '3', '--instance_feat']


@pytest.mark.parametrize(('path', 'part'), [
    ('configs/ecgan/ecgan_cityscapes.py', 'model.generator is SPADEGenerator'),
    ('configs/pix2pix/pix2pix_cityscapes.py', 'model.generator is UNetGenerator'),
    ('configs/hybrids/edge_global_generator_toycity.py', r'model\.generator\.head is EdgeGuidedHead')])
def test_what_it_has_no_options_for_is_refused(path, part):
    with pytest.raises(ValueError, match=f'{part}, for which the official pix2pixHD has no option'):
        official_options(narrow(path, 'nowhere'))


def test_a_step_updates_both_as_its_training_does(folder, capsys):
    """The generator's gradients of the discriminator's weights are thrown away; both losses are of one pass."""
    config, ours, data = prepare()
    aside = sys.modules['models'] = ModuleType('models')  # somebody else's
    try:
        step = official_step(folder, config, ours, data, 'cpu')
        assert sys.modules.pop('models') is aside and 'options' not in sys.modules
    finally:
        sys.modules.pop('models', None)
    model, plain = stand_in.MADE[-1], copy.deepcopy(stand_in.MADE[-1])
    losses, = step()
    assert losses.shape == (5,) and losses.isfinite().all()
    assert capsys.readouterr().out == ''

    batch = ours.data_preprocessor(data)
    with pytest.MonkeyPatch.context() as patches:
        for owner, name, value in ((torch.Tensor, 'cuda', lambda self: self),
                                   (torch.cuda, 'FloatTensor', torch.FloatTensor),
                                   (torch.cuda, 'ByteTensor', torch.ByteTensor)):
            patches.setattr(owner, name, value)
        label = batch['layout'].label[:, None]
        expected, _ = plain(label, label, batch['real']['image'], None)
    torch.testing.assert_close(losses, torch.stack(expected))
    for part, loss in (('netG', expected[0] + expected[1] + expected[2]), ('netD', (expected[3] + expected[4]) / 2)):
        network = getattr(plain, part)
        gradients = torch.autograd.grad(loss, list(network.parameters()), retain_graph=True)
        for after, before, gradient in zip(getattr(model, part).parameters(), network.parameters(), gradients,
                                           strict=True):
            torch.testing.assert_close(after, before - 0.1 * gradient)


def test_another_network_is_not_compared(folder, monkeypatch):
    config, ours, data = prepare()
    config.model.generator.base_channels = 16
    with pytest.raises(ValueError, match=r"its generator has [\d,]+ parameters, the config's [\d,]+"):
        official_step(folder, config, ours, data, 'cpu')


def test_a_folder_that_is_no_checkout(tmp_path):
    with pytest.raises(DataError, match=r'has no models/pix2pixHD_model\.py.* git clone https://github'):
        benchmark('step', 'cpu', 1, configs=[GLOBAL], official=tmp_path)
    stand_in.write(tmp_path)
    (tmp_path / 'options/train_options.py').write_text('import a_module_that_is_nowhere')
    config, ours, data = prepare()
    before = list(sys.path)
    with pytest.raises(ValueError, match='cannot be imported: No module named'):
        official_step(tmp_path, config, ours, data, 'cpu')
    assert sys.path == before


@pytest.mark.slow
def test_it_is_the_first_row(folder):
    config = narrow(GLOBAL, 'nowhere', **{'model.losses.perceptual': None})
    text = benchmark('step', 'cpu', 1, configs=[config], size=(SIZE, SIZE), versions=['float32'], official=folder)
    assert [row.split(' | ')[3] for row in text.splitlines()[4:]] == ['official', 'float32']


def test_the_command_has_it():
    assert build_parser().parse_args(['benchmark', 'step', 'CONFIG', '--official', 'FOLDER']).official == 'FOLDER'
