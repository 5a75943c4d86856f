import pytest
import torch
from torch import nn

from semsynth.ops import class_specific
from semsynth.ops.class_specific import class_specific_image, masked_class_specific_image

CLASSES, CHANNELS, HEIGHT, WIDTH = 4, 5, 7, 9
MAPS = {
    'all classes': torch.arange(2 * HEIGHT * WIDTH).view(2, HEIGHT, WIDTH) // 3 % CLASSES,
    'one class': torch.full((1, HEIGHT, WIDTH), 2),
    'a class of one pixel': torch.zeros(1, HEIGHT, WIDTH, dtype=torch.long).index_fill_(1, torch.tensor(3), 1).tril(3),
    'one pixel': torch.full((1, 1, 1), 3),
}


@pytest.fixture(params=['as on a CPU', 'as on a GPU'], autouse=True)
def way(request, monkeypatch):
    """Rows are in groups of two kinds, both of which a CPU can multiply."""
    monkeypatch.setattr(class_specific, '_in_blocks', lambda features: request.param == 'as on a GPU')
    monkeypatch.setattr(class_specific, 'ROWS', 4)


def layers(dtype=torch.float64, classes=CLASSES):
    """Weights and biases, drawn."""
    shapes = [((classes, width, CHANNELS, 3, 3), (classes, width)) for width in (CHANNELS, CHANNELS, 3)]
    return [tuple((torch.randn(shape, dtype=dtype) * 0.2).requires_grad_() for shape in layer) for layer in shapes]


def features(label, dtype=torch.float64):
    return torch.randn(len(label), CHANNELS, *label.shape[1:], dtype=dtype, requires_grad=True)


def image_and_gradients(function, x, label, weights, unknown=None):
    image = function(x, label, weights, unknown)
    aims = torch.linspace(-1, 1, image.numel(), dtype=image.dtype).view_as(image)
    return [image, *torch.autograd.grad((image * aims).sum(), [x, *(part for layer in weights for part in layer)])]


@pytest.mark.parametrize('gathered', [4, 4096])
@pytest.mark.parametrize('unknown', [None, 2])
@pytest.mark.parametrize('label', MAPS.values(), ids=MAPS)
def test_equals_the_plain_version(label, unknown, gathered, monkeypatch):
    for name in 'GATHERED_BY_CLASS', 'GATHERED_BY_BLOCK':
        monkeypatch.setattr(class_specific, name, gathered)
    x, weights = features(label), layers()
    fast = image_and_gradients(class_specific_image, x, label, weights, unknown)
    plain = image_and_gradients(masked_class_specific_image, x, label, weights, unknown)
    for ours, theirs in zip(fast, plain, strict=True):
        assert ours.shape == theirs.shape and torch.allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize('gathered', [4, 4096])
@pytest.mark.parametrize(('size', 'widths'), [(7, (3,)), (5, (4, 2)), (1, (3,))])
def test_any_odd_kernels_and_number_of_layers(size, widths, gathered, monkeypatch):
    for name in 'GATHERED_BY_CLASS', 'GATHERED_BY_BLOCK':
        monkeypatch.setattr(class_specific, name, gathered)
    label = MAPS['all classes']
    shapes = zip(widths, (CHANNELS, *widths), strict=False)
    weights = [(torch.randn(CLASSES, out, before, size, size, dtype=torch.float64, requires_grad=True),
                torch.randn(CLASSES, out, dtype=torch.float64, requires_grad=True)) for out, before in shapes]
    x = features(label)
    found, expected = (image_and_gradients(function, x, label, weights)
                       for function in (class_specific_image, masked_class_specific_image))
    assert found[0].shape == (2, widths[-1], HEIGHT, WIDTH)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


def test_equals_the_plain_version_in_float32():
    label = MAPS['all classes']
    x, weights = features(label, torch.float32), layers(torch.float32)
    fast = image_and_gradients(class_specific_image, x, label, weights)
    plain = image_and_gradients(masked_class_specific_image, x, label, weights)
    for ours, theirs in zip(fast, plain, strict=True):
        assert (ours - theirs).abs().max() < 1e-5 * theirs.abs().max()


@pytest.mark.parametrize('memory_format', [torch.contiguous_format, torch.channels_last])
def test_either_order_in_memory(memory_format):
    label = MAPS['all classes']
    x, weights = features(label), layers()
    there = x.detach().to(memory_format=memory_format).requires_grad_()
    weights_there = [((weight.detach().movedim(2, -1).contiguous().movedim(-1, 2)  # as ``ClassConvolution`` has them
                       if memory_format == torch.channels_last else weight), bias) for weight, bias in weights]
    found, expected = (image_and_gradients(class_specific_image, *each) for each in (
        (there, label, [(weight.requires_grad_(), bias) for weight, bias in weights_there]), (x, label, weights)))
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


def test_two_runs_are_equal():
    label = MAPS['all classes']
    x, weights = features(label, torch.float32), layers(torch.float32)
    first, second = (image_and_gradients(class_specific_image, x, label, weights) for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))


def test_equals_every_class_by_torchs_own_convolutions():
    label = MAPS['all classes']
    x, weights = features(label), layers()
    expected = torch.zeros(2, 3, HEIGHT, WIDTH, dtype=torch.float64)
    for number in range(CLASSES):
        mask, hidden = (label == number).unsqueeze(1), x
        for (weight, bias), activate in zip(weights, (torch.relu, torch.relu, torch.tanh), strict=True):
            convolution = nn.Conv2d(CHANNELS, weight.shape[1], 3, padding=1).double()
            convolution.load_state_dict(dict(weight=weight[number], bias=bias[number]))
            hidden = activate(convolution(hidden * mask))
        expected += hidden * mask
    assert torch.allclose(class_specific_image(x, label, weights), expected)


def test_gradient():
    label = MAPS['all classes'][:1, :3, :3] % 2
    x, weights = features(label), layers()
    flat = [part[:2].detach().requires_grad_() for layer in weights for part in layer]

    def run(x, *flat):
        return class_specific_image(x, label, list(zip(flat[::2], flat[1::2], strict=True)))

    assert torch.autograd.gradcheck(run, (x, *flat), fast_mode=True)


def test_nothing_crosses_from_class_to_class():
    label = MAPS['all classes']
    x, weights = features(label), layers()
    changed = torch.where((label == 1).unsqueeze(1), x + torch.randn_like(x), x)
    before, after = (class_specific_image(each, label, weights) for each in (x, changed))
    same = (before == after).all(1)
    assert same[label != 1].all() and not same[label == 1].any()


def test_unknown_pixels_are_0():
    label = MAPS['all classes']
    image = class_specific_image(features(label), label, layers(), unknown=2).movedim(1, -1)
    assert not image[label == 2].any() and image[label != 2].all()


@pytest.mark.parametrize(('number', 'unknown', 'learns'), [(1, None, [1]), (1, 1, [])])
def test_classes_that_are_absent_or_unknown_get_a_gradient_of_0(number, unknown, learns):
    label = torch.full((2, HEIGHT, WIDTH), number)
    _, _, *gradients = image_and_gradients(class_specific_image, features(label), label, layers(), unknown)
    for gradient in gradients:
        assert gradient.flatten(1).any(1).nonzero().flatten().tolist() == learns


def test_under_autocast_it_is_as_exact_as_convolutions_are(monkeypatch):
    for name in 'GATHERED_BY_CLASS', 'GATHERED_BY_BLOCK':
        monkeypatch.setattr(class_specific, name, 64)  # a class's gradient is the sum of many blocks'
    label = MAPS['all classes'].repeat(1, 5, 5)
    x, weights = features(label, torch.float32), layers(torch.float32)
    exact = image_and_gradients(masked_class_specific_image, x, label, weights)
    with torch.autocast('cpu', torch.bfloat16):
        plain = image_and_gradients(masked_class_specific_image, x, label, weights)
        fast = image_and_gradients(class_specific_image, x, label, weights)
    for ours, theirs, right in zip(fast, plain, exact, strict=True):
        assert ours.dtype == torch.float32
        assert 0 < (ours - right).norm() < 1.2 * (theirs - right).norm() < 0.1 * right.norm()


def test_the_gradient_has_none_of_its_own_and_says_so():
    label = MAPS['all classes']
    x, weights = features(label), layers()
    gradient, = torch.autograd.grad(class_specific_image(x, label, weights).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match='This gradient has none of its own'):
        gradient.square().sum().backward()
