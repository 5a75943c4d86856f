from contextlib import nullcontext

import pytest
import torch
from torch import nn

from semsynth.layers.checkpointed import CheckpointedSequential
from semsynth.layers.frozen import Frozen
from semsynth.layers.spectral import one_turn, spectral_norm
from semsynth.models.casting import cast_weights
from semsynth.studies.benchmark.imagined_gpu import DEVICE, imagined_gpu


class Network(nn.Module):
    """All kinds of layers, one that is read twice, one that does not learn, and a frozen network."""

    def __init__(self):
        super().__init__()
        self.convolution, self.transposed = nn.Conv2d(3, 8, 3, padding=1), nn.ConvTranspose2d(8, 8, 2, bias=False)
        self.norm, self.linear = nn.GroupNorm(2, 8), nn.Linear(8, 8)
        self.checkpointed = CheckpointedSequential(nn.Conv2d(8, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 1))
        self.still = nn.Conv2d(8, 8, 1).requires_grad_(False)
        self.normed = spectral_norm(nn.Conv2d(8, 8, 1))
        self.frozen = Frozen(nn.Sequential(nn.Conv2d(8, 8, 1)))

    def forward(self, x):
        x = self.normed(self.checkpointed(self.norm(self.transposed(self.convolution(x)))))
        return self.linear(self.linear(self.frozen(self.still(x)).movedim(1, -1)))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Network()


def step(network, x, at_once):
    network.zero_grad()
    with one_turn(network), torch.autocast('cpu', torch.bfloat16), (cast_weights if at_once else nullcontext)(network):
        y = network(x)
    y.float().square().mean().backward()
    return y, {name: each.grad for name, each in network.named_parameters() if each.requires_grad}


def test_results_and_gradients_are_those_of_autocast(network):
    x, state = torch.randn(2, 3, 6, 6), {key: value.clone() for key, value in network.state_dict().items()}
    expected, slopes = step(network, x, at_once=False)
    network.load_state_dict(state)  # spectral norm has iterated
    found, gradients = step(network, x, at_once=True)
    assert torch.equal(found, expected) and gradients.keys() == slopes.keys()
    for name, gradient in gradients.items():
        assert gradient.dtype == torch.float32
        torch.testing.assert_close(gradient, slopes[name], rtol=1e-2, atol=1e-2 * slopes[name].abs().max().item())
    assert all(torch.equal(value, state[key]) for key, value in network.state_dict().items() if '._' not in key)


def test_weights_are_parameters_again_afterwards(network):
    with one_turn(network), pytest.raises(KeyError), torch.autocast('cpu', torch.bfloat16), cast_weights(network):
        assert network.normed.weight.dtype == torch.bfloat16
        assert network.convolution.weight.dtype == network.frozen.network[0].bias.dtype == torch.bfloat16
        assert network.norm.weight.dtype == torch.float32
        assert network.linear.weight.requires_grad and not network.still.weight.requires_grad
        assert dict(network.named_parameters())['linear.weight'].dtype == torch.float32
        raise KeyError
    assert all(isinstance(layer.weight, nn.Parameter) for layer in (network.convolution, network.frozen.network[0]))
    assert network.normed.weight.dtype == torch.float32
    with cast_weights(network):
        assert isinstance(network.convolution.weight, nn.Parameter)  # no autocast


def test_a_gpu_is_asked_for_two_casts_and_one_of_the_gradients():
    calls = []
    with imagined_gpu(calls.append):
        network, x = Network().to(DEVICE), torch.randn(2, 8, 6, 6).to(DEVICE)
        calls.clear()
        with torch.autocast('cuda', torch.bfloat16), cast_weights(network):
            y = network.frozen(network.still(x)) + network.linear(network.linear(x.movedim(1, -1))).movedim(-1, 1)
        y.sum().backward()
    names = [call.operation.overloadpacket.__name__ for call in calls]
    assert names.count('_foreach_copy_') == 3
    assert names.count('_to_copy') == 2  # of x, by each of its readers
