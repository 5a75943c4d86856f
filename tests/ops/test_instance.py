import numpy as np
import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import semsynth.ops.instance as module
from semsynth.ops import instance_mean, number_instances

IDS = dict(
    cityscapes=[7, 11, 33_001, 26_002],
    wide=[2**31 + 5, 2**31 + 6, 2**40, 5],
    negative=[-1, -2**31, 0, 1],
    one=[24])


def example(ids, size=(5, 7), images=3, channels=2):
    """Features in float64, and ids that recur in all images."""
    dice = np.random.default_rng(0)
    instance = torch.from_numpy(dice.choice(np.array(ids), (images, *size)))
    return torch.from_numpy(dice.normal(size=(images, channels, *size))), instance


@pytest.fixture(params=['as on a CPU', 'as on a GPU'], autouse=True)
def way(request, monkeypatch):
    """Numbers are found in two ways, both of which a CPU can go."""
    if request.param == 'as on a GPU':
        monkeypatch.setattr(module, '_number', lambda ids: (module._number_pixels(ids), ids.numel()))


def loop(features, instance):
    """Each instance of each image by itself."""
    pooled = torch.zeros_like(features)
    for i, ids in enumerate(instance):
        for identity in ids.unique():
            mask = ids == identity
            pooled[i, :, mask] = features[i, :, mask].mean(dim=1, keepdim=True)
    return pooled


@pytest.mark.parametrize('kind', IDS)
def test_is_the_mean_of_each_instance_of_each_image(kind):
    features, instance = example(IDS[kind])
    torch.testing.assert_close(instance_mean(features, instance), loop(features, instance), rtol=1e-12, atol=1e-12)


def test_every_pixel_its_own_instance():
    features, _ = example([0])
    instance = torch.arange(features[:, 0].numel()).view(features[:, 0].shape).flip(0)
    torch.testing.assert_close(instance_mean(features, instance), features, rtol=0, atol=0)


def test_a_single_pixel():
    features = torch.randn(1, 3, 1, 1)
    assert torch.equal(instance_mean(features, torch.tensor([[[9]]])), features)


def test_ids_may_be_of_any_integer_type():
    """8 bit ids too: the released code sees one instance in them."""
    features, instance = example([0, 7, 11, 127])
    expected = loop(features, instance)
    for kind in (torch.uint8, torch.int8, torch.int16, torch.int32):
        torch.testing.assert_close(instance_mean(features, instance.to(kind)), expected)


def test_gradient():
    features, instance = example([1, 2, 9], size=(3, 4), images=2)
    assert gradcheck(lambda x: instance_mean(x, instance), features.requires_grad_())
    assert gradgradcheck(lambda x: instance_mean(x, instance), features)


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('images', [1, 2])
def test_gradient_equals_the_loops(images, memory_format):
    features, instance = example([33_001, 2**31, -1, -2**31], (9, 7), images, channels=3)
    features, upstream = features.to(memory_format=memory_format).requires_grad_(), torch.randn_like(features)
    ours, theirs = (torch.autograd.grad(mean(features, instance), features, upstream)[0]
                    for mean in (instance_mean, loop))
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_bfloat16_is_summed_in_float32():
    """4096 ones and a 3: in bfloat16 itself the sum would stop at 256."""
    features = torch.ones(1, 1, 64, 65, dtype=torch.bfloat16)
    pooled = instance_mean(features, torch.zeros(1, 64, 65, dtype=torch.long))
    assert pooled.dtype == torch.bfloat16 and torch.equal(pooled, features)


def test_instances_are_numbered_without_gaps():
    instance = torch.tensor([[[33_001, -4], [7, 33_001]], [[7, 7], [7, 2**31 + 5]]])
    assert number_instances(instance).tolist() == [[[2, 0], [1, 2]], [[3, 3], [3, 4]]]


def test_nothing_depends_on_a_value():
    """What has no values cannot be waited for: meta tensors refuse every read, as of how many instances there are."""
    features = torch.empty(2, 3, 4, 5, device='meta', requires_grad=True)
    pooled = instance_mean(features, torch.empty(2, 4, 5, device='meta', dtype=torch.long))
    pooled.sum().backward()
    assert pooled.shape == features.grad.shape == features.shape


def test_fused_kernels_need_a_gpu():
    with pytest.raises(ValueError, match=r'fused=True.* on cpu'):
        instance_mean(*example([1]), fused=True)


@pytest.mark.gpu
@pytest.mark.parametrize('fused', [False, True])
def test_on_a_gpu_it_is_the_same_and_nothing_waits(fused):
    features, instance = (part.cuda() for part in example([33_001, 2**31, -1], (33, 47)))
    expected = loop(features, instance)
    torch.cuda.set_sync_debug_mode('error')
    try:
        pooled = instance_mean(features.requires_grad_(), instance, fused)
        pooled.sum().backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    torch.testing.assert_close(pooled, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(features.grad, torch.ones_like(features), rtol=1e-12, atol=1e-12)
