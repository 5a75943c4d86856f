import pytest
import torch
from torch import nn

from semsynth.layers.init import init_normal, init_xavier
from semsynth.registry import DISCRIMINATORS, GENERATORS


def test_init_normal_draws_weights_only():
    net = nn.Sequential(nn.Conv2d(64, 64, 3), nn.ConvTranspose2d(64, 64, 3), nn.BatchNorm2d(512))
    biases = [net[0].bias.clone(), net[1].bias.clone()]
    init_normal(net)
    for layer in net[:2]:
        assert layer.weight.mean().item() == pytest.approx(0, abs=1e-3)
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.03)
    assert torch.equal(net[0].bias, biases[0]) and torch.equal(net[1].bias, biases[1])
    assert net[2].weight.mean().item() == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize('gain', [0.02, 1.0])
def test_init_xavier_has_that_gain_and_no_bias(gain):
    net = nn.Sequential(nn.Conv2d(32, 64, 3), nn.Linear(300, 200), nn.Conv2d(2, 2, 1, bias=False))
    init_xavier(net, *(() if gain == 0.02 else (gain,)))
    assert net[0].weight.std().item() == pytest.approx(gain * (2 / (9 * 96)) ** 0.5, rel=0.03)
    assert net[1].weight.std().item() == pytest.approx(gain * (2 / 500) ** 0.5, rel=0.03)
    assert not net[0].bias.any() and not net[1].bias.any()


@pytest.mark.parametrize(('registry', 'config'), [
    (GENERATORS, dict(type='SPADEGenerator', in_channels=3, base_channels=2, spectral='all',
                      head=dict(type='EdgeGuidedHead', num_classes=3))),
    (GENERATORS, dict(type='CCFPSEGenerator', in_channels=3, base_channels=2)),
    (DISCRIMINATORS, dict(type='MultiScaleDiscriminator', in_channels=6, base_channels=2, norm='spectral_instance')),
    (DISCRIMINATORS, dict(type='OASISDiscriminator', num_classes=3, base_channels=2)),
    (DISCRIMINATORS, dict(type='FeaturePyramidDiscriminator', in_channels=6, base_channels=2)),
], ids=lambda value: value['type'] if isinstance(value, dict) else '')
def test_a_part_has_its_configs_gain(registry, config):
    def weights(**options):
        torch.manual_seed(0)
        part = registry.build({**config, **options})
        return {name: weight.detach() for name, weight in part.named_parameters() if weight.dim() > 1}

    released, same, ours = weights(), weights(init_gain=0.02), weights(init_gain=1.0)
    assert len(ours) > 5
    for name, weight in ours.items():
        assert torch.equal(released[name], same[name])
        torch.testing.assert_close(weight, 50 * released[name], msg=name)
