import copy

import pytest
import torch
from mmseg.models import MixVisionTransformer
from torch import nn

from semsynth.layers.frozen import Frozen
from semsynth.layers.norm import LayerNorm, narrow_layer_norms
from semsynth.models.casting import cast_weights
from semsynth.segmentors.mix_transformer import shorten_segformer
from semsynth.segmentors.mmseg_segmentor import leave_out_attention_maps
from semsynth.studies.benchmark.imagined_gpu import DEVICE, imagined_gpu


def backbone(**kwargs):
    torch.manual_seed(0)
    network = MixVisionTransformer(embed_dims=4, num_layers=[1, 2, 1, 1], num_heads=[1, 2, 2, 4], **kwargs)
    for weight in network.parameters():
        nn.init.normal_(weight, std=0.3)
    return network.eval().requires_grad_(False)


def run(network, x):
    """Its feature maps, and the gradient of the sum of their squares."""
    x = x.detach().requires_grad_()
    features = network(x)
    sum(each.to(x.dtype).square().sum() for each in features).backward()
    return features, x.grad


@pytest.mark.parametrize('order', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('qkv_bias', [True, False])
@pytest.mark.parametrize('size', [(1, 3, 32, 64), (2, 3, 45, 38)])
def test_features_and_gradients_are_mmsegs(size, qkv_bias, order):
    theirs = backbone(qkv_bias=qkv_bias).double()
    ours = shorten_segformer(copy.deepcopy(theirs))
    assert ours.state_dict().keys() == theirs.state_dict().keys()
    x = torch.randn(size, dtype=torch.float64).contiguous(memory_format=order)
    (features, gradient), (expected, slope) = run(ours, x), run(theirs, x)
    for found, each in zip(features, expected, strict=True):
        torch.testing.assert_close(found, each, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(gradient, slope, rtol=1e-9, atol=1e-9)


def asked(network, x):
    """What a GPU is asked for in a forward and backward pass, its weights cast beforehand."""
    calls = []
    with imagined_gpu(calls.append):
        network, x = Frozen(copy.deepcopy(network)).to(DEVICE), x.to(DEVICE)
        calls.clear()
        with torch.autocast('cuda', torch.bfloat16), cast_weights(network):
            features, gradient = run(network, x)
        names = [call.operation.overloadpacket.__name__ for call in calls]
        return names, [each.cpu() for each in features], gradient.cpu()


def test_a_gpu_casts_no_map_within_it():
    network, x = shorten_segformer(narrow_layer_norms(backbone())), torch.randn(2, 3, 32, 64)
    names, features, gradient = asked(network, x)
    assert names.count('native_layer_norm') == 2 * 5 + 4 + 4 + 4  # of blocks, reduced keys, embeddings and stages
    assert names.count('_to_copy') == 2 + 2 * 4 and not {'clone', 'copy_'} & set(names)  # of images and of features
    assert names.count('_foreach_copy_') == 1
    expected, slope = run(network, x)
    for found, each in zip(features, expected, strict=True):
        assert found.dtype == torch.bfloat16 and (found.float() - each).norm() < 0.03 * each.norm()
    assert (gradient - slope).norm() < 0.06 * slope.norm()


def test_layer_norms_keep_the_inputs_precision():
    norm, x = nn.LayerNorm(6), 30 + torch.randn(4, 6)
    nn.init.normal_(norm.weight), nn.init.normal_(norm.bias)
    expected = norm(x)
    narrow = narrow_layer_norms(nn.Sequential(norm))
    assert type(narrow[0]) is LayerNorm and torch.equal(narrow(x), expected)
    with torch.autocast('cpu', torch.bfloat16):
        found = narrow(x.bfloat16())
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), norm(x.bfloat16().float()), rtol=2**-7, atol=2**-7)


def test_attention_maps_are_left_out():
    network = MixVisionTransformer(embed_dims=8, num_layers=[1, 1], num_heads=[1, 2], num_stages=2, patch_sizes=[7, 3],
                                   strides=[4, 2], sr_ratios=[2, 1], out_indices=(0, 1)).eval()
    x = torch.randn(2, 3, 32, 32, requires_grad=True)
    expected = network(x)
    slope, = torch.autograd.grad(sum(level.square().sum() for level in expected), x)
    attention = [layer for layer in network.modules() if isinstance(layer, nn.MultiheadAttention)]
    maps = []
    for layer in leave_out_attention_maps(network).modules():
        if isinstance(layer, nn.MultiheadAttention):
            layer.register_forward_hook(lambda layer, inputs, output: maps.append(output[1]))
    found = network(x)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(torch.autograd.grad(sum(level.square().sum() for level in found), x)[0], slope,
                               rtol=1e-4, atol=1e-5)
    assert maps == [None] * len(attention) and attention
