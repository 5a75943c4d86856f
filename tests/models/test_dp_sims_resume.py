"""DP-SIMS style in whole runs: on two ranks, and resumed."""

import pytest
import torch

from helpers.toy_run import assert_equal, run, weights
from semsynth.layers.pretrained import pretrained_backbone

PARTS = {
    'model.generator': dict(_delete_=True, type='LabelEncoderGenerator', base_channels=8, max_channels=8,
                            hidden_channels=8, encoder_channels=8, latent_dim=8),
    'model.discriminator': dict(_delete_=True, type='BackboneDiscriminator', weights='nowhere', base_channels=8,
                                detail_channels=8,
                                backbone=dict(type='ResNetV1c', depth=18, base_channels=8, stem_channels=8)),
    'model.losses': dict(
        _delete_=True, adversarial=dict(type='SegmentationAdversarialLoss', focus=2),
        contrast=dict(type='PatchContrastLoss'), diversity=dict(type='DiversityLoss', weight=10)),
    'train_cfg.max_iters': 6, 'train_cfg.val_interval': 6}


@pytest.mark.slow
@pytest.mark.parametrize('ranks', [1, 2])
def test_runs_resume_bitwise(ranks, tmp_path):

    # random weights would be others in each process
    network = pretrained_backbone(PARTS['model.discriminator']['backbone'], 'random').network
    torch.save(network.state_dict(), tmp_path / 'backbone.pth')
    parts = PARTS | {'model.discriminator': PARTS['model.discriminator'] | dict(weights=str(tmp_path / 'backbone.pth'))}
    whole, cut = tmp_path / 'whole', tmp_path / 'cut'
    assert run(whole, ranks=ranks, **parts) == [0] * ranks
    kill = {'default_hooks.kill': dict(type='KillHook', iteration=5, moment='iteration')}
    assert run(cut, ranks=ranks, **parts, **kill) == [-9] * ranks
    assert run(cut, ranks=ranks, resume=True, **parts) == [0] * ranks
    assert_equal(whole / 'iter_6.pth', cut / 'iter_6.pth')
    assert not [name for name in weights(whole / 'iter_6.pth') if 'frozen' in name]
