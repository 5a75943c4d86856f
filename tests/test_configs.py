"""Every config in the tree builds and trains; those of the papers hold the papers' numbers."""

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from helpers.narrow import ROOT, TREES, make_edge_maps, make_scenes, narrow
from semsynth.config import load_config, read_config, stage_configs
from semsynth.engine.launch import build_runner
from semsynth.registry import EVALUATORS, MODELS
from semsynth.segmentors.config import model_config

# Those in configs/segmentors are trained in apis/test_train_segmentor.py; studies are no trainings; those in
# configs/comparisons are others' with another schedule (test_comparisons.py).
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / 'configs').rglob('*.py')
                 if not {'_base_', 'segmentors', 'synthetic_studies', 'comparisons'} & set(path.parts))
ROWS = ['e_gi', 'e_gi_ge', 'e_gi_ge_gt', 'e_gi_ge_gt_gs', 'e_gi_ge_gt_gs_gl', 'e_gi_ge_gt_gs_gl_gc']


@pytest.fixture(scope='module')
def roots(toycity, tmp_path_factory):
    """The root of each config's data; ToyCity can be read as Cityscapes."""
    make_edge_maps(toycity)
    trees = {name: make_scenes(name, tmp_path_factory.mktemp(name)) for name in TREES}
    return lambda config: next((root for name, root in trees.items() if name in config), toycity)


QUICK = [path for path in CONFIGS if path.endswith('_toycity.py') and 'hybrids' not in path]  # each method's own
STAGES = [pytest.param(path, stage, marks=[] if path in QUICK else pytest.mark.slow) for path in CONFIGS
          for stage in range(1, 1 + len(stage_configs(Config.fromfile(ROOT / path))))]


@pytest.mark.parametrize(('path', 'stage'), STAGES)
def test_every_config_takes_a_finite_step(path, stage, roots, tmp_path):
    config = narrow(path, roots(path), stage=stage)
    runner = build_runner(config, work_dir=tmp_path)
    runner.train()
    logged = {name.removeprefix('train/'): buffer.current() for name, buffer in runner.message_hub.log_scalars.items()}
    terms = {name for name, term in config.model.losses.items() if term}
    assert {name.split('/')[1] for name in logged if name.startswith(('generator/', 'discriminator/'))} == terms
    assert ('discriminator/adversarial' in logged) == bool(config.model.get('discriminator'))
    assert all(torch.isfinite(torch.tensor(value)) for value in logged.values()), logged
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())


@pytest.mark.slow
@pytest.mark.parametrize('path', [path for path in CONFIGS if Config.fromfile(ROOT / path).get('test_evaluator')])
def test_every_evaluator_builds(path, roots):
    """Weights from elsewhere are not at hand: of what has them only the name is looked up."""
    for evaluator in narrow(path, roots(path)).test_evaluator:
        if evaluator.type in ('FrechetInceptionDistance', 'FrechetEfficientNetLite0', 'FrechetEfficientNetLite1'):
            assert EVALUATORS.get(evaluator.type)
        else:
            EVALUATORS.build(evaluator)


@pytest.mark.parametrize('path', [path for path in CONFIGS if 'vae' in path or 'multimodal' in path])
def test_latents_are_kept_near_the_normal_distribution_with_weight_005(path):
    """ECGAN, appendix C, and SPADE: StyleEncoder and its KL term, the mean over images."""
    model = load_config(ROOT / path).model
    assert model.encoder.type == 'StyleEncoder' and model.losses.kl == dict(type='KLLoss', weight=0.05)


def test_published_segmentors_have_the_classes_that_labels_are_mapped_to():
    config = load_config(ROOT / 'configs/ecgan/ecgan_cityscapes.py')
    label_generator, judge = config.model.segmentor, config.test_evaluator[0].judge
    assert label_generator.checkpoint != judge.checkpoint
    for part in (label_generator, judge):
        assert model_config(part.config).decode_head.num_classes == 19
        assert part.class_map == 'cityscapes_35_to_19'
        # the weights' name begins with the architecture's
        assert part.checkpoint.split('/')[-1].split('_')[0] in part.config


EDGE, SEMANTIC = {'edge': ('edge', 1)}, {'coarse': ('image', 1), 'image': ('image', 2)}
TABLE = {  # views, further outputs, further losses
    'e_gi': ({'image': ('image', 1)}, (), ()),
    'e_gi_ge': ({'image': ('image', 1)} | EDGE, (), ()),
    'e_gi_ge_gt': ({'image': ('image', 1)} | EDGE, (), ()),
    'e_gi_ge_gt_gs': (EDGE | SEMANTIC, (), ()),
    'e_gi_ge_gt_gs_gl': (EDGE | SEMANTIC, (), ('similarity',)),
    'e_gi_ge_gt_gs_gl_gc': (EDGE | SEMANTIC, ('class_specific', 'embedding'),
                            ('similarity', 'contrastive', 'class_specific')),
}


@pytest.mark.slow
@pytest.mark.parametrize('folder', ['ecgan', 'ecgan_toycity', 'ecgan_camvid'])
@pytest.mark.parametrize('row', ROWS)
def test_ablation_rows_have_the_parts_of_table_3(row, folder, toycity):
    views, outputs, losses = TABLE[row]
    config = narrow(f'configs/ablations/{folder}/{row}.py', toycity)
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(config.model)
    assert {name: (view.real, view.weight) for name, view in model.views.items()} == views
    assert set(model.generator.head.outputs) == {*views, *outputs}
    assert set(model.losses) == {'adversarial', 'feature_matching', 'perceptual', *losses}
    # the small ones have no VGG: their perceptual loss reads the label generator in every row, without the edges
    is_small = folder != 'ecgan'
    assert (model.segmentor is not None) == ('similarity' in losses or is_small)
    if is_small:
        weights = {name: view.weight for name, view in model.views.items() if name != 'edge'}
        assert model.losses['perceptual'].weights(model.views) == weights
    assert model.generator.head.transfer == ('gt' in row)
    # the photo's edges are made where something imitates them, and only there
    assert (config.train_dataloader.dataset.edges is not None) == ('edge' in views)


@pytest.mark.parametrize('name', ['ecgan', 'ecgan_toycity'])
def test_hed_differs_from_canny_by_the_edges_alone(name):
    folder = name.replace('ecgan', 'ecgan_edges')
    row, canny, hed = (load_config(ROOT / f'configs/ablations/{path}.py')
                       for path in (f'{name}/e_gi_ge_gt_gs', f'{folder}/canny', f'{folder}/hed'))
    assert canny.train_dataloader.dataset.edges == {}
    assert hed.train_dataloader.dataset.pop('edges') == dict(folder='edges_hed')
    del canny.train_dataloader.dataset['edges'], row.train_dataloader.dataset['edges']
    for config in (row, canny, hed):
        config.pop('row')
    assert row._cfg_dict == canny._cfg_dict == hed._cfg_dict


def test_ecgan_has_the_numbers_of_the_paper():
    """Sections 3 and 4, appendices A and B."""
    config = load_config(ROOT / 'configs/ecgan/ecgan_cityscapes.py')
    losses = {name: {key: value for key, value in term.items() if key != 'type'}
              for name, term in config.model.losses.items()}
    assert losses == dict(
        adversarial=dict(reduction='mean'),
        feature_matching=dict(normalise='spade', weight=10),  # lambda_f
        perceptual=dict(weight=10),  # lambda_p
        similarity={},  # lambda_s, over all pairs
        contrastive=dict(memory=dict(per_class=64)), class_specific={})  # lambda_c, lambda_l: a loss's own weight is 1
    generator, discriminator = config.model.generator, config.model.discriminator
    assert (generator.type, generator.base_channels, generator.num_upsamples) == ('SPADEGenerator', 64, 'more')
    assert (generator.spectral, generator.head.type, generator.head.num_layers) == ('all', 'EdgeGuidedHead', 3)
    assert (discriminator.base_channels, discriminator.num_layers, discriminator.num_scales) == (64, 3, 2)
    assert 'segformer' in config.model.segmentor.config
    assert _adam(config) == dict(generator=(1e-4, (0.0, 0.999)), discriminator=(4e-4, (0.0, 0.999)))
    assert config.train_dataloader.batch_size == 16 and config.image_size == (256, 512)
    assert config.train_cfg.max_epochs == 200 and config.train_cfg.get('max_iters') is None
    assert _constant(config) == dict(generator=0.5, discriminator=0.5)
    dataset = config.train_dataloader.dataset
    assert (dataset.size, dataset.flip, dataset.edges, dataset.instances) == ((256, 512), 0.5, {}, True)


@pytest.mark.parametrize(('name', 'num_classes', 'instances'), [('ade20k', 151, False), ('coco_stuff', 183, True)])
def test_ecgan_on_the_other_data_sets_of_table_2(name, num_classes, instances):
    """As on Cityscapes, but for what the data set says: sizes, classes, instances, batch."""
    config = load_config(ROOT / f'configs/ecgan/ecgan_{name}.py')
    common = load_config(ROOT / 'configs/ecgan/ecgan_cityscapes.py')
    assert config.model.losses == common.model.losses and config.model.discriminator == common.model.discriminator
    assert config.optim_wrapper == common.optim_wrapper and config.param_scheduler == common.param_scheduler
    assert config.train_cfg == common.train_cfg
    assert config.model.generator == common.model.generator | dict(num_upsamples='normal')
    assert config.model.data_preprocessor.num_classes == num_classes and config.image_size == (256, 256)
    assert config.model.data_preprocessor.get('instances', False) == instances
    assert config.train_dataloader.batch_size == 32 and config.train_dataloader.dataset.edges == {}


def test_ecgans_views_weigh_as_equation_10_says(toycity):
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(narrow('configs/ecgan/ecgan_cityscapes.py', toycity).model)
    assert {name: view.weight for name, view in model.views.items()} == dict(edge=1, coarse=1, image=2)
    assert {name: loss.weight for name, loss in model.losses.items()} == dict(
        adversarial=1, feature_matching=10, perceptual=10, similarity=1, contrastive=1, class_specific=1)


@pytest.mark.parametrize('name', ['global_cityscapes_512x1024', 'local_cityscapes_1024x2048'])
def test_pix2pixhd_has_the_numbers_of_the_paper(name):
    config = load_config(ROOT / f'configs/pix2pixhd/pix2pixhd_{name}.py')
    losses = config.model.losses.to_dict()
    assert losses == dict(
        adversarial=dict(type='LeastSquaresLoss', reduction='sum', discriminator_weight=0.5),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='pix2pixhd', weight=10),
        perceptual=dict(type='PerceptualLoss', weight=10))
    assert _adam(config) == dict(generator=(2e-4, (0.5, 0.999)), discriminator=(2e-4, (0.5, 0.999)))
    assert config.train_cfg.max_epochs == 200 and _constant(config) == dict(generator=0.5, discriminator=0.5)
    assert config.train_dataloader.batch_size == 1
    generator = {key: value for key, value in config.model.generator.items() if key != 'head'}
    is_local = name.startswith('local')
    assert generator == (
        dict(type='LocalEnhancer', base_channels=32, num_enhancers=1, num_blocks=3, num_global_downsamples=4,
             num_global_blocks=9) if is_local else
        dict(type='GlobalGenerator', base_channels=64, num_downsamples=4, num_blocks=9))
    assert config.model.discriminator.num_scales == (3 if is_local else 2)
    assert f'{config.image_size[0]}x{config.image_size[1]}' in name
    assert config.model.data_preprocessor == dict(type='LayoutPreprocessor', num_classes=35, instances=True)


@pytest.mark.parametrize('name', ['cityscapes', 'vae_cityscapes', 'ade20k', 'coco_stuff'])
def test_spade_has_the_numbers_of_the_paper(name):
    """Appendix A, and of the released code what the paper leaves open; beta2 is its authors' correction."""
    config = load_config(ROOT / f'configs/spade/spade_{name}.py')
    has_latent, on_cityscapes = name.startswith('vae'), name.endswith('cityscapes')
    kl = dict(kl=dict(type='KLLoss', weight=0.05)) if has_latent else {}
    assert config.model.losses.to_dict() == dict(
        adversarial=dict(type='HingeLoss', reduction='mean'),
        feature_matching=dict(type='FeatureMatchingLoss', normalise='spade', weight=10),
        perceptual=dict(type='PerceptualLoss', weight=10)) | kl
    latent = dict(latent_dim=256, image_size=(256, 512)) if has_latent else {}
    assert config.model.generator == dict(
        type='SPADEGenerator', base_channels=64, norm='batch', spectral='spade',
        num_upsamples='more' if on_cityscapes else 'normal', **latent)
    encoder = dict(type='StyleEncoder', base_channels=64, latent_dim=256)
    assert config.model.get('encoder') == (encoder if has_latent else None)
    assert _adam(config) == dict(generator=(1e-4, (0.0, 0.9)), discriminator=(4e-4, (0.0, 0.9)))
    on_coco = name == 'coco_stuff'
    assert config.train_cfg.max_epochs == (100 if on_coco else 200)
    assert _constant(config) == ({} if on_coco else dict(generator=0.5, discriminator=0.5))
    assert config.train_dataloader.batch_size == (16 if on_cityscapes else 32)
    assert config.model.reuse_outputs is False
    assert config.model.data_preprocessor.get('instances', False) == (on_cityscapes or on_coco)
    train, test = (config[f'{split}_dataloader'].dataset for split in ('train', 'test'))
    assert train.size == test.size == ((256, 512) if on_cityscapes else (256, 256))
    assert (train.get('jitter'), test.get('jitter')) == (None if on_cityscapes else 286 / 256, None)


@pytest.mark.parametrize('name', ['cityscapes', '2048x4096', 'toycity'])
def test_coarse_to_fine_grows_at_the_fine_end(name):
    """Section 3.2: the global generator, each enhancer in the order of the sizes, all jointly."""
    configs = stage_configs(read_config(ROOT / f'configs/pix2pixhd/pix2pixhd_coarse_to_fine_{name}.py'))
    enhancers = [config.model.generator.get('num_enhancers', 0) for config in configs]
    assert enhancers == ([0, 1, 2, 2] if name == '2048x4096' else [0, 1, 1])
    width, scales = configs[0].model.generator.base_channels, configs[0].model.discriminator.num_scales
    height = configs[0].image_size[0]
    for config, grown in zip(configs, enhancers, strict=True):
        assert config.model.generator.base_channels * 2**grown == width
        assert config.model.discriminator.num_scales == scales + grown
        assert config.image_size == (height * 2**grown, 2 * height * 2**grown)
        for split in ('train', 'val', 'test'):
            assert config[f'{split}_dataloader'].dataset.size == config.image_size
    network, first = 'generator.global_network', 'generator.enhancers.0'
    frozen = [config.model.get('frozen') for config in configs]
    assert frozen == ([None, [network], [network, first], None] if name == '2048x4096' else [None, [network], None])
    if name == 'cityscapes':
        assert [config.train_cfg.max_epochs for config in configs] == [200, 10, 90]
        assert _constant(configs[0])['generator'] * 200 == 100 and _constant(configs[2])['generator'] * 90 == 40
        assert all(_adam(config) == dict.fromkeys(('generator', 'discriminator'), (2e-4, (0.5, 0.999)))
                   for config in configs)


def _adam(config):
    players = {player: config.optim_wrapper[player].optimizer for player in ('generator', 'discriminator')}
    assert {optimiser.type for optimiser in players.values()} == {'Adam'}
    return {player: (optimiser.lr, tuple(optimiser.betas)) for player, optimiser in players.items()}


def _constant(config):
    """The share of training with a constant learning rate, before it falls to 0."""
    return {player: schedule.constant for player, schedules in config.param_scheduler.items() for schedule in schedules
            if schedule.type == 'LinearDecayLR' and not schedule.by_epoch}
