import pytest
import torch
import torch.nn.functional as F
from torch import nn

from helpers.facts import facts
from semsynth.losses import CRNLoss, crn_loss
from semsynth.weights import hash_weights


@pytest.fixture(scope='module')
def loss():
    return CRNLoss(weights='random')


def plain(loss, output, target):
    """VGG19 layer by layer, the maxima replaced by averages; a convolution's index tells which it is."""
    mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    ours, theirs = ((torch.stack([((image[:, c] + 1) / 2 - mean[c]) / std[c] for c in range(3)], 1))
                    for image in (output, target))
    convolutions = iter([layer for layer in loss.frozen.network.modules() if isinstance(layer, nn.Conv2d)])
    total = (ours - theirs).abs().mean()
    read = {'1_2': 1 / 2.6, '2_2': 1 / 4.8, '3_2': 1 / 3.7, '4_2': 1 / 5.6, '5_2': 10 / 1.5}
    for block, depth in enumerate((2, 2, 4, 4, 2), 1):
        if block > 1:
            ours, theirs = (F.avg_pool2d(x, 2) for x in (ours, theirs))
        for i in range(1, depth + 1):
            layer = next(convolutions)
            ours, theirs = (F.conv2d(x, layer.weight, layer.bias, padding=1).clamp(min=0) for x in (ours, theirs))
            total += read.get(f'{block}_{i}', 0) * (ours - theirs).abs().mean()
    assert next(convolutions, None) is None
    return total.item()


def test_equals_a_plain_loop(loss, make_step):
    output, target = torch.randn(2, 3, 32, 19), torch.rand(2, 3, 32, 19) * 2 - 1
    value = loss.for_generator(make_step(dict(image=output), dict(image=target)))
    assert value.item() == pytest.approx(plain(loss, output, target), rel=1e-5)
    assert torch.equal(crn_loss(loss.frozen, output, target), value)


def test_each_layer_has_its_weight(make_step):
    output, target = torch.randn(1, 3, 16, 16), torch.randn(1, 3, 16, 16)
    features = CRNLoss(weights='random').features(None, output)
    assert [feature.shape[1:] for feature in features] == [
        (3, 16, 16), (64, 16, 16), (128, 8, 8), (256, 4, 4), (512, 2, 2), (512, 1, 1)]
    image_only = CRNLoss(layer_weights=(2, 0, 0, 0, 0, 0), weights='random')
    value = image_only.for_generator(make_step(dict(image=output), dict(image=target)))
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    assert value.item() == pytest.approx(2 * ((output - target) / 2 / std).abs().mean().item(), rel=1e-5)


def test_the_real_image_has_no_loss_and_gradient_beyond_the_range(loss, make_step):
    real = torch.rand(1, 3, 16, 16) * 2 - 1
    assert loss.for_generator(make_step(dict(image=real), dict(image=real))) == 0
    output = torch.full_like(real, 1.5).requires_grad_()
    loss.for_generator(make_step(dict(image=output), dict(image=real))).backward()
    assert output.grad.abs().min() > 0


def test_result_files_name_the_network(loss):
    assert loss.networks == {hash_weights(loss.frozen.network): 'vgg19'}


def test_other_layer_weights_than_six():
    with pytest.raises(ValueError, match=facts('CRNLoss', '5 weights', '6 levels', 'image')):
        CRNLoss(layer_weights=(1, 1, 1, 1, 1), weights='random')
