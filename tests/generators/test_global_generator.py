import torch
import torch.nn.functional as F

from semsynth.generators import GlobalGenerator, LocalEnhancer
from semsynth.layout import Layout


def weighted(net):
    """Weight and bias of every layer that has them, in order."""
    return iter([(layer.weight, layer.bias) for layer in net.modules() if getattr(layer, 'weight', None) is not None])


def reflect(x, width, weight, bias):
    return F.conv2d(F.pad(x, [width] * 4, mode='reflect'), weight, bias)


def global_network(x, layers, downsamples, blocks):
    """pix2pixHD's appendix B, line by line."""
    x = F.relu(F.instance_norm(reflect(x, 3, *next(layers))))
    for _ in range(downsamples):
        x = F.relu(F.instance_norm(F.conv2d(x, *next(layers), stride=2, padding=1)))
    for _ in range(blocks):
        x = residual(x, layers)
    for _ in range(downsamples):
        x = F.relu(F.instance_norm(F.conv_transpose2d(x, *next(layers), stride=2, padding=1, output_padding=1)))
    return x


def residual(x, layers):
    hidden = F.relu(F.instance_norm(reflect(x, 1, *next(layers))))
    return x + F.instance_norm(reflect(hidden, 1, *next(layers)))


def enhance(x, coarse, layers, blocks):
    x = F.relu(F.instance_norm(reflect(x, 3, *next(layers))))
    x = F.relu(F.instance_norm(F.conv2d(x, *next(layers), stride=2, padding=1))) + coarse
    for _ in range(blocks):
        x = residual(x, layers)
    return F.relu(F.instance_norm(F.conv_transpose2d(x, *next(layers), stride=2, padding=1, output_padding=1)))


def half(x):
    return F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)


def test_global_generator_equals_the_paper():
    generator = GlobalGenerator(in_channels=3, base_channels=4, num_downsamples=2, num_blocks=2)
    x = torch.randn(2, 3, 12, 20)
    features = global_network(x, weighted(generator.global_network), 2, 2)
    image = torch.tanh(reflect(features, 3, *next(weighted(generator.head))))
    layout = Layout(raw=x)
    assert torch.allclose(generator.features(layout), features, atol=1e-5)
    assert torch.allclose(generator(layout)['image'], image, atol=1e-5)


def test_local_enhancer_equals_the_paper():
    generator = LocalEnhancer(in_channels=3, base_channels=2, num_enhancers=2, num_blocks=1, num_global_downsamples=1,
                              num_global_blocks=1)
    x = torch.randn(1, 3, 16, 32)
    features = global_network(half(half(x)), weighted(generator.global_network), 1, 1)
    features = enhance(half(x), features, weighted(generator.enhancers[0]), 1)
    features = enhance(x, features, weighted(generator.enhancers[1]), 1)
    assert torch.allclose(generator.features(Layout(raw=x)), features, atol=1e-4)


def test_names_are_kept_when_enhancers_are_added():
    grown = dict(in_channels=3, num_blocks=1, num_global_downsamples=1, num_global_blocks=1)
    stages = [GlobalGenerator(3, base_channels=8, num_downsamples=1, num_blocks=1),
              LocalEnhancer(base_channels=4, num_enhancers=1, **grown),
              LocalEnhancer(base_channels=2, num_enhancers=2, **grown)]
    shapes = [{name: value.shape for name, value in stage.state_dict().items() if not name.startswith('head.')}
              for stage in stages]
    assert shapes[0].items() <= shapes[1].items() <= shapes[2].items()


def test_initial_weights_are_normal_also_the_heads():
    generator = GlobalGenerator(in_channels=3, base_channels=16, num_downsamples=1, num_blocks=1)
    for weight, _ in weighted(generator):
        assert 0.015 < weight.std() < 0.025
