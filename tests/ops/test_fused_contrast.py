import json

import pytest
import torch
import torch.nn.functional as F

from helpers.commands import run_python
from semsynth.losses import contrastive_loss
from semsynth.ops import contrast, tiled_contrastive
from semsynth.ops.similarity import choice

pytest.importorskip('triton')
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
"""On a CPU, conftest.py has Triton interpret its kernels."""
pytestmark = [*([pytest.mark.gpu] if DEVICE == 'cuda' else []),
              pytest.mark.filterwarnings('ignore:overflow encountered in cast')]  # of pixels that are left out


@pytest.fixture
def kernels_anywhere(monkeypatch):
    """The kernels serve on a CPU too, in Triton's interpreter."""
    monkeypatch.setattr(contrast, '_kernels_fit', lambda unit, temperature: True)


def example(size=200, channels=16, classes=5, spread=1.0):
    embeddings = torch.ones(size, channels) + spread * torch.randn(size, channels)
    return embeddings.to(DEVICE).requires_grad_(), torch.randint(-1, classes, (size,)).to(DEVICE)


def past(count, channels, classes):
    memory = F.normalize(torch.randn(count, channels), dim=1), torch.randint(-1, classes, (count,))
    return [part.to(DEVICE) for part in memory]


def errors(embeddings, kinds, temperature, *memory):
    """Relative: of the loss, and of the gradient's norm, beside the plain function's in float64."""
    loss = tiled_contrastive(embeddings, kinds, temperature, *memory, precision='auto')
    wide = embeddings.detach().double().requires_grad_()
    expected = contrastive_loss(wide, kinds, temperature, *(part.double() if part.is_floating_point() else part
                                                            for part in memory))
    slope, expected_slope = torch.autograd.grad(3 * loss, embeddings)[0], torch.autograd.grad(3 * expected, wide)[0]
    return ((loss - expected) / expected).abs().item(), ((slope - expected_slope).norm() / expected_slope.norm()).item()


@pytest.mark.parametrize(('size', 'channels', 'classes'), [
    (157, 8, 3), *(pytest.param(*case, marks=pytest.mark.slow) for case in [
        (9, 4, 2), (128, 16, 2), (129, 64, 2), (300, 20, 19), (333, 64, 183), (260, 128, 5)])], ids=str)
@pytest.mark.parametrize('with_past', [False, True], ids=['batch', 'memory'])
@pytest.mark.usefixtures('kernels_anywhere')
def test_is_the_plain_function_within_the_bounds(size, channels, classes, with_past):
    embeddings, kinds = example(size, channels, classes)
    loss, slope = errors(embeddings, kinds, 0.1, *(past(2 * classes, channels, classes) if with_past else ()))
    assert loss < 1e-3 and slope < 1e-2


@pytest.mark.usefixtures('kernels_anywhere')
def test_one_class_and_its_opposite_in_memory():
    embeddings, kinds = example(70, 8, 1)
    memory = [part.to(DEVICE) for part in (F.normalize(torch.randn(1, 8), dim=1), torch.tensor([1]))]
    loss, slope = errors(embeddings, kinds, 0.1, *memory)
    assert loss < 1e-3 and slope < 1e-2


@pytest.mark.parametrize('temperature', [0.03, 10, *(pytest.param(t, marks=pytest.mark.slow) for t in (0.07, 0.5))])
@pytest.mark.parametrize('spread', [0.1, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.usefixtures('kernels_anywhere')
def test_any_temperature_and_closeness(temperature, spread):
    loss, slope = errors(*example(spread=spread), temperature)
    assert loss < 1e-3 and slope < 1e-2


@pytest.mark.usefixtures('kernels_anywhere')
def test_well_separated_pixels_keep_small_losses_and_slopes():
    kinds = torch.arange(150).to(DEVICE) % 3
    embeddings = (10 * F.one_hot(kinds, 8) + 0.5 * torch.randn(150, 8).to(DEVICE)).requires_grad_()
    loss, slope = errors(embeddings, kinds, 0.07)
    assert tiled_contrastive(embeddings, kinds, 0.07) < 1e-3 and loss < 1e-3 and slope < 1e-2


@pytest.mark.parametrize('kinds', [[-1, -1, -1], [0, 1, 2], [0, -1, -1], [0, 0, 0]],
                         ids=['none', 'all alone', 'one pixel', 'no negatives'])
@pytest.mark.usefixtures('kernels_anywhere')
def test_nothing_to_contrast_gives_0_attached_to_the_graph(kinds):
    embeddings, _ = example(len(kinds))
    loss = tiled_contrastive(embeddings, torch.tensor(kinds).to(DEVICE), 0.1, precision='auto')
    loss.backward()
    assert loss == 0 and (embeddings.grad == 0).all()


@pytest.mark.usefixtures('kernels_anywhere')
def test_without_gradient_and_twice_it_is_the_same():
    embeddings, kinds = example()
    with torch.no_grad():
        loss = tiled_contrastive(embeddings, kinds, 0.1, precision='auto')
    again = tiled_contrastive(embeddings, kinds, 0.1, precision='auto')
    assert not loss.requires_grad and again.requires_grad and torch.equal(loss, again)


@pytest.mark.skipif(DEVICE == 'cuda', reason='is of a CPU')
def test_on_a_cpu_there_are_tiles():
    embeddings, kinds = example()
    assert tiled_contrastive(embeddings, kinds, 0.1, precision='auto') == tiled_contrastive(embeddings, kinds, 0.1)


@pytest.mark.parametrize(('changes', 'why'), [
    ({}, ''), (dict(channels=129), '129'), (dict(temperature=0.02), '0.02'), (dict(obstacle='of it'), 'of it')])
def test_where_kernels_fit_and_what_the_log_says(changes, why, monkeypatch):
    said = []
    monkeypatch.setattr(contrast, 'say_once', said.append)
    monkeypatch.setattr(contrast, 'obstacle', lambda device, classes: changes.get('obstacle', ''))
    unit = torch.empty(3, changes.get('channels', 64), device='meta')
    monkeypatch.setattr(torch.Tensor, 'device', torch.device('cuda', 0))
    assert contrast._kernels_fit(unit, changes.get('temperature', 0.1)) == (not why)
    assert why in said[0] and ('tiles' if why else 'fused kernels') in said[0]


def test_a_precision_that_there_is_not():
    with pytest.raises(ValueError, match="precision='half', expected one of float32, auto"):
        tiled_contrastive(*example(), 0.1, precision='half')


@pytest.mark.slow
def test_kernels_compile_for_hopper():
    """Without a GPU; in a process where Triton compiles."""
    done = run_python('-m', 'helpers.compile_fused', 'contrast', 90, TRITON_INTERPRET='0')
    assert done.returncode == 0, done.stderr
    for kernel in json.loads(done.stdout):
        assert kernel['products'] and kernel['copies'] and kernel['shared'] <= 48 * 1024


@pytest.mark.gpu
def test_nothing_waits_for_the_gpu():
    embeddings, kinds = example(700, 64, 19)
    assert not choice.obstacle(embeddings.device, 1)
    tiled_contrastive(embeddings, kinds, 0.1, precision='auto')  # compiles the kernels
    torch.cuda.set_sync_debug_mode('error')
    try:
        tiled_contrastive(embeddings, kinds, 0.1, precision='auto').backward()
    finally:
        torch.cuda.set_sync_debug_mode('default')
