import pytest
import torch
import torch.nn.functional as F

from semsynth.heads import LGGANHead
from semsynth.layout import Layout

C, N, HEIGHT, WIDTH = 4, 5, 7, 9
IMAGES = ['image', 'global', 'local', 'class_specific']


def scene(images=2, dtype=torch.float32):
    """Class 4 is absent, class 3 only in the first image."""
    label = torch.randint(3, (images, HEIGHT, WIDTH))
    label[0, 2, 1:5] = 3
    return torch.randn(images, 3 * C, HEIGHT, WIDTH, dtype=dtype), Layout(label, N, unknown=1)


def leaky(x):
    return torch.maximum(x, 0.2 * x)


def plain(head, features, layout):
    """Class by class and image by image, as the released code's layers are known, but masked after the convolution."""
    wide, near, weights = leaky(features).split(C, 1) if head.split else [leaky(features)] * 3
    outputs = {'global': torch.tanh(F.conv2d(wide, head.global_image.weight, head.global_image.bias, padding=1))}
    channels, scores = [], []
    for number in range(N):
        mask = (layout.label == number).unsqueeze(1)
        own = near * mask
        convolved = F.conv2d(F.pad(own, (3, 3, 3, 3), mode='reflect'), head.class_images.kernels[number],
                             head.class_images.bias[number])
        channels.append(torch.tanh(convolved) * mask)
        if head.classify is not None:
            scores.append(own.mean((2, 3)) @ head.classify.weight.T + head.classify.bias)
    outputs['class_specific'] = sum(channels)
    outputs['local'] = outputs['class_specific'] if head.joined is None else torch.tanh(
        F.conv2d(torch.cat(channels, 1), head.joined.weight, head.joined.bias, padding=1))
    first, second = F.conv2d(weights, head.weigh.weight, head.weigh.bias).exp().unbind(1)
    share = (first / (first + second)).unsqueeze(1)
    outputs['image'] = share * outputs['local'] + (1 - share) * outputs['global']
    return outputs | ({'class_scores': torch.stack(scores, 1)} if scores else {})


@pytest.mark.parametrize('images', [1, 2])
@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('options', [dict(split=True), dict(), dict(join='sum'), dict(class_scores=False)])
def test_equals_the_classes_one_by_one(options, memory_format, images):
    features, layout = scene(images)
    features = features.to(memory_format=memory_format)
    features = features if options.get('split') else features[:, :C]
    head = LGGANHead(features.shape[1], N, **options)
    extras = ['class_scores'] if options.get('class_scores', True) else []
    outputs, expected = head(features, layout), plain(head, features, layout)
    assert set(outputs) == set(expected) == set(head.outputs) == {*IMAGES, *extras}
    for name, output in outputs.items():
        torch.testing.assert_close(output, expected[name], atol=1e-6, rtol=1e-5)


def test_gradients_equal_those_of_the_classes_one_by_one():
    features, layout = scene(dtype=torch.float64)
    head, found = LGGANHead(3 * C, N, split=True).double(), []
    for compute in (head, lambda *inputs: plain(head, *inputs)):
        inputs = features.clone().requires_grad_()
        outputs = compute(inputs, layout)
        loss = sum((outputs[name].double() * torch.linspace(-1, 1, outputs[name].numel()).view_as(outputs[name])).sum()
                   for name in sorted(outputs))
        found.append(torch.autograd.grad(loss, [inputs, *head.parameters()]))
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)  # images are float32


def test_all_learns_from_the_image_and_the_scores():
    head, (features, layout) = LGGANHead(3 * C, N, split=True), scene()
    outputs = head(features, layout)
    assert head.must_be_read == ('image', 'class_scores')
    sum(outputs[name].square().sum() for name in head.must_be_read).backward()
    assert all(parameter.grad is not None for parameter in head.parameters())
    gradient = head.class_images.weight.grad.unflatten(0, (N, -1))
    assert gradient[:4].flatten(1).any(1).all() and not gradient[4].any()  # that of the absent class is 0


def test_views_are_three_images_and_one_for_losses_that_name_it():
    views = LGGANHead(C, N).views
    assert {name: (view.real, view.weight) for name, view in views.items()} == {
        'image': ('image', 1), 'global': ('image', 1), 'local': ('image', 1), 'class_specific': ('image', 0)}


@torch.no_grad()
def test_fixed_shapes_compute_the_same(monkeypatch):
    head, (features, layout) = LGGANHead(3 * C, N, split=True), scene()
    before = head(features, layout)
    head.fix_shapes()
    monkeypatch.delattr('semsynth.heads.lggan.class_specific_image')  # whose shapes depend on the label map
    for name, after in head(features, layout).items():
        torch.testing.assert_close(after, before[name], atol=1e-6, rtol=0)


@torch.no_grad()
def test_without_extras_the_images_stay():
    head, (features, layout) = LGGANHead(3 * C, N, split=True), scene()
    before = head(features, layout)
    head.drop_extras()
    after = head(features, layout)
    assert list(after) == list(head.outputs) == IMAGES and all(torch.equal(after[name], before[name]) for name in after)
    assert head.captions.keys() == after.keys()


@torch.no_grad()
def test_inner_values_are_the_weights():
    head, (features, layout) = LGGANHead(3 * C, N, split=True), scene()
    outputs, values = head(features, layout), head.inner_values(features, layout)
    assert list(values) == ['local_weight', 'global_weight']
    assert torch.allclose(sum(values.values()), torch.ones(2, 1, HEIGHT, WIDTH))
    image = values['local_weight'] * outputs['local'] + values['global_weight'] * outputs['global']
    assert torch.equal(image, outputs['image']) and head.weight_captions.keys() == values.keys()


def test_outputs_are_float32_under_autocast():
    head, (features, layout) = LGGANHead(3 * C, N, split=True), scene()
    exact = head(features, layout)
    with torch.autocast('cpu', torch.bfloat16):
        outputs = head(features, layout)
    for name, output in outputs.items():
        assert output.dtype == torch.float32 and (output - exact[name]).abs().max() < 0.03


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="join='mean' is unknown; use one of convolution, sum"):
        LGGANHead(C, N, join='mean')
    with pytest.raises(ValueError, match='4 channels cannot be split in three; set split=False'):
        LGGANHead(C, N, split=True)
    head = LGGANHead(C, N)
    with pytest.raises(ValueError, match='num_classes=5, but the layout has 6 classes'):
        head(torch.zeros(1, C, 8, 8), Layout(torch.zeros(1, 8, 8, dtype=torch.long), 6))
    with pytest.raises(ValueError, match='num_classes=5, but the layout has no label map'):
        head(torch.zeros(1, C, 8, 8), Layout(raw=torch.zeros(1, 3, 8, 8)))
