"""The memory of past pixels is part of what a run goes on from."""

import signal

import pytest
import torch

from helpers.toy_run import assert_equal, run, toy_config, weights
from semsynth.apis.building import build_for_inference
from semsynth.engine import launch

CONTRAST = {
    'model.generator.head': dict(_delete_=True, type='EdgeGuidedHead', num_classes=3, num_layers=1, edges=False,
                                 transfer=False, semantic=False, class_specific=False, embedding_channels=4),
    'model.losses.contrastive': dict(type='ContrastiveLoss', max_pixels=20, memory=dict(per_class=5, per_step=2))}


@pytest.mark.slow
def test_two_ranks_resume_exactly_with_their_memory(tmp_path):
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    assert run(whole, ranks=2, **CONTRAST) == [0, 0]
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=6, moment='iteration')}
    assert run(cut, ranks=2, **CONTRAST, **kill) == [-signal.SIGKILL] * 2
    assert run(cut, ranks=2, resume=True, **CONTRAST) == [0, 0]
    assert_equal(whole / 'iter_12.pth', cut / 'iter_12.pth')
    saved = weights(cut / 'iter_12.pth')
    assert saved['.state_dict.losses.contrastive.memory.seen'].tolist() == [24, 24, 24]  # the rings went round
    assert saved['.state_dict.losses.contrastive.memory.embeddings'].norm(dim=-1).sub(1).abs().max() < 1e-6
    config = toy_config(**CONTRAST)
    assert not build_for_inference(config, cut / 'iter_12.pth').losses
    # one rank starts from what two have saved
    config.merge_from_dict({'load_from': str(cut / 'iter_12.pth'), 'default_hooks.ema': None})
    runner = launch.build_runner(config, work_dir=tmp_path / 'one')
    runner.load_or_resume()
    memory = runner.model.losses['contrastive'].memory
    assert torch.equal(memory.seen, saved['.state_dict.losses.contrastive.memory.seen'])
    assert torch.equal(memory.embeddings, saved['.state_dict.losses.contrastive.memory.embeddings'])
