"""From a config's file to what runs: what settings at the top level reach, options, stages, complete configs."""

import re

import pytest
from mmengine.config import Config

from helpers.narrow import ROOT
from semsynth.completion import complete
from semsynth.config import dataset_of, load_config, read_config, stage_configs

CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py') if '_base_' not in path.parts)
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
DATA = """
data_root = 'data/scenes'
image_size = (32, 64)
batch_size = 3
data_preprocessor = dict(type='LayoutPreprocessor', num_classes=12, instances=True)
train_dataloader = dict(num_workers=1, dataset=dict(type='ToyCityDataset', split='train', flip=0.5))
val_dataloader = dict(batch_size=7, num_workers=0, dataset=dict(type='ToyCityDataset', split='val', test_mode=True))
test_dataloader = val_dataloader
model = dict(type='Synthesizer', generator=dict(type='SPADEGenerator', latent_dim=5))
optim_wrapper = dict(generator=dict(optimizer=dict(type='Adam', lr=1e-3)))
val_cfg, test_cfg = dict(type='ValLoop'), dict(type='TestLoop')
val_evaluator = test_evaluator = dict(type='SomeEvaluator')
"""


@pytest.fixture
def write(tmp_path):
    def put(text='', name='config.py'):
        path = tmp_path / name
        path.write_text(DATA + text)
        return path

    return put


def datasets(config):
    return [config[loader].dataset for loader in LOADERS]


def test_settings_reach_every_part_that_they_are_for(write):
    config = load_config(write())
    for dataset in datasets(config):
        assert (dataset.data_root, dataset.size, dataset.instances) == ('data/scenes', (32, 64), True)
    assert [config[loader].batch_size for loader in LOADERS] == [3, 7, 7]
    assert config.model.generator.image_size == (32, 64)
    assert config.model.data_preprocessor == dict(type='LayoutPreprocessor', num_classes=12, instances=True)
    assert 'data_preprocessor' not in config
    train, val, _ = (config[loader] for loader in LOADERS)
    assert (train.sampler, train.drop_last) == (dict(type='ResumableSampler', shuffle=True), True)
    assert (val.sampler, val.get('drop_last')) == (dict(type='DefaultSampler', shuffle=False), None)
    assert (train.persistent_workers, val.persistent_workers) == (True, False)


def test_a_part_s_own_value_comes_first(write):
    config = load_config(write("""
model['data_preprocessor'] = dict(num_classes=5)
train_dataloader['dataset'].update(data_root='elsewhere', size=(8, 16), instances=False)
train_dataloader.update(sampler=dict(type='DefaultSampler', shuffle=True))
model['generator']['image_size'] = (4, 4)
"""))
    dataset = config.train_dataloader.dataset
    assert (dataset.data_root, dataset.size, dataset.instances) == ('elsewhere', (8, 16), False)
    assert config.model.data_preprocessor == dict(type='LayoutPreprocessor', num_classes=5, instances=True)
    assert 'drop_last' not in config.train_dataloader and config.model.generator.image_size == (4, 4)


@pytest.mark.parametrize('saved', [False, True], ids=['of a file', 'of what a run saves'])
def test_options_reach_what_has_taken_a_setting(write, tmp_path, saved):
    path = write("test_dataloader = dict(num_workers=0, dataset=dict(val_dataloader['dataset'], data_root='other'))")
    if saved:
        complete(path).dump(tmp_path / 'saved.py')
        path = tmp_path / 'saved.py'
    config = load_config(path, dict(data_root='moved', image_size=(16, 24), batch_size=2))
    assert [dataset.data_root for dataset in datasets(config)] == ['moved', 'moved', 'other']
    assert [tuple(dataset.size) for dataset in datasets(config)] == [(16, 24)] * 3
    assert [config[loader].batch_size for loader in LOADERS] == [2, 7, 2]
    assert tuple(config.model.generator.image_size) == (16, 24)
    resize = complete(config).train_dataloader.dataset.pipeline[3]
    assert resize == dict(type='ResizeScene', scale=(24, 16))


def test_options_that_do_not_reach_are_refused(write):
    own = "train_dataloader['dataset']['pipeline'] = [dict(type='LoadPhoto'), dict(type='PackScene')]"
    with pytest.raises(ValueError, match=r'image_size .*does not reach train_dataloader\.dataset, whose pipeline .*'
                                         r'train_dataloader\.dataset\.pipeline'):
        load_config(write(own), dict(image_size=(16, 24)))
    with pytest.raises(ValueError, match=r'batch_size .*has batch_size=9: set train_dataloader\.batch_size'):
        load_config(write("train_dataloader['batch_size'] = 9"), dict(batch_size=2))
    assert load_config(write("train_dataloader['batch_size'] = 9"),
                       {'train_dataloader.batch_size': 2}).train_dataloader.batch_size == 2


def test_what_contradicts_itself_is_refused(write):
    own = "train_dataloader['dataset'].update(pipeline=[dict(type='LoadPhoto'), dict(type='PackScene')], size=(8, 8))"
    with pytest.raises(ValueError, match=r'train_dataloader\.dataset has size=\(8, 8\) and a pipeline'):
        load_config(write(own))
    with pytest.raises(ValueError, match=r"names no type: .* set model\.data_preprocessor\.instances"):
        load_config(load_config(write()), {'data_preprocessor.instances': False})


def test_stages_may_have_sizes_of_their_own(write):
    config = read_config(write("stages = [dict(image_size=(16, 32)), {}, {'train_dataloader.dataset.flip': 0}]"))
    sizes = [[tuple(dataset.size) for dataset in datasets(stage)] for stage in stage_configs(config)]
    assert sizes == [[(16, 32)] * 3, [(32, 64)] * 3, [(32, 64)] * 3]
    assert [stage.train_dataloader.dataset.flip for stage in stage_configs(config)] == [0.5, 0.5, 0]


def test_a_complete_config_holds_what_runs(write):
    config = complete(write("train_dataloader['dataset']['edges'] = dict()\nval_evaluator = None"), precision='auto')
    assert config.precision in ('float32', 'bfloat16') and config.work_dir == 'work_dirs/config'
    assert config.optim_wrapper.generator.type == dict(
        float32='PlayerOptimWrapper', bfloat16='Bf16OptimWrapper')[config.precision]
    assert [part.type for part in config.train_dataloader.dataset.pipeline] == [
        'LoadPhoto', 'LoadLabel', 'LoadInstances', 'ResizeScene', 'mmseg.RandomFlip', 'CannyEdges', 'PackScene']
    assert 'pin_memory' in config.train_dataloader and 'pin_memory' in config.test_dataloader
    assert config.val_dataloader is config.val_cfg is None  # nothing evaluates it


@pytest.mark.parametrize(('length', 'interval'), [(3, 1), (20, 4), (99, 19), (100, 50), (550, 50)])
def test_short_runs_have_lines_of_progress_too(length, interval):
    config = complete(ROOT / 'configs/spade/spade_toycity.py')
    config.train_cfg.max_iters, config.default_hooks.logger.interval = length, 50
    assert complete(config).default_hooks.logger.interval == interval
    assert complete(complete(config)).default_hooks.logger.interval == interval



@pytest.mark.parametrize('path', ['ecgan/ecgan_toycity.py', 'segmentors/unet_toycity.py',
                                  'pix2pixhd/pix2pixhd_styles_cityscapes_sample.py'])
def test_a_complete_config_stays_as_it_is(path, tmp_path):
    once = complete(ROOT / 'configs' / path)
    assert complete(once).to_dict() == once.to_dict()
    once.dump(tmp_path / 'saved.py')
    assert complete(tmp_path / 'saved.py').to_dict() == once.to_dict()


def test_what_several_ranks_need_is_written_out():
    config = complete(ROOT / 'configs/ecgan/ecgan_toycity.py', launcher='pytorch')
    assert config.launcher == 'pytorch' and config.env_cfg.dist_cfg.backend == 'gloo'
    wrapper = dict(type='MMSeparateDistributedDataParallel', gradient_as_bucket_view=True, device_ids=None)
    assert config.model_wrapper_cfg == wrapper
    config.model.graphs = True
    assert complete(config, launcher='pytorch').model_wrapper_cfg == wrapper | dict(type='CapturableDataParallel')


def test_a_config_in_the_older_language():
    """Every data set told everything, and parts their numbers of classes: as in checkpoints of older versions."""
    pipeline = [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='ResizeScene', scale=(64, 32)),
                dict(type='PackScene')]
    dataset = dict(type='ToyCityDataset', data_root='data/toycity', split='train', instances=True, pipeline=pipeline)
    older = Config(dict(
        data_root='data/toycity', image_size=(32, 64), num_classes=12, unknown=None, instances=True, load=pipeline[:3],
        model=dict(type='Synthesizer', data_preprocessor=dict(type='LayoutPreprocessor', num_classes=12),
                   generator=dict(type='SPADEGenerator', head=dict(type='EdgeGuidedHead', num_classes=12))),
        train_dataloader=dict(batch_size=2, num_workers=0, dataset=dataset, sampler=dict(type='ResumableSampler'))))
    config = load_config(older, dict(data_root='moved'))
    assert config.train_dataloader.dataset == dict(dataset, data_root='moved')
    assert config.model == older.model and config.train_dataloader.batch_size == 2
    with pytest.raises(ValueError, match='does not reach train_dataloader'):
        load_config(older, dict(image_size=(16, 32)))


def hops(path):
    """The most files from a config to its last base; what a file of `_base_` rests on there is a part of it."""
    bases = [(path.parent / base).resolve() for base in Config._get_base_files(str(path))]
    return max((1 + hops(base) for base in bases if '_base_' not in path.parts), default=0)


@pytest.mark.parametrize('path', CONFIGS, ids=lambda path: path.stem)
def test_at_most_two_hops_to_the_bases(path):
    assert hops(path) <= 2


def test_no_config_repeats_the_number_of_classes():
    """The data sets' say it; an mmseg segmentor, which is built by itself, takes it from there."""
    found = {path.parent.name for path in (ROOT / 'configs').rglob('*.py')
             if 'num_classes=' in path.read_text().replace('num_classes=_base_.segmentor_classes', '')}
    assert found == {'datasets'}


@pytest.mark.parametrize(('option', 'value', 'fact'), [
    ('model.', 3, 'no name'), ('train_cfg..x', 3, 'no name'), ('batch_size.x', 3, 'batch_size=4 has no entries'),
    ('param_scheduler.generator.x.end', 3, 'is a list of 1'), ('param_scheduler.generator.0', 3, 'is a list of 1'),
    ('param_scheduler.generator.7.end', 3, 'is a list of 1'), ('optim_wrapper.generator.optimizer.betas.0', 0, 'of 2')])
def test_options_that_lead_nowhere(option, value, fact):
    with pytest.raises(ValueError, match=f'^{re.escape(option)} as an option leads nowhere: .*{re.escape(fact)}'):
        read_config(ROOT / 'configs/ecgan/ecgan_toycity.py', {option: value})


def test_a_config_without_data():
    with pytest.raises(ValueError, match='has no test_dataloader with a dataset'):
        dataset_of(Config(dict(test_dataloader=dict(batch_size=2))), 'test')


def test_imports_as_an_option(write):
    with pytest.raises(ValueError, match='custom_imports names no_such_module'):
        read_config(write(DATA), {'custom_imports.imports': ['no_such_module']})


def test_a_data_set_that_reads_nothing():
    with pytest.raises(ValueError, match=r'pictures\.dataset has neither a size nor a pipeline'):
        complete(read_config(ROOT / 'configs/ecgan/ecgan_toycity.py', {'val_dataloader.dataset.size': None}))


@pytest.mark.parametrize(('own', 'expected'), [(20, [20, 7, 4]), (1, [1, 7, 1])])
def test_testing_takes_few_images_at_once(write, own, expected):
    config = load_config(write(DATA + "test_dataloader = dict(dataset=dict(type='ToyCityDataset', split='val'))"),
                         dict(batch_size=own))
    assert [config[loader].batch_size for loader in LOADERS] == expected
