import torch
from torch import nn

from semsynth.layers.baking import bake
from semsynth.layers.class_convolution import ClassConvolution
from semsynth.layers.norm import spectral_norm


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
