import json

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.commands import run_python
from semsynth.ops.similarity import tiled
from semsynth.studies.benchmark.measuring import _peak_on_cpu

pytest.importorskip('triton')
import triton
import triton.language as tl

from semsynth.ops.similarity import fused, kernels
from semsynth.ops.similarity import steep as steep_kernel

DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
"""On a CPU, conftest.py has Triton interpret its kernels."""
pytestmark = [pytest.mark.filterwarnings('ignore:divide by zero', 'ignore:All-NaN slice'),
              *([pytest.mark.gpu] if DEVICE == 'cuda' else [])]


@pytest.fixture
def tf32_products(monkeypatch):
    """Triton's interpreter multiplies float32 as it is: cut it off at TF32's 10 bits first, as tensor cores do."""
    if DEVICE == 'cpu':
        from triton.runtime import interpreter

        def cut(x):
            return (x.data.view('uint32') & 0xffffe000).view('float32') if x.data.dtype == 'float32' else x.data

        def create_dot(self, a, b, d, *args):
            product = np.matmul(cut(a), cut(b), dtype='float32')
            return interpreter.TensorHandle(product + d.data, d.dtype.scalar)

        monkeypatch.setattr(interpreter.InterpreterBuilder, 'create_dot', create_dot)


def example(classes, size, scale=3.0):
    probs = (scale * torch.randn(2, classes, size)).softmax(1)
    label = probs.argmax(1)
    label[:, ::5] = torch.randint(-2, classes, label[:, ::5].shape)
    return probs.to(DEVICE), label.to(DEVICE), (torch.rand(2, size) > 0.1).to(DEVICE)


def through_softmax(probs, slope):
    probs = probs / probs.sum(1, keepdim=True)  # else what is common to the classes does not cancel out
    return probs * (slope - (probs * slope).sum(1, keepdim=True))


def errors(probs, found, expected):
    """Relative: of the loss, and of the gradient's norm."""
    slopes = [through_softmax(probs.double(), slope.double()) for _, slope in (found, expected)]
    loss = (found[0] - expected[0]).abs() / expected[0].clamp(min=1e-3)
    return loss.max(), (slopes[0] - slopes[1]).norm() / slopes[1].norm().clamp(min=1e-6)


@pytest.fixture
def all_steep(monkeypatch):
    """The second kernel takes all tiles."""
    monkeypatch.setattr(fused, 'LEAST', float('inf'))


class Idle:
    """A kernel that does nothing."""

    def __getitem__(self, grid):
        return lambda *args, **kwargs: None


class NothingSteep:
    """A kernel that finds no tile marked."""

    def __init__(self, kernel):
        self.kernel = kernel

    def __getitem__(self, grid):
        def run(*args, **kwargs):
            pending = next(arg for arg in args if getattr(arg, 'dtype', None) == torch.int32)
            self.kernel[grid](*(torch.zeros_like(arg) if arg is pending else arg for arg in args), **kwargs)
        return run


@pytest.fixture
def nothing_steep(monkeypatch):
    """The second kernel takes none."""
    monkeypatch.setattr(fused, 'steep', NothingSteep(fused.steep))


@pytest.mark.slow
@pytest.mark.parametrize(('classes', 'size'), [(1, 3), (3, 1), (4, 35), (15, 130), (16, 129), (35, 200), (70, 130)])
@pytest.mark.parametrize('scale', [1, 10])
@pytest.mark.usefixtures('all_steep')
@pytest.mark.skipif(DEVICE == 'cuda', reason='needs exact products')
def test_the_second_kernel_is_the_plain_one(classes, size, scale, monkeypatch):
    monkeypatch.setattr(steep_kernel, '_round', lambda x: x)
    probs, label, valid = example(classes, size, scale)
    valid[:, 0] = True
    loss, slope = errors(probs, fused.evaluate(probs, label, valid, True), tiled.evaluate(probs, label, valid, True))
    assert loss < 1e-5 and slope < 1e-4


@pytest.mark.parametrize('which', ['both', pytest.param('the second', marks=pytest.mark.slow)])
@pytest.mark.parametrize('scale', [3, *(pytest.param(scale, marks=pytest.mark.slow) for scale in (1, 10, 30))])
@pytest.mark.usefixtures('tf32_products')
def test_both_are_as_near_as_promised(scale, which, request):
    if which == 'the second':
        request.getfixturevalue('all_steep')
    probs, label, valid = example(35, 300, scale)
    expected = tiled.evaluate(probs.double(), label, valid, True)
    loss, slope = errors(probs, fused.evaluate(probs, label, valid, True), expected)
    assert 1e-8 < loss < 1e-3 and 1e-5 < slope < 1e-2


@pytest.mark.parametrize(('classes', 'tile'), [
    (2, (128, 64)), *(pytest.param(*case, marks=pytest.mark.slow) for case in [
        (19, (128, 64)), (35, (64, 32)), (35, (128, 64)), (100, (64, 64)), (150, (128, 64)), (150, (64, 32)),
        (183, (64, 64)), (254, (64, 32)), (35, (64, 128))])], ids=str)
@pytest.mark.usefixtures('nothing_steep')
def test_the_first_kernel_takes_all_but_steep_tiles(classes, tile):
    """Two images of an odd size: two classes and their borders, and many."""
    label = torch.stack([torch.arange(333) // 170 * (classes - 1), torch.randint(0, classes, (333,))])
    probs = (torch.randn(2, classes, 333) + 3 * torch.nn.functional.one_hot(label, classes).mT).softmax(1)
    probs, label, valid = probs.to(DEVICE), label.to(DEVICE), (torch.rand(2, 333) > 0.1).to(DEVICE)
    expected = tiled.evaluate(probs.double(), label, valid, True)
    loss, slope = errors(probs, fused.evaluate(probs, label, valid, True, fused.Tile(*tile)), expected)
    assert loss < 1e-3 and slope < 1e-3


@pytest.mark.parametrize('classes', [1, 2, 14, 15, 19, 35, 62, 63, 150, 183, 254])
def test_two_pieces_hold_a_factor_with_less_padding_than_one(classes):
    wide, narrow = fused.pieces(classes)
    assert wide + narrow >= classes + 2 and wide & (wide - 1) == 0 == narrow & (narrow - 1)
    assert min(part for part in (wide, narrow) if part) >= 16  # what tensor cores multiply at least
    assert wide + narrow == {19: 32, 35: 48, 150: 160, 183: 192}.get(classes, wide + narrow)


@pytest.mark.usefixtures('nothing_steep')
def test_pixels_left_out_make_no_tile_steep():
    probs, label, valid = example(5, 128, 0.1)
    label[:] = 1  # theirs too, so that no tile is mixed
    valid[:], valid[:, 100:] = True, False
    loss, slope = errors(probs, fused.evaluate(probs, label, valid, True),
                         tiled.evaluate(probs.double(), label, valid, True))
    assert loss < 1e-3 and slope < 1e-2


@pytest.mark.skipif(DEVICE == 'cuda', reason='counts what tensors take on a CPU')
def test_memory(monkeypatch):
    """64 MB beyond probabilities and gradient, for 131072 pixels of 35 classes, are 488 bytes a pixel."""
    for module, kernel in ((kernels, 'prepare'), (kernels, 'quick'), (fused, 'steep')):
        monkeypatch.setattr(module, kernel, Idle())
    probs, label, size = torch.rand(1, 35, 16384), torch.zeros(1, 16384, dtype=torch.long), 16384
    peak = _peak_on_cpu(lambda: fused.evaluate(probs, label, label == 0, True))
    assert peak - 4 * probs.numel() < 400 * size


class Operations(TorchDispatchMode):
    """How many operations are dispatched that compute something."""

    number = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.number += not (function.is_view or 'empty' in function.name())
        return function(*args, **(kwargs or {}))


def test_a_call_dispatches_few_operations(monkeypatch):
    for module, kernel in ((kernels, 'prepare'), (kernels, 'quick'), (fused, 'steep')):
        monkeypatch.setattr(module, kernel, Idle())
    probs, label, valid = example(35, 300)
    with Operations() as operations:
        fused.evaluate(probs, label, valid, True)
    assert operations.number + 3 <= 13


@triton.jit
def visited(label, seen, size, tiles, rows: tl.constexpr, columns: tl.constexpr):
    first, inner, inner_end, end = kernels.borders(label, tl.program_id(0) * rows, size, rows, columns)
    pure = tiles - (end - first) + (inner_end - inner)
    seen += tl.program_id(0) * tiles * 4
    for number in range(pure):
        tile, alike = kernels.pure_tile(number, first, inner, inner_end, end)
        tl.store(seen + 4 * tile + alike, 1)
    for number in range(2 * (tiles - pure)):
        tile, alike = kernels.mixed_tile(number, first, inner, inner_end)
        tl.store(seen + 4 * tile + 2 + alike, 1)


def test_tiles_at_borders_between_classes_are_visited_twice_and_the_others_once():
    label = torch.randint(-3, 9, (77,)).square().sort().values.to(DEVICE)
    seen = torch.zeros(5, 10, 4, dtype=torch.int32, device=DEVICE)  # pure: of two classes, of one; mixed: both
    visited[(5,)](label, seen, 77, 10, 16, 8)
    for own, tiles in zip(label.split(16), seen.tolist(), strict=True):
        own = set(own.tolist())
        for others, kinds in zip(label.split(8), tiles, strict=True):
            full, others = len(others) == 8, set(others.tolist())
            if not own & others:
                assert kinds == [1, 0, 0, 0]
            elif own == others and len(own) == 1 and full:  # pairs of the last tile beyond the end do not count
                assert kinds == [0, 1, 0, 0]
            else:
                assert kinds == [0, 0, 1, 1]


def test_certainty():
    """One-hot probabilities, some of them wrong: pairs that cost 100, and have the steepest slope."""
    probs, label, valid = example(4, 150)
    label[label < 0] = 0
    seen = label.clone()
    seen[:, ::4] = (seen[:, ::4] + 1) % 4
    probs = torch.nn.functional.one_hot(seen, 4).mT.float()
    ours, expected = (function(probs, label, valid, True) for function in (fused.evaluate, tiled.evaluate))
    torch.testing.assert_close(ours, expected, rtol=1e-3, atol=1e-3)
    assert expected[0].min() > 10 and expected[1].abs().max() > 1e6


def test_without_gradient_and_with_an_image_of_no_valid_pixels():
    probs, label, valid = example(4, 35)
    valid[1] = False
    losses, slopes = fused.evaluate(probs, label, valid, True)
    assert losses[1] == 0 and (slopes[1] == 0).all() and ((slopes[0] == 0).all(0) == ~valid[0]).all()
    without, nothing = fused.evaluate(probs, label, valid, False)
    assert nothing is None and torch.equal(without, losses)


@pytest.mark.filterwarnings('ignore:invalid value')
def test_a_probability_that_is_not_a_number_is_not_hidden():
    probs, label, valid = example(4, 35)
    probs[0, :, 3], valid[0, 3] = float('nan'), True
    losses, _ = fused.evaluate(probs, label, valid, True)
    assert losses[0].isnan() and losses[1].isfinite()


@pytest.mark.slow
@pytest.mark.parametrize(('classes', 'generation', 'memory'), [
    (35, 90, 65536), (183, 90, 131072), (254, 89, fused.SHARED_MEMORY)])
def test_kernels_compile(classes, generation, memory):
    """For Hopper and Ada, without a GPU; in a process where Triton compiles."""
    done = run_python('-m', 'helpers.compile_fused', classes, generation, TRITON_INTERPRET='0')
    assert done.returncode == 0, done.stderr
    quick, steep = json.loads(done.stdout)
    assert quick['products'] and steep['products'] and quick['copies']  # tensor cores, fed ahead
    assert max(quick['shared'], steep['shared']) <= memory
