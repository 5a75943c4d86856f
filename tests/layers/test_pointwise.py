import copy

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from helpers.commands import run_python
from helpers.narrow import narrow
from semsynth.layers.pointwise import take_strides_first
from semsynth.studies.benchmark.step import build


def strided(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)
            and layer.kernel_size == (1, 1) and layer.stride != (1, 1)]


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(('channels', 'stride', 'size'), [
    (1, 2, (6, 8)), (3, 2, (7, 5)), (4, (1, 2), (4, 9)), (5, 3, (9, 8)), (7, (3, 2), (1, 1))])
def test_nothing_else_changes(channels, stride, size, memory_format):
    layer = nn.Conv2d(channels, 6, 1, stride).double()
    changed = copy.deepcopy(layer)
    take_strides_first(changed)
    take_strides_first(changed)  # once is enough
    assert not strided(changed) and changed.state_dict().keys() == layer.state_dict().keys()
    image, upstream = torch.randn(2, channels, *size).double(), None
    found = []
    for network in (layer, copy.deepcopy(changed).to(memory_format=memory_format)):
        x = image.clone(memory_format=memory_format).requires_grad_()
        y = network(x)
        upstream = torch.randn_like(y) if upstream is None else upstream
        y.backward(upstream)
        found.append([y, x.grad, network.weight.grad, network.bias.grad])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize('layer', [
    nn.Conv2d(8, 8, 1, 2), nn.Conv2d(4, 8, 3, 2), nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 1, 2, padding=1)])
def test_other_layers_are_left_alone(layer):
    before = repr(layer)
    take_strides_first(layer)
    assert repr(layer) == before and not layer._forward_pre_hooks


def test_spectral_norm_stays():
    layer = spectral_norm(nn.Conv2d(4, 8, 1, 2))
    take_strides_first(layer)
    assert not strided(layer) and layer(torch.randn(1, 4, 5, 8)).shape == (1, 8, 3, 4)


@pytest.mark.slow
def test_a_model_has_none_that_are_narrow(tmp_path):
    config = narrow('configs/ecgan/ecgan_resnet18_toycity.py', tmp_path)
    config.model.generator.backbone.update(base_channels=4, stem_channels=4)
    model, _ = build(config, 'channels_last', 'cpu')
    shortcuts = [layer for name, layer in model.generator.backbone.named_modules() if name.endswith('downsample.0')]
    assert [layer.in_channels for layer in shortcuts] == [4, 8, 16]
    assert [layer.in_channels for layer in strided(model)] == [8, 16]


STEPS = '''
import torch
from torch import nn
from semsynth.layers.pointwise import take_strides_first
torch.set_num_threads(1)
for channels in range(1, 8):
    layer = nn.Conv2d(channels, 8, 1, 2)
    take_strides_first(layer)
    layer.to(memory_format=torch.channels_last)
    image = torch.randn(2, channels, 16, 16).to(memory_format=torch.channels_last)
    for _ in range(30):
        layer(image).square().sum().backward()
        [torch.empty(7 * size + 1) for size in range(40)]  # a heap that was written over does not survive this
print('alive')
'''


@pytest.mark.slow
def test_training_survives_on_a_cpu_without_avx512():
    done = run_python('-c', STEPS, ONEDNN_MAX_CPU_ISA='AVX2')
    assert done.returncode == 0 and done.stdout == 'alive\n', done.stderr
