import pytest
import torch

from semsynth.ops.similarity import tiled

pytest.importorskip('triton')
from semsynth.ops.similarity import fused

pytestmark = pytest.mark.filterwarnings('ignore:divide by zero')
DEVICE = 'cuda' if torch.cuda.is_available() else 'cpu'
"""Without a GPU, conftest.py has Triton interpret its kernels."""


@pytest.fixture
def tf32_products(monkeypatch):
    """Triton's interpreter multiplies float32 as it is: cut it off at TF32's 10 bits first, as tensor cores do."""
    if DEVICE == 'cpu':
        from triton.runtime import interpreter

        def cut(x):
            return (x.data.view('uint32') & 0xffffe000).view('float32')

        def create_dot(self, a, b, d, *args):
            return interpreter.TensorHandle(cut(a) @ cut(b) + d.data, d.dtype.scalar)

        monkeypatch.setattr(interpreter.InterpreterBuilder, 'create_dot', create_dot)


def example(classes, size, scale=3.0):
    probs = (scale * torch.randn(2, classes, size)).softmax(1)
    label = probs.argmax(1)
    label[:, ::5] = torch.randint(-2, classes, label[:, ::5].shape)
    return probs.to(DEVICE), label.to(DEVICE), (torch.rand(2, size) > 0.1).to(DEVICE)


def through_softmax(probs, slope):
    return probs * (slope - (probs * slope).sum(1, keepdim=True))


def errors(probs, found, expected):
    """Relative: of the loss, and of the gradient's norm."""
    slopes = [through_softmax(probs.double(), slope.double()) for _, slope in (found, expected)]
    loss = (found[0] - expected[0]).abs() / expected[0].clamp(min=1e-3)
    return loss.max(), (slopes[0] - slopes[1]).norm() / slopes[1].norm().clamp(min=1e-6)


@pytest.mark.parametrize(('classes', 'size'), [(3, 1), (4, 35), (15, 130), (16, 129), (35, 200)])
@pytest.mark.parametrize('scale', [1, 10])
def test_the_kernel_is_the_plain_one(classes, size, scale):
    probs, label, valid = example(classes, size, scale)
    valid[:, 0] = True
    loss, slope = errors(probs, fused.evaluate(probs, label, valid, True), tiled.evaluate(probs, label, valid, True))
    assert loss < 1e-5 and slope < 1e-4


@pytest.mark.usefixtures('tf32_products')
@pytest.mark.parametrize('scale', [1, 3, 10])
def test_tf32_is_as_near_as_promised(scale):
    probs, label, valid = example(35, 200, scale)
    expected = tiled.evaluate(probs.double(), label, valid, True)
    loss, slope = errors(probs, fused.evaluate(probs, label, valid, True, 'tf32'), expected)
    assert 1e-8 < loss < 1e-3 and 1e-5 < slope < 1e-2


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
