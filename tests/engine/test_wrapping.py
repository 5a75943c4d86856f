"""On several ranks a part is called through its wrapper alone, which is what has its gradients averaged."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from helpers.narrow import narrow
from helpers.ranks import run_ranks
from semsynth.apis import train
from semsynth.engine.wrapping import bare
from semsynth.registry import HOOKS


@HOOKS.register_module(force=True)
class GuardHook(Hook):
    """Stops training where a wrapped part is called past its wrapper, or a part's weights differ between ranks."""

    priority = 'LOWEST'

    def before_train(self, runner):
        self.wrapped = {name: part for name, part in bare(runner.model).named_children() if is_model_wrapper(part)}
        assert set(self.wrapped) == {name for its in bare(runner.model).players.values() for name in its}
        self.entered, self.calls = dict.fromkeys(self.wrapped, 0), dict.fromkeys(self.wrapped, 0)
        for name, part in self.wrapped.items():
            part.register_forward_pre_hook(lambda *_, name=name: self._enter(name, 1))
            part.register_forward_hook(lambda *_, name=name: self._enter(name, -1))
            part.module.register_forward_pre_hook(lambda *_, name=name: self._check(name))

    def _enter(self, name, change):
        self.entered[name] += change

    def _check(self, name):
        assert self.entered[name], f'{name} is called past its wrapper'
        self.calls[name] += 1

    def after_train(self, runner):
        assert all(self.calls.values())
        for part in self.wrapped.values():
            for parameter in part.module.parameters():
                first = parameter.detach().clone()
                torch.distributed.broadcast(first, 0)
                assert torch.equal(parameter, first)


STYLES = [dict(type='InstanceFeatureEncoder', out_channels=2, base_channels=4, num_downsamples=2),
          dict(type='StyleEncoder', base_channels=2, latent_dim=32)]
CONFIGS = {
    'configs/ecgan/ecgan_multimodal_toycity.py': {},
    # pictures and validation encode styles; no graph on a CPU, but its wrapper
    'configs/spade/spade_vae_toycity.py': {'model.encoder': STYLES, 'model.graphs': True},
    # noise that differs from part to part
    'configs/inade/inade_toycity.py': {'model.micro_batch': 1},
    # the generator runs twice before its backward pass, with batch norm, of which no buffer may change meanwhile
    'configs/dp_sims_style/dp_sims_style_toycity.py': {
        'model.generator.norm': 'batch', 'model.losses.diversity.images': None},
}


def _train(path, toycity, folder):
    config = narrow(path, toycity, **CONFIGS[path], **{
        'train_cfg.max_iters': 2, 'train_cfg.val_interval': 1, 'default_hooks.pictures.interval': 1,
        'default_hooks.checkpoint.interval': 1, 'default_hooks.guard': dict(type='GuardHook')})
    train(config, work_dir=folder, launcher='pytorch')


@pytest.mark.slow
@pytest.mark.parametrize('path', CONFIGS)
def test_parts_are_called_through_their_wrappers(path, toycity, tmp_path):
    assert run_ranks(_train, 2, path, toycity, tmp_path) == [0, 0]
