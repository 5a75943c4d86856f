from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from semsynth.registry import PARAM_SCHEDULERS

SCHEDULES = Path(__file__).parents[2] / 'configs/_base_/schedules'


def rates(length, rate=0.5, **config):
    """Learning rate of each iteration."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=rate)
    scheduler = PARAM_SCHEDULERS.build(dict(type='LinearDecayLR', by_epoch=False, end=length, **config),
                                       default_args=dict(optimizer=optimiser))
    seen = []
    for _ in range(length):
        seen.append(optimiser.param_groups[0]['lr'])
        optimiser.step()
        scheduler.step()
    return seen


def test_constant_then_linear_to_zero_which_the_last_step_has_not_reached():
    seen = rates(20, constant=0.5)
    assert seen[:11] == [0.5] * 11
    assert seen[10:] == pytest.approx([0.5 * (1 - step / 10) for step in range(10)])
    assert rates(3000, constant=0.6)[-1] == pytest.approx(0.5 / 1200)
    assert rates(3, constant=0) == pytest.approx([0.5, 1 / 3, 1 / 6])


def test_shortest():
    assert rates(1, constant=0.6) == [0.5]


def test_errors():
    with pytest.raises(ValueError, match=r'constant=1\.0 must be a fraction'):
        rates(4, constant=1.0)
    with pytest.raises(ValueError, match=r'constant=1\.5, expected a number from 0 to 1'):
        rates(4, constant=1.5)
    with pytest.raises(ValueError, match='by_epoch=False'):
        PARAM_SCHEDULERS.build(dict(type='LinearDecayLR', constant=0.5, end=4),
                               default_args=dict(optimizer=torch.optim.SGD([torch.ones(1)], lr=1)))


@pytest.mark.parametrize(('name', 'generator', 'discriminator', 'betas', 'constant'), [
    ('pix2pixhd_200e', 2e-4, 2e-4, (0.5, 0.999), 0.5),
    ('ecgan_200e', 1e-4, 4e-4, (0.0, 0.999), 0.5),
    ('toycity_short', 1e-3, 1e-3, (0.0, 0.999), 0.6),
])
def test_schedules_of_the_tree(name, generator, discriminator, betas, constant):
    config = Config.fromfile(SCHEDULES / f'{name}.py')
    for player, rate in dict(generator=generator, discriminator=discriminator).items():
        optimiser = config.optim_wrapper[player].optimizer
        assert (optimiser.type, optimiser.lr, tuple(optimiser.betas)) == ('Adam', rate, betas)
        (schedule,) = config.param_scheduler[player]
        assert schedule.constant == constant
    assert (name == 'toycity_short') == ('max_iters' in config.train_cfg)
    assert config.train_cfg.get('max_epochs', 200) == 200
