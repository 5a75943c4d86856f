"""Arguments that mmengine's and torch's parts do not have: refused before anything is built."""

import pytest
from mmengine.config import Config

from helpers.facts import facts
from helpers.toy_run import toy_config
from semsynth.config import load_config
from semsynth.engine.foreign_parts import check_foreign_parts
from semsynth.engine.launch import check_trainable


@pytest.mark.parametrize(('changes', 'parts'), [
    ({'optim_wrapper.generator.optimizer.weigth_decay': 1}, ('generator', 'weigth_decay', 'did you mean weight_decay')),
    ({'optim_wrapper.generator.clip_grad': dict(max_nrom=1.)}, ('clip_grad', 'max_nrom', 'did you mean max_norm')),
    ({'optim_wrapper.generator.clip_grad': dict(type='value', clip_valeu=1.)}, ('clip_valeu', 'clip_value')),
    ({'param_scheduler': [dict(type='LinearLR', strat_factor=1.)]}, ('LinearLR', 'strat_factor', 'start_factor')),
    ({'param_scheduler': dict(generator=[dict(type='ConstantLR', endd=3)])}, ('ConstantLR', 'endd', 'end')),
    ({'default_hooks.checkpoint.intervall': 5}, ('default_hooks.checkpoint', 'intervall', 'did you mean interval')),
    ({'custom_hooks': [dict(type='EmptyCacheHook', before_eporch=True)]}, ('before_eporch', 'before_epoch')),
    ({'visualizer': dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend', save_dri='x')])},
     ('vis_backends', 'save_dri', 'did you mean save_dir')),
    ({'train_dataloader.num_worker': 1}, ('train_dataloader', 'num_worker', 'did you mean num_workers')),
    ({'val_dataloader.sampler': dict(type='DefaultSampler', shuffl=True)}, ('val_dataloader.sampler', 'shuffle'))])
def test_misspelt_arguments(changes, parts):
    with pytest.raises(TypeError, match=facts(*parts)):
        check_trainable(toy_config(**changes))


def test_what_mmengine_takes_out_itself_is_no_mistake():
    check_foreign_parts(toy_config(**{
        'default_hooks.checkpoint.priority': 'LOW', 'default_hooks.checkpoint.save_optimizer': True,
        'optim_wrapper.generator.clip_grad': dict(type='value', clip_value=1.),
        'train_dataloader.num_batch_per_epoch': 3,
        'param_scheduler': [dict(type='LinearLR', end=3, convert_to_iter_based=True)]}))


def test_a_segmentor_has_one_optimiser():
    config = load_config('configs/segmentors/unet_toycity.py')
    check_foreign_parts(config)
    config.optim_wrapper.optimizer.momentun = 0.9
    with pytest.raises(TypeError, match=facts('optim_wrapper.optimizer', 'momentun')):
        check_foreign_parts(config)


def test_parts_may_be_missing():
    check_foreign_parts(Config(dict(optim_wrapper=dict(generator=None))))
