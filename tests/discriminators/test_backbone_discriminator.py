import copy

import pytest
import torch
import torch.nn.functional as F
from torch.nn.utils import parametrize

from helpers.facts import facts
from helpers.settle import settle
from semsynth.discriminators.backbone import condition_features
from semsynth.layers.efficientnet_lite import efficientnet_lite
from semsynth.layout import Layout
from semsynth.registry import DISCRIMINATORS
from semsynth.weights import hash_weights

RESNET = dict(type='ResNetV1c', depth=18, base_channels=4, stem_channels=4)


def build(**changes):
    return DISCRIMINATORS.build(dict(type='BackboneDiscriminator', num_classes=5, base_channels=2, detail_channels=3,
                                     weights='random') | changes)


def judge(discriminator, image):
    layout = Layout(label=torch.zeros(len(image), *image.shape[2:], dtype=torch.long), num_classes=5)
    [[*features, logits]] = discriminator(layout, image)
    return features, logits


@pytest.mark.parametrize(('size', 'options'), [
    ((64, 96), {}), ((37, 50), {}), ((32, 64), dict(detail_channels=0, conditioning='none')),
    ((37, 18), dict(detail_channels=0)), ((32, 32), dict(enlarge=2)), ((32, 32), dict(enlarge=4)),
    ((32, 64), dict(backbone=RESNET)), ((35, 50), dict(backbone='mobilenet_v3_small')),
    ((64, 64), dict(backbone='alexnet'))])
def test_one_logit_a_class_and_pixel_and_one_more(size, options):
    discriminator = build(**options)
    image = torch.rand(1, 3, *size, requires_grad=True)
    features, logits = judge(discriminator, image)
    assert logits.shape == (1, 6, *size) and len(features) == len(discriminator.lateral)
    logits.square().mean().backward()
    assert image.grad.abs().sum() > 0
    assert not [name for name, parameter in discriminator.named_parameters() if parameter.grad is None]
    copy.deepcopy(discriminator)


def test_features_are_the_frozen_networks_own():
    discriminator, image = build(), torch.rand(2, 3, 64, 32) * 2 - 1
    for feature, expected in zip(judge(discriminator, image)[0], discriminator.frozen.network(image), strict=True):
        assert torch.equal(feature, expected)
    assert [feature.shape[1:] for feature in judge(discriminator, image)[0]] == [
        (24, 16, 8), (40, 8, 4), (112, 4, 2), (320, 2, 1)]


@pytest.mark.parametrize('around', [
    None, dict(type='AugmentedDiscriminator', operations=['flip', 'translation']), dict(type='SeparateDiscriminators')])
def test_without_logits_the_decoder_does_not_run(around):
    """Nor where it stands within another discriminator."""
    torch.manual_seed(0)
    inner = dict(type='BackboneDiscriminator', num_classes=5, base_channels=2, detail_channels=3, weights='random')
    kinds = None if around is None else ['image']
    if around is None:
        discriminator = build()
    elif around['type'] == 'SeparateDiscriminators':
        discriminator = DISCRIMINATORS.build(dict(around, in_channels=8, networks=dict(image=inner)))
    else:
        discriminator = DISCRIMINATORS.build(dict(around, in_channels=8, discriminator=inner, num_classes=5))
    image = torch.rand(2, 3, 64, 32) * 2 - 1
    layout = Layout(label=torch.zeros(2, 64, 32, dtype=torch.long), num_classes=5)
    torch.manual_seed(1)
    whole = discriminator(layout, image, kinds)
    for part in discriminator.modules():
        if type(part).__name__ == 'Block':
            part.forward = lambda x: pytest.fail('the decoder ran')
    torch.manual_seed(1)
    alone = discriminator(layout, image, kinds, None, None, False)
    [features], [[*expected, _]] = (alone, whole) if kinds is None else (alone[0], whole[0])
    assert len(features) == len(expected) == 4 and all(map(torch.equal, features, expected))


@pytest.mark.parametrize('backbone', ['efficientnet_lite0', RESNET])
def test_the_backbone_is_no_parameter_nor_saved_and_stays_in_eval_mode(backbone):
    discriminator = build(backbone=backbone).train()
    network = discriminator.frozen.network
    assert not any(name.startswith('frozen') for name in discriminator.state_dict())
    own = {id(parameter) for parameter in discriminator.parameters()}
    assert not own & {id(parameter) for parameter in network.parameters()}
    assert not any(module.training for module in network.modules())
    before = hash_weights(network)
    judge(discriminator, torch.rand(2, 3, 64, 64))[1].mean().backward()
    assert hash_weights(network) == before and all(parameter.grad is None for parameter in network.parameters())
    assert not discriminator.relates_images  # no statistics of the batch: real and synthesised are judged at once
    assert list(discriminator.frozen_networks) == [before]
    assert DISCRIMINATORS.build(dict(type='SeparateDiscriminators', in_channels=3, num_classes=5, networks=dict(
        image=dict(type='BackboneDiscriminator', weights='random', base_channels=2)))).frozen_networks


def test_equals_a_plain_computation():
    """EfficientNet-Lite0's four sizes and the two that a trained branch reads, written out."""
    discriminator = settle(build())
    image = torch.rand(1, 3, 64, 32) * 2 - 1

    def convolve(layer, x):
        return F.conv2d(x, layer.weight, layer.bias, padding=layer.weight.shape[-1] // 2)

    def active(x):
        return torch.where(x > 0, x, 0.2 * x)

    def block(layers, x):
        shortcut = convolve(layers.conv_s, x) if layers.conv_0.in_channels != layers.conv_0.out_channels else x
        return shortcut + convolve(layers.conv_1, active(convolve(layers.conv_0, active(x))))

    def squeeze(x):
        mean = x.mean(1, keepdim=True)
        return 1 / (1 + torch.exp(-(x - mean) / ((x - mean).square().mean(1, keepdim=True) + 1e-5).sqrt()))

    fine = convolve(discriminator.detail[0], image)
    half = convolve(discriminator.detail[1], F.avg_pool2d(active(fine), 2))
    levels = [convolve(layer, squeeze(feature))
              for layer, feature in zip(discriminator.lateral, discriminator.frozen.network(image), strict=True)]
    first, *rest = reversed([fine, half, *levels])
    coarsest, *finer = reversed(discriminator.up)
    x = block(coarsest, first)
    for layers, level in zip(finer, rest, strict=True):
        x = block(layers, torch.cat([level, x.repeat_interleave(2, -1).repeat_interleave(2, -2)], 1))
    assert torch.allclose(judge(discriminator, image)[1], convolve(discriminator.last, x), atol=1e-5)


def test_widths_are_those_of_the_docstring():
    discriminator = build(base_channels=3)
    assert [block.conv_1.out_channels for block in discriminator.up] == [3, 6, 6, 12, 12, 24]
    layers = {name: parametrize.is_parametrized(module) for name, module in discriminator.named_modules()
              if isinstance(module, torch.nn.Conv2d)}
    assert {name for name, normed in layers.items() if not normed} == {'last'}


def test_conditioning_does_not_depend_on_scale_or_precision():
    x = torch.randn(2, 7, 3, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(condition_features, x)
    assert torch.allclose(condition_features(x), condition_features(1000 * x + 5), atol=1e-4)
    assert condition_features(x.bfloat16()).dtype == torch.bfloat16


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_channels_last_and_autocast(dtype):
    discriminator = settle(build())
    image = torch.rand(1, 3, 64, 32) * 2 - 1
    expected = judge(discriminator, image)[1]
    last = copy.deepcopy(discriminator).to(memory_format=torch.channels_last)
    assert last.frozen.network.stem.conv.weight.is_contiguous(memory_format=torch.channels_last)
    with torch.autocast('cpu', torch.bfloat16, enabled=dtype == torch.bfloat16):
        logits = judge(last, image.contiguous(memory_format=torch.channels_last))[1]
    assert (logits - expected).abs().max() < (1e-5 if dtype == torch.float32 else 0.05) * expected.abs().max()


def test_gray_images_and_no_others():
    discriminator = build(in_channels=1)
    assert judge(discriminator, torch.rand(1, 1, 32, 32))[1].shape == (1, 6, 32, 32)
    with pytest.raises(ValueError, match=facts('BackboneDiscriminator', 'in_channels=4', '3')):
        build(in_channels=4)


def test_backbones_of_torchvision_see_images_as_imagenet_has_them():
    discriminator = build(backbone='mobilenet_v3_small')
    image = torch.rand(1, 3, 32, 32)
    black_to_white = (image - torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / torch.tensor(
        [0.229, 0.224, 0.225]).view(3, 1, 1)
    expected = discriminator.frozen.network.network(black_to_white)
    assert all(torch.allclose(*pair, atol=1e-4)
               for pair in zip(judge(discriminator, 2 * image - 1)[0], expected, strict=True))


def test_weights_come_from_a_file(tmp_path):
    from torchvision.models import mobilenet_v3_small
    torch.save(mobilenet_v3_small().state_dict(), tmp_path / 'mobile.pth')
    one, two = (build(backbone='mobilenet_v3_small', weights=str(tmp_path / 'mobile.pth')) for _ in range(2))
    assert one.frozen_networks == two.frozen_networks and list(one.frozen_networks.values()) == ['mobilenet_v3_small']


@pytest.mark.parametrize(('options', 'message'), [
    (dict(conditioning='tanh'), facts('BackboneDiscriminator', "'tanh'", 'sigmoid', 'none')),
    (dict(enlarge=3), facts('BackboneDiscriminator', 'enlarge=3', '1/4', '1, 2, 4')),
    (dict(enlarge=8), facts('enlarge=8')), (dict(enlarge=0), facts('enlarge=0')),
    (dict(backbone='vgg11', enlarge=2), facts('enlarge=2', '1/1')),
    (dict(backbone=RESNET, weights=None), facts('ResNetV1c', 'no weights', 'weights=')),
    (dict(backbone='resnet5', weights=None), facts("'resnet5'", 'resnet50')),
    (dict(weights='nowhere.pth'), facts('nowhere.pth'))])
def test_what_cannot_be_built(options, message):
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        build(**options)


def test_the_installed_weights():
    try:
        efficientnet_lite(0)
    except FileNotFoundError:
        pytest.skip('the weights are not installed')
    assert build(weights=None).frozen_networks == build(weights=None).frozen_networks
