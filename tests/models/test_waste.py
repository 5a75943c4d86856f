"""What a step of training must not do twice, or at all: counted, on whole methods."""

import sys
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

import semsynth
import semsynth.layout as layouts
from helpers.narrow import SIZE, narrow
from semsynth.layers.frozen import Frozen
from semsynth.ops import class_specific
from semsynth.studies.benchmark.step import build, draw_batch

ECGAN, PIX2PIXHD = 'configs/ecgan/ecgan_cityscapes.py', 'configs/pix2pixhd/pix2pixhd_global_cityscapes_512x1024.py'
BATCH = 2
PACKAGE = Path(semsynth.__file__).parent
CONVOLUTIONS = (nn.Conv2d, nn.ConvTranspose2d)
READS = {'_local_scalar_dense', 'nonzero', 'masked_select', '_unique2', 'unique_consecutive', 'bincount'}
"""Operations that wait for the device, or for a count of it."""
ON_CPUS_ALONE = {'data/preprocessor.py', 'segmentors/base.py', 'ops/similarity/by_class.py'}
"""Where numbers are read of tensors that lie on a CPU, for the sake of clear errors or, there, of speed."""


class Watch(TorchDispatchMode):
    """Counts gradients of convolutions' weights, and the files whose code reads numbers."""

    def __init__(self):
        super().__init__()
        self.weight_gradients, self.reads = 0, set()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        if name == 'convolution_backward':
            self.weight_gradients += args[10][1]
        if name in READS:
            self.note()
        return func(*args, **(kwargs or {}))

    def note(self):
        frame = sys._getframe()
        while frame and PACKAGE not in Path(frame.f_code.co_filename).parents:
            frame = frame.f_back
        self.reads.add(Path(frame.f_code.co_filename).relative_to(PACKAGE).as_posix() if frame else 'elsewhere')

    def tolist(self, tensor):
        """In the place of a tensor's own, which is no operation on a CPU."""
        self.note()
        return tensor.detach().numpy().tolist()


def prepare(path, **options):
    model, players = build(narrow(path, 'nowhere', **options), 'float32', 'cpu')
    return model, players, draw_batch(model, (SIZE, SIZE), BATCH)


def listen(module, calls):
    """Note the number of images, and whether a graph is kept, of every forward pass."""
    def note(module, inputs, output):
        while not isinstance(output, torch.Tensor):
            output = next(iter(output.values())) if isinstance(output, dict) else output[-1]
        calls.append((len(inputs[0]) // BATCH, output.requires_grad))
    module.register_forward_hook(note)
    return calls


# kinds: of real images. An edge is a view with VGG's loss too, for the label generator it is none.
@pytest.mark.parametrize(('path', 'views', 'kinds'), [(PIX2PIXHD, 1, 1), (ECGAN, 3, 2)])
def test_each_network_runs_once_in_a_role_and_turn(path, views, kinds):
    model, players, data = prepare(path)
    generated, judged, seen = (listen(part, []) for part in (
        model.generator, model.discriminator, model.losses['perceptual'].frozen.network[0]))
    segmented = listen(model.segmentor.frozen.network.backbone, []) if model.segmentor else []
    model.train_step(data, players)
    assert generated == [(1, True)]
    # the generator's turn: all views together, and the real images, without a graph; then all in the discriminator's
    assert judged == [(views, True), (kinds, False), (views + kinds, True)]
    assert seen == [(views, True), (kinds, False)]
    assert segmented == ([(2, True)] if model.segmentor else [])


@pytest.mark.slow
@pytest.mark.parametrize('path', [PIX2PIXHD, ECGAN])
def test_weights_get_a_gradient_where_they_learn_from_it(path):
    """Each once, the discriminator's of synthesised and of real images together, in its own turn; no frozen one's."""
    model, players, data = prepare(path)
    layers = {part: sum(isinstance(layer, CONVOLUTIONS) for layer in getattr(model, part).modules())
              for part in ('generator', 'discriminator')}
    with Watch() as watch:
        model.train_step(data, players)
    assert watch.weight_gradients == layers['generator'] + layers['discriminator']
    holders = [part for part in model.modules() if isinstance(part, Frozen)]
    assert len(holders) == 1 + (path == ECGAN)
    for holder in holders:
        assert all(weight.grad is None and not weight.requires_grad for weight in holder.network.parameters())


@pytest.mark.slow
@pytest.mark.parametrize('path', [PIX2PIXHD, ECGAN, 'configs/dp_sims_style/dp_sims_style_cityscapes.py'])
def test_nothing_waits_for_the_device(path, monkeypatch):
    monkeypatch.setattr(class_specific, '_in_blocks', lambda features: True)  # as on a GPU
    model, players, data = prepare(path)
    model.train_step(data, players)  # an optimiser's first step makes its state
    with Watch() as watch:
        monkeypatch.setattr(torch.Tensor, 'tolist', lambda tensor: watch.tolist(tensor))
        model.train_step(data, players)
    assert watch.reads <= ON_CPUS_ALONE


# With a style and outputs made anew; with a latent; with an instance-wise style; with the class maps read by the head.
@pytest.mark.slow
@pytest.mark.parametrize('path', [
    'configs/spade/spade_vae_toycity.py', 'configs/ecgan/ecgan_multimodal_toycity.py',
    'configs/pix2pixhd/pix2pixhd_styles_toycity.py', ECGAN])
def test_channels_of_the_layout_are_made_once(path, monkeypatch):
    model, players, data = prepare(path)
    made = Counter()
    for name in ('one_hot', 'boundary_map'):
        function = getattr(layouts, name)
        monkeypatch.setattr(layouts, name, lambda *args, n=name, f=function: (made.update([n]), f(*args))[1])
    model.train_step(data, players)
    assert made == dict(one_hot=1, boundary_map=1)


@pytest.mark.slow
def test_spectral_norm_iterates_once_a_turn():
    model, players, data = prepare(ECGAN)
    calls = Counter()
    for name, part in model.named_modules():
        if name.endswith('parametrizations.weight.0'):
            part.register_forward_hook(lambda *_, n=name: calls.update([n]))
    model.train_step(data, players)
    for name, count in calls.items():
        assert count == (2 if name.startswith('discriminator') else 1), name
    assert {name.split('.')[0] for name in calls} == {'generator', 'discriminator'}
