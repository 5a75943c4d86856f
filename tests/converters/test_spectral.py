import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, spectral_norm

from semsynth.converters.spectral import unify_spectral


def trained(network, iterations):
    network.train()
    for _ in range(iterations):
        network(torch.randn(1, *network[0].weight.shape[1:]))
    return network.eval()


def networks(iterations):
    """One convolution, as both of torch's spectral norms store it."""
    old = trained(nn.Sequential(spectral_norm(nn.Conv2d(4, 3, 2))), iterations)
    new = nn.Sequential(parametrizations.spectral_norm(nn.Conv2d(4, 3, 2))).eval()
    return old, new


NEW = {'0.bias': '0.bias', '0.weight_orig': '0.parametrizations.weight.original',
       '0.weight_u': '0.parametrizations.weight.0._u', '0.weight_v': '0.parametrizations.weight.0._v'}


def weight_from(state, network):
    network.load_state_dict({NEW[name]: value for name, value in unify_spectral(state).items()})
    return network[0].weight


@pytest.mark.parametrize('iterations', [1, 60])
def test_both_forms_and_their_prefixes(iterations):
    old, new = networks(iterations)
    torch.testing.assert_close(weight_from(old.state_dict(), new), old[0].weight)
    assert unify_spectral(new.state_dict()).keys() == old.state_dict().keys() == NEW.keys()
    assert all(torch.equal(unify_spectral(new.state_dict())[name], value) for name, value in old.state_dict().items())


@pytest.mark.parametrize('iterations', [1, 60])
def test_without_v_the_stored_weight_counts(iterations):
    old, new = networks(iterations)
    state = {name: value for name, value in old.state_dict().items() if name != '0.weight_v'}
    torch.testing.assert_close(weight_from(state | {'0.weight': old[0].weight}, new), old[0].weight)


def test_without_v_and_weight_the_singular_value_is_estimated():
    old, new = networks(60)
    state = {name: value for name, value in old.state_dict().items() if name != '0.weight_v'}
    torch.testing.assert_close(weight_from(state, new), old[0].weight)


def test_other_layers_are_left_alone():
    state = dict(weight=torch.ones(2), weight_gain=torch.ones(1), weight_u=torch.ones(3))
    assert unify_spectral(state) == state
