import pytest
import torch
import torch.nn.functional as F
import torchvision
from mmengine.registry import DefaultScope
from torch import nn

from helpers import stubs
from helpers.facts import facts
from semsynth.generators import BackboneGenerator
from semsynth.layers.backbones import Levels, build_backbone
from semsynth.layout import Layout
from semsynth.registry import MODELS

RESNET = dict(type='ResNetV1c', depth=18, base_channels=8, stem_channels=8)


def build(backbone=RESNET, **changes):
    return BackboneGenerator(in_channels=5, backbone=backbone, feature_channels=4, **changes)


def layout(height=64, width=96):
    return Layout(label=torch.randint(5, (2, height, width)), num_classes=5)


@pytest.mark.parametrize(('backbone', 'widths'), [
    ('resnet18', [64, 64, 128, 256, 512]), ('alexnet', [64, 192, 256, 256]),
    ('vgg11', [64, 128, 256, 512, 512, 512]),
    (RESNET, [8, 16, 32, 64]),
    (dict(type='MixVisionTransformer', embed_dims=4, num_layers=[1, 1, 1, 1]), [4, 8, 16, 32]),
    (dict(type='UNet', base_channels=2), [2, 4, 8, 16, 32]), (dict(RESNET, out_indices=(0, 3)), [8, 64]),
    (dict(type='MobileNetV2', widen_factor=0.25, out_indices=(1, 6)), [8, 80]),
    # reads the layout at three depths
    (dict(type='CGNet', num_channels=(4, 8, 8), num_blocks=(1, 1), reductions=(2, 4)), [9, 21, 16]),
    (dict(RESNET, with_cp=True), [8, 16, 32, 64])])
def test_any_backbone(backbone, widths):
    generator = build(backbone)
    assert [lateral.in_channels for lateral in generator.lateral] == [5, *widths]
    generator(layout())['image'].square().mean().backward()
    assert not [name for name, parameter in generator.named_parameters() if parameter.grad is None]


@torch.no_grad()
def test_levels_are_added_from_the_coarsest_on():
    generator, scene = build().eval(), layout()
    levels = [scene.one_hot, *generator.backbone(scene.one_hot)]
    assert [tuple(level.shape[-2:]) for level in levels] == [(64, 96), (16, 24), (8, 12), (4, 6), (2, 3)]
    x = generator.lateral[4](levels[4])
    for number in (3, 2, 1, 0):
        x = F.interpolate(x, levels[number].shape[-2:], mode='bilinear') + generator.lateral[number](levels[number])
        x = generator.refine[number](torch.where(x > 0, x, 0.2 * x))
    torch.testing.assert_close(generator.features(scene), x)


def test_levels_are_the_last_of_each_size():
    layers = Levels(nn.Conv2d(2, 3, 3, 2, 1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 4, 1), nn.AvgPool2d(2))
    x = torch.randn(1, 2, 16, 24)
    first = layers[1](layers[0](x))
    second = layers[3](layers[2](first))
    for found, expected in zip(layers(x), (first, second, layers[4](second)), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize('channels', [3, 5])
def test_weights_of_a_classifier(channels, tmp_path):
    official = torchvision.models.resnet18()
    torch.save(official.state_dict(), tmp_path / 'resnet18.pth')
    network = build_backbone('resnet18', channels, tmp_path / 'resnet18.pth')
    assert network[0].in_channels == channels
    assert torch.equal(network[-1][1].conv2.weight, official.layer4[1].conv2.weight)
    if channels == 3:  # as ours then sees what it was trained on
        image = torch.randn(1, 3, 64, 64)
        pooled = network.eval()(image)[-1].mean((2, 3))
        torch.testing.assert_close(official.fc(pooled), official.eval()(image))


def test_weights_of_a_segmentor(tmp_path):
    trained = build_backbone(RESNET, 3)
    state = {f'backbone.{name}': value for name, value in trained.state_dict().items()}
    torch.save(dict(state_dict=state | {'decode_head.weight': torch.ones(1)}), tmp_path / 'segmentor.pth')
    network = build(pretrained=tmp_path / 'segmentor.pth').backbone
    own, theirs = network.state_dict(), trained.state_dict()
    assert own['stem.0.weight'].shape == (4, 5, 3, 3)
    assert all(torch.equal(own[name], theirs[name]) for name in theirs if name != 'stem.0.weight')


def test_weights_of_another_network_are_refused(tmp_path):
    torch.save(torchvision.models.resnet18().state_dict(), tmp_path / 'resnet18.pth')
    with pytest.raises(ValueError, match=r'resnet18\.pth are not those of ResNetV1c: stem.*another shape'):
        build(pretrained=tmp_path / 'resnet18.pth')
    with pytest.raises(ValueError, match=facts('resnet18.pth', 'alexnet', 'features.0.weight', '16 in all')):
        build('alexnet', pretrained=tmp_path / 'resnet18.pth')
    with pytest.raises(FileNotFoundError, match=r'no weight file nowhere\.pth'):
        build(pretrained='nowhere.pth')


def test_nothing_is_downloaded(monkeypatch):
    monkeypatch.setattr('torch.hub.load_state_dict_from_url', lambda *_, **__: pytest.fail('a download'))
    build('resnet18')
    build(dict(RESNET, pretrained='open-mmlab://resnet18_v1c')).backbone.init_weights()


def test_unknown_classifiers_are_named():
    with pytest.raises(ValueError, match="'resnet81' is no classifier of torchvision: did you mean resnet18"):
        build('resnet81')
    with pytest.raises(ValueError, match="backbone='vit_b_16': its layers do not follow one another"):
        build('vit_b_16')


def test_unknown_backbones_of_mmseg_are_named():
    with pytest.raises(ValueError, match="type='ResNetV1e' is no backbone of mmseg: did you mean ResNetV1"):
        build(dict(RESNET, type='ResNetV1e'))
    with pytest.raises(ValueError, match='type=None is no backbone of mmseg: one of them is ResNetV1c'):
        build(dict(depth=18))


def test_a_name_like_no_other():
    with pytest.raises(ValueError, match=r'is no classifier of torchvision: one of them is resnet50\. A backbone'):
        build('xyz')


def test_what_makes_no_features_is_refused():
    with pytest.raises(ValueError, match=facts('backbone', 'FCNHead', '5 channels', '64x64')):
        build(dict(type='FCNHead', in_channels=3, channels=4, num_classes=3))


def test_other_features_in_training_than_in_evaluation_are_refused():
    with pytest.raises(ValueError, match=facts('DDRNet', '2 features in training', '1 in evaluation')):
        build(dict(type='DDRNet', channels=4, ppm_channels=4))


def test_trying_a_backbone_leaves_its_statistics():
    norms = [part for part in build().backbone.modules() if isinstance(part, nn.BatchNorm2d)]
    assert all(norm.num_batches_tracked == 0 and norm.training for norm in norms)


def test_training_does_not_draw_loaded_weights_anew(tmp_path):
    trained = build_backbone(RESNET, 3).state_dict()
    torch.save(trained, tmp_path / 'trained.pth')
    with DefaultScope.overwrite_default_scope('semsynth'):
        model = MODELS.build(stubs.config(generator=dict(
            type='BackboneGenerator', backbone=RESNET, feature_channels=4, pretrained=str(tmp_path / 'trained.pth'))))
    model.init_weights()  # as a Runner does
    own = model.generator.backbone.state_dict()
    assert all(torch.equal(own[name], trained[name]) for name in trained if name != 'stem.0.weight')


def test_stages_that_no_feature_needs_are_refused():
    """They would get no gradient, and several ranks would wait for it for ever."""
    with pytest.raises(ValueError, match=facts('ResNetV1c', 'layer3.0', '30 parameters')):
        build(dict(RESNET, out_indices=(0, 1)))
    assert [lateral.in_channels for lateral in build(dict(
        RESNET, num_stages=2, strides=(1, 2), dilations=(1, 1), out_indices=(0, 1))).lateral] == [5, 8, 16]


@pytest.mark.parametrize(('stages', 'frozen'), [
    (1, {'stem', 'layer1'}), (4, {'stem', 'layer1', 'layer2', 'layer3', 'layer4'})])
def test_frozen_stages_are_left_as_they_are(stages, frozen):
    generator = build(dict(RESNET, frozen_stages=stages))
    generator(layout())['image'].square().mean().backward()
    assert {name.split('.')[1] for name, parameter in generator.named_parameters() if parameter.grad is None} == frozen


@pytest.mark.parametrize('training', [True, False])
def test_one_image_has_the_gradients_that_it_has_beside_its_twin(training):
    """On a CPU, torch's batch norm behind a view, as here, reads the gradient of one image in the wrong order."""
    network = build_backbone(dict(type='MSCAN', embed_dims=[4, 4, 8, 8], depths=[1, 1, 1, 1], mlp_ratios=[2, 2, 2, 2],
                                  drop_path_rate=0.0, norm_cfg=dict(type='BN')), 5).double().train(training)
    image, gradients = torch.randn(1, 5, 64, 96, dtype=torch.float64), []
    for images in (image.requires_grad_(), image.detach().repeat(2, 1, 1, 1).requires_grad_()):
        loss = sum((level.flatten(1) @ level[0].detach().flatten().sin()).sum() for level in network(images))
        gradients.append(torch.autograd.grad(loss, images)[0])
    torch.testing.assert_close(gradients[0], gradients[1][:1])
