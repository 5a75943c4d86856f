import copy
from itertools import pairwise

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

from semsynth.engine.optim import Bf16OptimWrapper, PlayerOptimWrapper

ADAM = dict(optimizer=dict(type='Adam', lr=0.1))


class Model(nn.Module):
    def __init__(self, encoder=True, discriminator=True):
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        self.generator[0].requires_grad_(False)
        self.encoder = nn.Linear(2, 2, bias=False) if encoder else None
        self.discriminator = nn.Linear(1, 1) if discriminator else None

    @property
    def players(self):
        generator = dict(generator=self.generator, encoder=self.encoder)
        players = dict(generator={name: part for name, part in generator.items() if part is not None})
        return players | (dict(discriminator=dict(discriminator=self.discriminator)) if self.discriminator else {})


def build(model, **players):
    with DefaultScope.overwrite_default_scope('semsynth'):
        return build_optim_wrapper(model, dict(constructor='PlayerOptimWrapperConstructor', **players))


def trained(wrapper):
    return {id(parameter) for group in wrapper.param_groups for parameter in group['params']}


def test_each_player_trains_its_own_parts():
    model = Model()
    wrappers = build(model, generator=ADAM, discriminator=dict(optimizer=dict(type='SGD', lr=0.2)))
    assert type(wrappers['generator']) is PlayerOptimWrapper
    assert trained(wrappers['generator']) == {id(p) for p in (*model.generator[1].parameters(), model.encoder.weight)}
    assert trained(wrappers['discriminator']) == {id(p) for p in model.discriminator.parameters()}
    assert wrappers.get_lr() == {'generator.lr': [0.1], 'discriminator.lr': [0.2]}


def test_a_player_less():
    model = Model(encoder=False, discriminator=False)
    assert list(build(model, generator=ADAM, discriminator=None).keys()) == ['generator']
    with pytest.raises(ValueError, match=r'trains only generator; .* optim_wrapper=dict\(discriminator=None\)'):
        build(model, generator=ADAM, discriminator=ADAM)


def test_errors():
    with pytest.raises(ValueError, match='no entry for the discriminator'):
        build(Model(), generator=ADAM)
    model = Model()
    model.discriminator.requires_grad_(False)
    with pytest.raises(ValueError, match='every parameter of the discriminator is frozen'):
        build(model, generator=ADAM, discriminator=ADAM)


def test_gradients_accumulate_to_the_last_iteration():
    """8 iterations in groups of 3 are 3 updates; the last group has 2."""
    model = Model(encoder=False)
    sgd = dict(optimizer=dict(type='SGD', lr=1.0), accumulative_counts=3)
    wrappers = build(model, generator=sgd, discriminator=ADAM)
    wrappers.initialize_count_status(model, 0, 8)
    layer = model.generator[1]
    seen = [layer.bias.item()]
    for _ in range(8):
        wrappers['generator'].update_params(layer.bias.sum())
        seen.append(layer.bias.item())
    assert [after - before for before, after in pairwise(seen)] == pytest.approx(
        [0, 0, -1, 0, 0, -1, 0, -1])
    assert layer.bias.grad is None or not layer.bias.grad.any()


def test_clipped_norm_is_kept_as_a_tensor():
    model = Model(encoder=False)
    wrappers = build(model, generator=dict(ADAM, clip_grad=dict(max_norm=1)), discriminator=ADAM)
    assert wrappers['generator'].grad_norm is None
    wrappers['generator'].update_params(3 * model.generator[1].bias.sum() + 4 * model.generator[1].weight[0, 0])
    torch.testing.assert_close(wrappers['generator'].grad_norm, torch.tensor(5.0))
    assert wrappers['discriminator'].grad_norm is None


def test_bfloat16_networks_and_float32_weights():
    model = Model()
    wrappers = build(model, generator=dict(ADAM, type='Bf16OptimWrapper'), discriminator=ADAM)
    assert type(wrappers['generator']) is Bf16OptimWrapper
    with wrappers['generator'].optim_context(model.generator):
        output = model.generator(torch.ones(1, 2))
    assert output.dtype == torch.bfloat16
    wrappers['generator'].update_params(output.float().sum())
    assert model.generator[1].weight.dtype == torch.float32
    assert model.generator(torch.ones(1, 2)).dtype == torch.float32


@pytest.mark.parametrize('fused', [False, True])
def test_moments_of_weights_that_lay_otherwise_in_memory(fused):
    """A run that is resumed with ``channels_last`` switched on: fused Adam reads moments in the order of memory."""
    def start(memory_format):
        torch.manual_seed(0)
        model = Model(encoder=False, discriminator=False)
        model.generator = nn.Conv2d(2, 3, 3).to(memory_format=memory_format)
        return model, build(model, generator=dict(optimizer=dict(type='Adam', lr=0.1, fused=fused)))['generator']

    def step(model, wrapper):
        wrapper.update_params((model.generator(torch.linspace(-1, 1, 32).view(1, 2, 4, 4)) ** 2).sum())

    (model, wrapper), (other, resumed) = start(torch.contiguous_format), start(torch.channels_last)
    step(model, wrapper)
    other.load_state_dict(model.state_dict())
    resumed.load_state_dict(copy.deepcopy(wrapper.state_dict()))
    for each in ((model, wrapper), (other, resumed)):
        step(*each)
    torch.testing.assert_close(other.state_dict(), model.state_dict())
