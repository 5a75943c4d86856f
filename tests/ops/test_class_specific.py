import torch

from semsynth.ops.class_specific import class_specific_image

CLASSES, CHANNELS = 3, 4


def draw(dtype=torch.float64):
    label = torch.randint(CLASSES, (2, 5, 7))
    shapes = [(CHANNELS, CHANNELS, 3, 3), (CHANNELS,), (CHANNELS, CHANNELS, 3, 3), (CHANNELS,), (3, CHANNELS, 3, 3),
              (3,)]
    weights = [tuple(torch.randn(shape, dtype=dtype) * 0.3 for shape in shapes) for _ in range(CLASSES)]
    return torch.randn(2, CHANNELS, 5, 7, dtype=dtype), label, weights


def own_convolution(x, label, weights, bias):
    """Convolution whose kernel is the pixel's own class's, over neighbours of that class only, tap by tap."""
    batch, _, height, width = x.shape
    out = torch.zeros(batch, weights[0].shape[0], height, width, dtype=x.dtype)
    for b in range(batch):
        for i in range(height):
            for j in range(width):
                own = label[b, i, j]
                out[b, :, i, j] = bias[own]
                for u in (-1, 0, 1):
                    for v in (-1, 0, 1):
                        row, column = i + u, j + v
                        if 0 <= row < height and 0 <= column < width and label[b, row, column] == own:
                            out[b, :, i, j] += weights[own][:, :, u + 1, v + 1] @ x[b, :, row, column]
    return out


def test_equals_every_pixel_by_its_own_class():
    features, label, weights = draw()
    expected = features
    for layer, activation in ((0, torch.relu), (2, torch.relu), (4, torch.tanh)):
        kernels, biases = [w[layer] for w in weights], [w[layer + 1] for w in weights]
        expected = activation(own_convolution(expected, label, kernels, biases))
    assert torch.allclose(class_specific_image(features, label, weights), expected)


def test_gradient():
    features, label, weights = draw()
    features, label = features[:1, :, :3, :3].requires_grad_(), label[:1, :3, :3].clamp(max=1)
    parameters = [parameter.requires_grad_() for each in weights[:2] for parameter in each]

    def run(x, *flat):
        return class_specific_image(x, label, [flat[:6], flat[6:]])

    assert torch.autograd.gradcheck(run, (features, *parameters), fast_mode=True)


def test_nothing_crosses_from_class_to_class():
    features, label, weights = draw()
    changed = torch.where((label == 1).unsqueeze(1), features + torch.randn_like(features), features)
    before, after = (class_specific_image(x, label, weights) for x in (features, changed))
    same = (before == after).all(1)
    assert same[label != 1].all() and not same[label == 1].any()


def test_unknown_pixels_are_0():
    features, label, weights = draw()
    image = class_specific_image(features, label, weights, unknown=2).movedim(1, -1)
    assert not image[label == 2].any() and image[label != 2].all()


def test_classes_that_are_absent_get_a_gradient_of_0():
    features, label, weights = draw()
    flat = [parameter.requires_grad_() for each in weights for parameter in each]
    label = torch.ones_like(label)
    gradients = torch.autograd.grad(class_specific_image(features, label, weights).sum(), flat)
    assert [gradient.any().item() for gradient in gradients] == [False] * 6 + [True] * 6 + [False] * 6
