"""CLADE's and INADE's norms against their formulas, pixel by pixel."""

import pytest
import torch
import torch.nn.functional as F

from semsynth.layers.class_norm import ClassAdaptiveNorm, ClassMaps, InstanceAdaptiveNorm, ObjectMaps

LABEL = torch.tensor([[[0, 2, 2], [1, 0, 2]], [[2, 2, 2], [0, 1, 1]]])


def normed(x, norm):
    axes = (2, 3) if norm == 'instance' else (0, 2, 3)
    mean, variance = x.mean(axes, keepdim=True), x.var(axes, unbiased=False, keepdim=True)
    return (x - mean) / (variance + 1e-5).sqrt()


@pytest.mark.parametrize('order', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('norm', ['batch', 'instance'])
def test_clade_equals_the_formula(norm, order):
    layer = ClassAdaptiveNorm(4, 3, norm)
    x = torch.randn(2, 4, 2, 3) * 2 + 1
    expected = normed(x, norm)
    for b, y, z in torch.cartesian_prod(*map(torch.arange, LABEL.shape)):
        expected[b, :, y, z] = expected[b, :, y, z] * layer.gamma[LABEL[b, y, z]] + layer.beta[LABEL[b, y, z]]
    found = layer(x.to(memory_format=order), ClassMaps(LABEL))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert found.is_contiguous(memory_format=order)
    torch.testing.assert_close(layer(x, ClassMaps(LABEL), slope=0.2), F.leaky_relu(expected, 0.2), atol=1e-5, rtol=1e-5)


def test_gamma_is_drawn_from_0_to_1_and_beta_is_0():
    layer = ClassAdaptiveNorm(64, 30, 'batch')
    assert 0 <= layer.gamma.min() < 0.01 and 0.99 < layer.gamma.max() <= 1 and not layer.beta.any()


def test_clades_boundary_is_a_channel_more():
    layer = ClassAdaptiveNorm(4, 3, 'instance', boundary=True)
    x, boundary = torch.randn(2, 4, 2, 3), torch.randint(2, (2, 1, 2, 3)).float()
    with torch.no_grad():
        layer.boundary.copy_(torch.tensor([-2.0, 0.5]))
    found = layer(x, ClassMaps(LABEL, boundary), slope=0.2)
    assert layer.out_channels == found.shape[1] == 5
    torch.testing.assert_close(found[:, 4:], F.leaky_relu(boundary * -2 + 0.5, 0.2))


def test_positions_scale_gamma_and_beta():
    layer = ClassAdaptiveNorm(4, 3, 'instance', positions=True)
    x, positions = torch.randn(2, 4, 2, 3), torch.rand(2, 2, 2, 3) * 2 - 1
    plain = ClassAdaptiveNorm(4, 3, 'instance')
    plain.load_state_dict(layer.state_dict(), strict=False)
    torch.testing.assert_close(layer(x, ClassMaps(LABEL, None, positions)), plain(x, ClassMaps(LABEL)))
    with torch.no_grad():
        layer.beta.normal_()
        layer.position_gamma.copy_(torch.tensor([0.5, -1.0, 0.25]))
        layer.position_beta.copy_(torch.tensor([-0.5, 2.0, 0.125]))
    across, down = positions[:, :1], positions[:, 1:]
    gamma = layer.gamma[LABEL].movedim(-1, 1) * (1 + 0.5 * across - down + 0.25)
    beta = layer.beta[LABEL].movedim(-1, 1) * (1 - 0.5 * across + 2 * down + 0.125)
    torch.testing.assert_close(layer(x, ClassMaps(LABEL, None, positions)), normed(x, 'instance') * gamma + beta)


@pytest.mark.parametrize('norm', ['batch', 'instance'])
def test_inade_equals_the_formula(norm):
    layer = InstanceAdaptiveNorm(4, 3, norm, noise_channels=6)
    x, noise = torch.randn(2, 4, 2, 3) * 2 + 1, torch.randn(2, 5, 2, 6)
    classes = torch.tensor([[0, 1, 2, 0, 0], [2, 1, 0, 0, 2]])
    index = torch.tensor([[[0, 2, 2], [1, 3, 2]], [[4, 4, 0], [2, 1, 1]]])
    expected = normed(x, norm)
    for b, y, z in torch.cartesian_prod(*map(torch.arange, index.shape)):
        row = index[b, y, z]
        scale, shift = (layer.weight[n, classes[b, row]] * layer.linear(noise[b, row, n])
                        + layer.bias[n, classes[b, row]] for n in range(2))
        expected[b, :, y, z] = expected[b, :, y, z] * scale + shift
    torch.testing.assert_close(layer(x, ObjectMaps(index, classes, noise)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize('positions', [False, True])
def test_gradients_of_clade(positions):
    layer = ClassAdaptiveNorm(2, 3, 'instance', boundary=True, positions=positions).double()
    maps = ClassMaps(LABEL, torch.rand(2, 1, 2, 3).double(), torch.rand(2, 2, 2, 3).double() if positions else None)
    names, values = zip(*layer.named_parameters(), strict=True)

    def run(x, *values):
        return torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (x, maps))

    assert torch.autograd.gradcheck(run, (torch.randn(2, 2, 2, 3).double().requires_grad_(),
                                          *(value.detach() + 0.1 for value in values)))
    assert torch.autograd.gradcheck(lambda *values: run(torch.ones(2, 2, 2, 3).double().cumsum(3), *values),
                                    [(value.detach() + 0.1).requires_grad_() for value in values])
