import torch
import torch.nn.functional as F

from semsynth.ops.class_specific import class_specific_image

CLASSES, CHANNELS = 3, 4


def draw(dtype=torch.float64):
    label = torch.randint(CLASSES, (2, 5, 7))
    masks = F.one_hot(label, CLASSES).movedim(-1, 1).to(dtype)
    shapes = [(CHANNELS, CHANNELS, 3, 3), (CHANNELS,), (CHANNELS, CHANNELS, 3, 3), (CHANNELS,), (3, CHANNELS, 3, 3),
              (3,)]
    weights = [tuple(torch.randn(shape, dtype=dtype) * 0.3 for shape in shapes) for _ in range(CLASSES)]
    return torch.randn(2, CHANNELS, 5, 7, dtype=dtype), label, masks, weights


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
    features, label, masks, weights = draw()
    expected = features
    for layer, activation in ((0, torch.relu), (2, torch.relu), (4, torch.tanh)):
        kernels, biases = [w[layer] for w in weights], [w[layer + 1] for w in weights]
        expected = activation(own_convolution(expected, label, kernels, biases))
    assert torch.allclose(class_specific_image(features, masks, weights), expected)


def test_gradient():
    features, _, masks, weights = draw()
    features, masks = features[:1, :, :3, :3].requires_grad_(), masks[:1, :, :3, :3]
    parameters = [parameter.requires_grad_() for each in weights[:2] for parameter in each]

    def run(x, *flat):
        return class_specific_image(x, masks[:, :2], [flat[:6], flat[6:]])

    assert torch.autograd.gradcheck(run, (features, *parameters), fast_mode=True)


def test_nothing_crosses_from_class_to_class():
    features, label, masks, weights = draw()
    changed = torch.where((label == 1).unsqueeze(1), features + torch.randn_like(features), features)
    before, after = (class_specific_image(x, masks, weights) for x in (features, changed))
    same = (before == after).all(1)
    assert same[label != 1].all() and not same[label == 1].any()


def test_pixels_of_no_class_are_0():
    features, label, masks, weights = draw()
    masks[:, 2] = 0
    assert not class_specific_image(features, masks, weights).movedim(1, -1)[label == 2].any()
