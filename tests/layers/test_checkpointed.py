import pytest
import torch
from torch import nn

from semsynth.generators import GlobalGenerator, LocalEnhancer
from semsynth.layers.checkpointed import CheckpointedSequential, sequence
from semsynth.layout import Layout

GENERATORS = [
    (GlobalGenerator, dict(base_channels=4, num_downsamples=2, num_blocks=2)),
    (LocalEnhancer, dict(base_channels=2, num_enhancers=2, num_blocks=1, num_global_downsamples=1,
                         num_global_blocks=1))]


def gradients(generator, x, autocast=False):
    style = x.clone().requires_grad_()
    with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
        image = generator(Layout(raw=style))['image']
    image.square().mean().backward()
    return dict(image=image, input=style.grad) | {name: p.grad for name, p in generator.named_parameters()}


@pytest.mark.parametrize('autocast', [False, True])
@pytest.mark.parametrize(('kind', 'arguments'), GENERATORS)
def test_same_names_outputs_and_gradients(kind, arguments, autocast):
    kept = kind(in_channels=3, **arguments)
    anew = kind(in_channels=3, **arguments, checkpoint_activations=True)
    anew.load_state_dict(kept.state_dict())
    x = torch.randn(2, 3, 16, 24)
    expected, found = gradients(kept, x, autocast), gradients(anew, x, autocast)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        assert torch.equal(value, found[name]), name


def saved_bytes(generator, x):
    sizes = {}

    def keep(tensor):
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = generator.features(Layout(raw=x))
    return sum(sizes.values()), output  # the output keeps storages, and so their addresses, from being used again


@pytest.mark.parametrize(('kind', 'arguments'), GENERATORS)
def test_less_is_kept(kind, arguments):
    x = torch.randn(1, 3, 64, 64)
    kept, anew = (saved_bytes(kind(in_channels=3, **arguments, checkpoint_activations=switch), x)[0]
                  for switch in (False, True))
    assert anew < kept / 2


def test_nothing_is_computed_twice_without_gradients():
    calls = []
    layer = nn.Linear(2, 2)
    layer.register_forward_pre_hook(lambda *_: calls.append(1))
    net = sequence(layer, nn.ReLU(), checkpoint_activations=True)
    assert type(net) is CheckpointedSequential
    with torch.no_grad():
        net(torch.ones(1, 2))
    assert len(calls) == 1
    net(torch.ones(1, 2)).sum().backward()
    assert len(calls) == 3
    net.requires_grad_(False)
    assert net(torch.ones(1, 2)).grad_fn is None
