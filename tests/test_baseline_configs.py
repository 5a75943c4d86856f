"""The configs of pix2pix, CRN, LGGAN, DAGAN and pix2pixHD's ablations hold the papers' numbers and parts."""

import pytest
from mmengine.registry import DefaultScope

from helpers.narrow import ROOT, narrow
from semsynth.config import load_config
from semsynth.data.pipeline import whole_pipeline
from semsynth.registry import MODELS


def test_pix2pix_has_the_numbers_of_the_paper():
    """3.3 and appendix."""
    config = load_config(ROOT / 'configs/pix2pix/pix2pix_cityscapes.py')
    generator, discriminator = config.model.generator, config.model.discriminator
    assert (generator.type, generator.base_channels, generator.num_downsamples, generator.dropout) == (
        'UNetGenerator', 64, 8, 0.5)
    assert discriminator == dict(
        type='MultiScaleDiscriminator', base_channels=64, num_layers=3, num_scales=1, norm='batch')
    assert config.model.losses == dict(
        adversarial=dict(type='VanillaLoss', discriminator_weight=0.5), pixel=dict(type='L1Loss', weight=100))
    for player in ('generator', 'discriminator'):
        optimiser = config.optim_wrapper[player].optimizer
        assert (optimiser.type, optimiser.lr, tuple(optimiser.betas)) == ('Adam', 2e-4, (0.5, 0.999))
    assert config.train_dataloader.batch_size == 1 and config.train_cfg.max_epochs == 200
    _, _, resize, crop, flip, _ = whole_pipeline(**config.train_dataloader.dataset)
    assert (resize['scale'], crop['crop_size'], flip['prob']) == ((572, 286), (256, 512), 0.5)


def test_crn_has_the_numbers_of_the_paper():
    config = load_config(ROOT / 'configs/crn/crn_cityscapes.py')
    assert list(config.model.generator.widths) == [1024, 1024, 1024, 1024, 1024, 512, 512, 128]
    assert config.model.get('discriminator') is None and set(config.model.losses) == {'regression'}
    assert config.model.losses.regression.layer_weights == pytest.approx(
        [1, 1 / 2.6, 1 / 4.8, 1 / 3.7, 1 / 5.6, 10 / 1.5])
    assert config.optim_wrapper.generator.optimizer == dict(type='Adam', lr=1e-4, fused=True)
    assert config.train_dataloader.batch_size == 1 and config.train_cfg.max_epochs == 200
    assert config.image_size[0] == 4 * 2**7 and config.image_size[1] == 8 * 2**7


@pytest.mark.parametrize('name', ['pix2pix/pix2pix_cityscapes', 'pix2pix/pix2pix_cityscapes_512x1024',
                                  'pix2pix/pix2pix_toycity', 'crn/crn_cityscapes', 'crn/crn_toycity'])
def test_baselines_read_labels_alone(name):
    """As in pix2pixHD's comparisons (4.2)."""
    config = load_config(ROOT / f'configs/{name}.py')
    assert not config.model.data_preprocessor.get('instances', False)
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert not loader.dataset.instances


@pytest.mark.parametrize('name', ['pix2pix/pix2pix_cityscapes', 'pix2pix/pix2pix_cityscapes_512x1024',
                                  'crn/crn_cityscapes'])
def test_baselines_have_the_judges_of_pix2pixhd(name):
    """Table 1 compares them."""
    ours = load_config(ROOT / 'configs/pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py')
    assert load_config(ROOT / f'configs/{name}.py').test_evaluator == ours.test_evaluator


LOSSES = {'adversarial', 'feature_matching', 'perceptual'}
ROWS = {  # generator (None: pix2pixHD's), scales of the discriminator, losses, boundary map
    'full': (None, 2, LOSSES, True),
    'unet': ('UNetGenerator', 2, LOSSES, True),
    'crn': ('CRNGenerator', 2, LOSSES, True),
    'single_discriminator': (None, 1, LOSSES, True),
    'gan_feature_matching': (None, 2, LOSSES - {'perceptual'}, True),
    'gan': (None, 2, {'adversarial'}, True),
    'no_boundary_map': (None, 2, LOSSES, False),
}


@pytest.mark.parametrize('folder', ['pix2pixhd', 'pix2pixhd_toycity'])
@pytest.mark.parametrize('row', ROWS)
def test_ablation_rows_differ_by_one_part(row, folder, toycity):
    kind, scales, losses, boundary = ROWS[row]
    config = narrow(f'configs/ablations/{folder}/{row}.py', toycity)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(config.model)
    assert type(model.generator).__name__ == (kind or 'GlobalGenerator')
    assert len(model.discriminator.scales) == scales
    assert set(model.losses) == losses
    assert model.data_preprocessor.instances == boundary
    assert model.generator.in_channels == model.data_preprocessor.num_classes + boundary
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        assert loader.dataset.instances == boundary


def test_both_folders_have_the_same_rows():
    for folder in ('pix2pixhd', 'pix2pixhd_toycity'):
        assert {path.stem for path in (ROOT / 'configs/ablations' / folder).glob('*.py')} == set(ROWS)


@pytest.mark.parametrize(('name', 'batch', 'epochs'), [
    ('cityscapes', 8, 200), ('ade20k', 24, 200), ('coco_stuff', 24, 100)])
def test_lggan_has_the_numbers_of_the_released_code(name, batch, epochs):
    config = load_config(ROOT / f'configs/lggan/lggan_{name}.py')
    weights = {term: loss.get('weight', 1) for term, loss in config.model.losses.items()}
    assert weights == dict(adversarial=1, feature_matching=10, perceptual=10, class_score=1, local=1)
    assert config.model.losses.local == dict(type='L1Loss', views=dict(class_specific=1))
    spade = load_config(ROOT / f'configs/spade/spade_{name}.py')
    assert config.model.discriminator == spade.model.discriminator and not config.model.reuse_outputs
    assert config.optim_wrapper == spade.optim_wrapper and config.test_evaluator == spade.test_evaluator
    assert (config.train_dataloader.batch_size, config.train_cfg.max_epochs) == (batch, epochs)


@pytest.mark.parametrize('name', ['cityscapes', 'ade20k', 'coco_stuff', 'toycity'])
def test_dagan_is_spade_but_for_head_and_batch(name):
    dagan, spade = (load_config(ROOT / f'configs/{method}/{method}_{name}.py') for method in ('dagan', 'spade'))
    assert dagan.model.generator.pop('head') == dict(type='DAGANHead')
    assert dagan.model == spade.model and dagan.optim_wrapper == spade.optim_wrapper
    assert dagan.train_cfg == spade.train_cfg and dagan.param_scheduler == spade.param_scheduler
    assert dagan.train_dataloader.batch_size == (4 if name == 'toycity' else 8)
