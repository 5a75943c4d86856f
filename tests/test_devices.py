import pytest
import torch
from mmengine.device import get_device

from semsynth.devices import find_device


def test_the_default_is_the_engine_s():
    assert find_device() == torch.device(get_device())
    assert find_device('cpu') == torch.device('cpu')


@pytest.mark.parametrize('name', ['gpu', 'cuda:x', 'cpu:7', '', 'meta', '-1', 'cuda:9999'])
def test_devices_that_there_are_not(name):
    with pytest.raises(ValueError, match=rf'^device={name}, but this machine has cpu'):
        find_device(name)


def test_accelerators_are_listed(monkeypatch):
    monkeypatch.setattr('torch.accelerator.is_available', lambda: True)
    monkeypatch.setattr('torch.accelerator.current_accelerator', lambda: torch.device('cuda'))
    monkeypatch.setattr('torch.accelerator.device_count', lambda: 2)
    assert find_device('cuda').type == 'cuda' and find_device('cuda:1').index == 1
    with pytest.raises(ValueError, match=r'device=cuda:2, but .* cpu, cuda:0, cuda:1: name cpu, cuda:0 or cuda:1\.$'):
        find_device('cuda:2')
