import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize
from torch.utils._python_dispatch import TorchDispatchMode

from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layers.spectral import bake, one_turn, spectral_norm


def test_spectral_norm_reaches_every_layer_once():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.ConvTranspose2d(4, 5, 3), nn.Linear(5, 2)))
    spectral_norm(spectral_norm(net))
    assert [len(layer.parametrizations.weight) for layer in net.modules() if parametrize.is_parametrized(layer)] == \
        [1, 1, 1]


def test_spectral_norm_divides_by_the_largest_singular_value():
    layer = spectral_norm(nn.Conv2d(3, 4, 3)).double()
    for _ in range(50):
        weight = layer.weight
    assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-6)


LAYERS = [nn.Conv2d(3, 5, 3), nn.ConvTranspose2d(3, 5, 4), nn.Linear(6, 4), nn.Conv2d(4, 1, 1)]


@pytest.mark.parametrize('layer', LAYERS, ids=repr)
def test_spectral_norm_iterates_as_torchs_first_one(layer):
    """That of the papers' codes, ``torch.nn.utils.spectral_norm``: weights, gradients and vectors of three steps."""
    ours, theirs = copy.deepcopy(layer), torch.nn.utils.spectral_norm(copy.deepcopy(layer))
    spectral_norm(ours)
    estimate, x = ours.parametrizations.weight[0], torch.randn(2, *dict(Linear=(6,)).get(
        type(layer).__name__, (layer.weight.shape[isinstance(layer, nn.Conv2d)], 6, 7)))
    estimate._u.copy_(theirs.weight_u)
    estimate._v.copy_(theirs.weight_v)
    steps = [torch.optim.SGD(each.parameters(), lr=0.1) for each in (ours, theirs)]
    for _ in range(3):
        found, expected = ours(x), theirs(x)
        torch.testing.assert_close(found, expected)
        for loss, step in zip((found, expected), steps, strict=True):
            step.zero_grad()
            loss.square().mean().backward()
            step.step()
        torch.testing.assert_close(ours.parametrizations.weight.original, theirs.weight_orig)
        torch.testing.assert_close(estimate._u, theirs.weight_u)
        torch.testing.assert_close(estimate._v, theirs.weight_v)
    torch.testing.assert_close(ours.eval()(x), theirs.eval()(x))


def test_spectral_norm_does_not_iterate_when_it_is_built():
    torch.manual_seed(1)
    layer = spectral_norm(nn.Conv2d(3, 4, 3))
    torch.manual_seed(1)
    theirs = torch.nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))
    estimate = layer.parametrizations.weight[0]
    assert torch.equal(estimate._u, theirs.weight_u) and torch.equal(estimate._v, theirs.weight_v)
    weight = layer.eval().weight
    assert torch.equal(layer.weight, weight) and torch.equal(estimate._u, theirs.weight_u)


def test_a_batch_judged_within_a_turn_does_not_iterate_again():
    layer, theirs = spectral_norm(nn.Conv2d(3, 4, 3)), torch.nn.utils.spectral_norm(nn.Conv2d(3, 4, 3))
    estimate, x = layer.parametrizations.weight[0], torch.randn(1, 3, 5, 5)
    theirs.load_state_dict({'weight_orig': layer.parametrizations.weight.original, 'weight_u': estimate._u,
                            'weight_v': estimate._v, 'bias': layer.bias})
    with parametrize.cached():
        first, second = layer(x), layer(x)
    expected = theirs(x)
    assert torch.equal(first, second)
    torch.testing.assert_close(first, expected)


def test_both_of_two_passes_get_their_gradients():
    layer, x = spectral_norm(nn.Conv2d(3, 4, 3)), torch.randn(1, 3, 5, 5)
    weights = [layer.weight, layer.weight]
    assert not torch.equal(*weights)
    (weights[0].sum() - weights[1].square().sum()).backward()
    assert layer.parametrizations.weight.original.grad.isfinite().all() and layer(x).isfinite().all()


def test_spectral_norm_survives_deep_copies_after_a_forward_with_gradient():
    layer = spectral_norm(nn.Conv2d(3, 4, 3))
    layer(torch.randn(1, 3, 5, 5)).sum().backward()
    twin = copy.deepcopy(layer).eval()
    x = torch.randn(1, 3, 5, 5)
    assert torch.equal(twin(x), layer.eval()(x))


def test_baked_weights_are_those_that_spectral_norm_gave():
    part = spectral_norm(nn.ModuleList([nn.Conv2d(3, 4, 3), nn.ConvTranspose2d(3, 4, 2), ClassConvolution(2, 3, 4)]))
    part.eval()
    x = torch.randn(1, 3, 5, 6)
    expected = [layer.weight.detach().clone() for layer in part], part[0](x), part[1](x)
    weights, *results = bake(part) and [[layer.weight for layer in part], part[0](x), part[1](x)]
    assert all(map(torch.equal, weights, expected[0])) and all(map(torch.equal, results, expected[1:]))
    assert set(part.state_dict()) == {f'{number}.{name}' for number in range(3) for name in ('weight', 'bias')}
    assert all(isinstance(weight, nn.Parameter) for weight in weights)


def test_plain_parts_stay_as_they_are():
    part = nn.Conv2d(3, 4, 3)
    weight = part.weight
    assert bake(part) is part and part.weight is weight


def several():
    """Layers of the same shape and of others; in a batch with several matrices of their own; in another order."""
    convolution, last = nn.Conv2d(4, 6, 3), nn.Conv2d(4, 6, 3).to(memory_format=torch.channels_last)
    layers = nn.ModuleList([
        convolution, nn.Conv2d(4, 6, 3), nn.ConvTranspose2d(6, 4, 3), last, copy.deepcopy(last), nn.Linear(36, 6),
        ClassConvolution(3, 4, 6), nn.ConvTranspose2d(6, 4, 3), ClassConvolution(2, 4, 6), nn.Conv2d(4, 6, 3)])
    return spectral_norm(layers).double()


def read(layers, aims):
    """Their weights, and the gradient of a sum of their entries."""
    weights = [layer.weight for layer in layers]
    sum((weight * aim).sum() for weight, aim in zip(weights, aims, strict=True)).backward()
    return [weight.detach() for weight in weights]


def test_layers_together_are_as_each_by_itself():
    together = several()
    alone = copy.deepcopy(together)
    aims = [torch.randn_like(layer.weight) for layer in several()]
    for _ in range(3):
        with one_turn(together):
            found = read(together, aims)
        torch.testing.assert_close(found, read(alone, aims), rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(together.state_dict(), alone.state_dict(), rtol=1e-12, atol=1e-12)
        for ours, theirs in zip(together.parameters(), alone.parameters(), strict=True):
            if ours.grad is not None:
                torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-12, atol=1e-12)
                assert ours.grad.stride() == ours.stride()
            with torch.no_grad():
                for each in (ours, theirs):
                    each.sub_(0.1 if each.grad is None else 0.1 * each.grad)
    assert all(map(torch.equal, (layer.eval().weight for layer in together), (layer.weight for layer in together)))


def test_gradients_are_those_of_autograd():
    layer, aim = several()[6], torch.randn(18, 4, 3, 3, dtype=torch.float64)
    with one_turn(layer):
        (layer.weight * aim).sum().backward()
    estimate, weight = layer.parametrizations.weight[0], layer.parametrizations.weight.original
    matrices = weight.detach().requires_grad_()
    sigma = torch.einsum('kmihw,km,khwi->k', matrices.unflatten(0, (3, 6)), estimate.u,
                         estimate.v.unflatten(1, (3, 3, 4)))
    (matrices / sigma.repeat_interleave(6)[:, None, None, None] * aim).sum().backward()
    torch.testing.assert_close(weight.grad, matrices.grad)


def test_within_a_turn_the_weights_are_the_same_and_then_others():
    layers = several()
    for _ in range(2):
        before = {name: value.clone() for name, value in layers.state_dict().items()}
        with one_turn(layers):
            assert all(layer.weight is layer.weight for layer in layers)
        vectors = [name for name in before if name.rsplit('.')[-1] in ('_u', '_v', 'u', 'v')]
        assert len(vectors) == 2 * len(layers)
        assert not any(torch.equal(before[name], layers.state_dict()[name]) for name in vectors)
    assert not torch.equal(layers[0].weight, layers[0].weight)


def test_a_turn_leaves_what_is_not_in_training():
    layers = several().eval()
    before = copy.deepcopy(layers.state_dict())
    with one_turn(layers):
        inside = [layer.weight for layer in layers]
    assert all(map(torch.equal, inside, (layer.weight for layer in layers)))
    torch.testing.assert_close(layers.state_dict(), before, rtol=0, atol=0)
    with one_turn(nn.Conv2d(1, 1, 1)):
        pass


def test_a_turn_that_fails_leaves_nothing_behind():
    layers = several()
    with pytest.raises(ZeroDivisionError), one_turn(layers):
        raise ZeroDivisionError
    weight = layers[0].weight
    assert not torch.equal(layers[0].weight, weight) and copy.deepcopy(layers)


def test_layers_that_are_not_read_or_not_trained_get_no_gradient():
    layers = spectral_norm(nn.ModuleList(nn.Linear(3, 4) for _ in range(4)))
    layers[3].requires_grad_(False)
    with one_turn(layers):
        sum(layers[number].weight.square().sum() for number in (0, 2, 3)).backward()
    given = [layer.parametrizations.weight.original.grad is not None for layer in layers]
    assert given == [True, False, True, False]


class Count(TorchDispatchMode):
    """Counts operations that compute."""

    def __init__(self):
        super().__init__()
        self.number = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.number += not func.is_view
        return func(*args, **(kwargs or {}))


def test_operations_do_not_grow_with_the_number_of_layers():
    counts = []
    for number in (2, 20):
        layers = spectral_norm(nn.ModuleList(nn.Conv2d(3, 4, 3) for _ in range(number)))
        with Count() as count, one_turn(layers):
            weights = [layer.weight for layer in layers]
            torch.autograd.backward(weights, [weight.detach() for weight in weights])
        counts.append(count.number)
    assert counts[0] == counts[1] <= 25
