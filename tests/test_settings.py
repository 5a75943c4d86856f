from pathlib import Path

import pytest
from mmengine.config import Config

from semsynth.config import load_config, read_config
from semsynth.settings import check_settings

ROOT = Path(__file__).parents[1]
CONFIGS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').rglob('*.py')
                 if '_base_' not in path.parts)
TOYCITY = ROOT / 'configs/ecgan/ecgan_toycity.py'


@pytest.mark.slow
def test_every_config_of_the_tree_passes_and_so_does_what_a_run_saves_of_it(tmp_path):
    for path in CONFIGS:
        load_config(ROOT / path)
    for path in ('configs/ecgan/ecgan_toycity.py', 'configs/pix2pixhd/pix2pixhd_coarse_to_fine_toycity.py'):
        read_config(ROOT / path).dump(tmp_path / 'saved.py')
        read_config(tmp_path / 'saved.py')


@pytest.fixture
def child(tmp_path):
    def write(text):
        path = tmp_path / 'child.py'
        path.write_text(f'_base_ = {str(TOYCITY)!r}\n{text}\n')
        return path

    return write


@pytest.mark.parametrize(('entry', 'message'), [
    ('max_iters = 7', r'child\.py: max_iters is no setting, and no part of the config uses it: did you mean '
                      r'train_cfg\.max_iters\?'),
    ('test_dataloder = dict()', 'did you mean test_dataloader'), ('num_classes = 4', r'data_preprocessor\.num_classes'),
    ('xyzzy = 1', 'xyzzy is no setting, .*: there are model, ')])
def test_names_that_nothing_reads(child, entry, message):
    with pytest.raises(ValueError, match=message):
        read_config(child(entry))


def test_variables_of_ones_own(child):
    config = read_config(child('short = 7\n_note = dict(a=1)\ntrain_cfg = dict(max_iters=short)'))
    assert config.train_cfg.max_iters == 7


@pytest.mark.parametrize(('option', 'message'), [
    ('max_iters', r'^max_iters is no setting: did you mean train_cfg\.max_iters\?$'),
    ('test_dataloder.batch_size', 'did you mean test_dataloader'),
    ('short', '^short is no setting'),  # it was read before
    ('label_generator', r'^label_generator as an option changes nothing: .* --dry-run prints, .* another label_gen')])
def test_options_that_change_nothing(child, option, message):
    with pytest.raises(ValueError, match=message):
        read_config(child('short = 7\ntrain_cfg = dict(max_iters=short)'), {option: 7})


def test_the_remedies_change_something(child):
    own = child("train_cfg = dict(max_iters=9)\nimage_size = (32, 64)")
    assert read_config(own, {'train_cfg.max_iters': 7}).train_cfg.max_iters == 7
    assert tuple(read_config(own).image_size) == (32, 64)


def test_a_saved_config_is_searched_for_misspelt_names_alone(tmp_path):
    path = tmp_path / 'saved.py'
    path.write_text("at_32x64 = dict()\njudged = 3\nmodel = dict(generator=dict())\n")
    read_config(path)
    path.write_text("trian_dataloader = dict()\nmodel = dict(generator=dict())\n")
    with pytest.raises(ValueError, match=r'trian_dataloader is no setting.* train_dataloader'):
        read_config(path)


@pytest.mark.parametrize(('changes', 'message'), [
    ({'model': None}, 'model=None, expected a dict'),
    ({'train_dataloader.batch_size': 0}, r'train_dataloader\.batch_size=0, expected a whole number from 1 on'),
    ({'train_dataloader.num_workers': -1}, 'num_workers=-1, expected a whole number from 0 on'),
    ({'optim_wrapper.generator.optimizer.lr': -1}, r'generator\.optimizer\.lr=-1, expected a number from 0 on'),
    ({'optim_wrapper.generator.optimizer.lr': 'fast'}, "lr='fast', expected a number"),
    ({'optim_wrapper.generator.optimizer.betas': [0.5, 2]}, r'betas=\[0\.5, 2\], expected 2 numbers from 0 to 1'),
    ({'randomness.seed': -1}, r'randomness\.seed=-1, expected a whole number from 0 to'),
    ({'randomness.no_such': 1}, r'randomness\.no_such is no setting.* seed, deterministic, diff_rank_seed'),
    ({'randomness': dict(sead=1)}, r'randomness\.sead is no setting.* seed, deterministic, diff_rank_seed'),
    ({'env_cfg.cudnn': True}, r'env_cfg\.cudnn is no setting.* cudnn_benchmark, mp_cfg'),
    ({'env_cfg.mp_cfg.threads': 1}, r'mp_cfg\.threads is no setting.* opencv_num_threads'),
    ({'train_cfg.max_iters': 0}, r'train_cfg\.max_iters=0, expected a whole number from 1 on or None'),
    ({'default_hooks.logger.interval': 0}, r'logger\.interval=0, expected a whole number from 1 on or -1'),
    ({'visualizer.vis_backends': ['LocalVisBackend']}, r"vis_backends=\['LocalVisBackend'\], expected a list of dicts"),
    ({'visualizer.vis_backends': 'LocalVisBackend'}, 'expected a list of dicts'),
    ({'default_hooks.logger': 'x'}, r"default_hooks\.logger='x', expected a dict or None"),
    ({'default_hooks.loggr.interval': 3}, r"default_hooks\.loggr=\{'interval': 3\} names no type: did you mean logger"),
    ({'optim_wrapper.generator.optimizer': None}, r'generator\.optimizer=None, expected a dict'),
    ({'param_scheduler.generator': 'x'}, r"param_scheduler\.generator='x', expected a dict, a list of dicts or None"),
    ({'model.generator': 3}, r'model\.generator=3, expected a dict'),
    ({'model.generator.head': [1]}, r'generator\.head=\[1\], expected a dict or None'),
    ({'train_dataloader.dataset.size': 'x'}, r"dataset\.size='x', expected 2 whole numbers from 1 on"),
    ({'train_dataloader.dataset.flip': 2}, r'dataset\.flip=2, expected a number from 0 to 1'),
    ({'train_dataloader.dataset.edges': 3}, r'dataset\.edges=3, expected a dict or None'),
    ({'train_dataloader.dataset.edges': dict(folder=3)}, r'dataset\.edges\.folder=3, expected text'),
    ({'data_preprocessor.num_classes': 'x'}, r"num_classes='x', expected a whole number"),
    ({'default_hooks.pictures.type': ''}, r"default_hooks\.pictures\.type='', expected the name of a class"),
    ({'visualizer.type': 3}, r'visualizer\.type=3, expected the name of a class'),
    ({'log_processor.mean_pattern': 3}, r'mean_pattern=3, expected text'),
    ({'default_hooks.checkpoint.backend_args': 3}, r'backend_args=3, expected a dict or None'),
    ({'launcher': 'x'}, "launcher='x', expected 'none', 'pytorch' or 'slurm'"),
    ({'train_dataloader.batch_size': 10**20}, r'batch_size=1000.*, expected 2147483647 at most'),
    ({'log_level': 'LOUD'}, "log_level='LOUD', expected 'DEBUG', 'INFO'"),
    ({'load_from': 3}, 'load_from=3, expected text')])
def test_values_that_cannot_be(changes, message):
    with pytest.raises(ValueError, match=rf'^--cfg-options: .*{message}'):
        read_config(TOYCITY, changes)


def test_a_wrong_value_is_blamed_on_where_it_stands(child):
    with pytest.raises(ValueError, match=r'^--cfg-options: image_size=128, expected 2 .* image_size=128,256\.$'):
        read_config(TOYCITY, dict(image_size=128))
    with pytest.raises(ValueError, match=r'child\.py: image_size=128, expected 2 .*None\.$'):
        read_config(child('image_size = 128'), dict(batch_size=2))


def test_stages_are_checked(child):
    with pytest.raises(ValueError, match=r'max_iters is no setting: did you mean train_cfg\.max_iters'):
        load_config(child('stages = [dict(max_iters=7)]'))
    with pytest.raises(ValueError, match=r'batch_size=0, expected a whole number from 1 on'):
        load_config(child("stages = [{'train_dataloader.batch_size': 0}]"))


def test_a_config_that_is_no_file():
    check_settings(Config(dict(model=dict(), half=3)))
    with pytest.raises(ValueError, match=r'^The config: modle is no setting'):
        check_settings(Config(dict(modle=dict())))
