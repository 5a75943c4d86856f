import pytest
import torch
from torch import nn

from semsynth.generators import (
    CCFPSEGenerator,
    GlobalGenerator,
    LabelEncoderGenerator,
    LGGANGenerator,
    LocalEnhancer,
    OASISGenerator,
    SPADEGenerator,
)
from semsynth.layers.checkpointed import CheckpointedSequential, sequence
from semsynth.layers.spectral import one_turn
from semsynth.layout import Layout

GENERATORS = [
    (GlobalGenerator, dict(base_channels=4, num_downsamples=2, num_blocks=2)),
    (LocalEnhancer, dict(base_channels=2, num_enhancers=2, num_blocks=1, num_global_downsamples=1,
                         num_global_blocks=1))]

SMALL = dict(base_channels=8, hidden_channels=8)
OF_BLOCKS = {  # with batch norm, whose statistics are to move once
    'spade': (SPADEGenerator, dict(SMALL, spectral='all')),
    'clade': (SPADEGenerator, dict(SMALL, modulation='clade_icpe', num_classes=3)),
    'inade': (SPADEGenerator, dict(SMALL, modulation='inade', num_classes=3, noise_channels=2, max_objects=5)),
    'ccfpse': (CCFPSEGenerator, dict(SMALL, pyramid_channels=8)),
    'oasis': (OASISGenerator, dict(SMALL, latent_dim=4)),
    'dp_sims': (LabelEncoderGenerator, dict(SMALL, encoder_channels=8, latent_dim=8, num_tokens=2)),
    'lggan': (LGGANGenerator, dict(SMALL, num_blocks=1))}
QUICK = 'clade'


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


@pytest.mark.parametrize('name', [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow)
                                  for name in OF_BLOCKS])
def test_blocks_and_their_statistics_are_the_same(name):
    kind, arguments = OF_BLOCKS[name]
    kept, anew = (kind(in_channels=3, **arguments, checkpoint_activations=switch).double() for switch in (False, True))
    anew.load_state_dict(kept.state_dict())
    label = torch.randint(3, (2, 64, 64))
    latent = torch.randn(2, kept.latent_dim, dtype=torch.float64) if kept.latent_dim else None
    found = []
    for generator in (kept, anew):
        layout = Layout(label=label, num_classes=3, latent=latent)
        layout.__dict__['unstyled'] = layout.unstyled.double()
        with one_turn(generator):
            for _ in range(2):  # as parts of a batch
                features = generator.features(layout)
                features.square().mean().backward(retain_graph=True)
        found.append(dict(features=features.detach(), **generator.state_dict(), **{
            f'gradient of {key}': each.grad for key, each in generator.named_parameters() if each.grad is not None}))
    assert found[0].keys() == found[1].keys() and any('gradient' in key for key in found[0])
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-14)
    sizes = [saved_bytes(generator, layout)[0] for generator in (kept, anew)]
    assert sizes[1] < sizes[0] / 1.5, sizes


def saved_bytes(generator, x):
    sizes = {}

    def keep(tensor):
        sizes[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = generator.features(x if isinstance(x, Layout) else Layout(raw=x))
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
