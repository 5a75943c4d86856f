"""Class-specific pixels where nothing depends on the label map: on a GPU, and compiled."""

from collections import Counter

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

from semsynth.ops import class_specific
from semsynth.ops.class_specific import class_specific_image, masked_class_specific_image

CHANNELS = 5


def inputs(classes, size, dtype=torch.float64, device='cpu'):
    """Features, a label map, weights and biases."""
    shapes = [shape for width in (CHANNELS, CHANNELS, 3) for shape in (
        (classes, width, CHANNELS, 3, 3), (classes, width))]
    flat = [(torch.randn(shape, dtype=dtype) * 0.2).to(device).requires_grad_() for shape in shapes]
    x = torch.randn(2, CHANNELS, *size, dtype=dtype).to(device).requires_grad_()
    return x, torch.randint(0, classes, (2, *size)).to(device), list(zip(flat[::2], flat[1::2], strict=True))


def image_and_gradients(function, x, label, weights, unknown=None):
    image = function(x, label, weights, unknown)
    return [image, *torch.autograd.grad(image.square().sum(), [x, *(part for layer in weights for part in layer)])]


class Operations(TorchDispatchMode):
    """Counts what would launch something on a GPU."""

    def __init__(self):
        super().__init__()
        self.count = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        launches = not func.is_view and not name.startswith(('empty', 'new_empty', '_unsafe_view'))
        if func.namespace == 'aten' and launches:
            self.count[name] += 1
        return func(*args, **(kwargs or {}))


def test_operations_are_as_many_whatever_the_classes_and_nothing_is_read(monkeypatch):
    """Fake tensors refuse to be read: they have no values."""
    monkeypatch.setattr(class_specific, '_in_blocks', lambda features: True)
    found = []
    for classes, size in ((4, (64, 96)), (183, (32, 96))):
        with FakeTensorMode():
            example = inputs(classes, size)
            with Operations() as operations:
                image, x_gradient, *_ = image_and_gradients(class_specific_image, *example)
        assert image.shape == (2, 3, *size) and x_gradient.shape == (2, CHANNELS, *size)
        found.append(operations.count)
    assert found[0] == found[1] and found[0]['bmm'] + found[0]['baddbmm'] == 9
    assert 100 < found[0].total() < 125


@pytest.mark.slow
def test_compiled_it_is_one_graph_and_the_same(monkeypatch):
    monkeypatch.setattr(class_specific, 'ROWS', 4)
    torch._dynamo.reset()
    compiled = torch.compile(class_specific_image, fullgraph=True, backend='aot_eager')  # the graph, not the compiler
    example = inputs(3, (6, 7))
    for ours, theirs in zip(*(image_and_gradients(function, *example, unknown=2) for function in (
            compiled, masked_class_specific_image)), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


@pytest.mark.gpu
def test_on_a_gpu_it_is_the_same_and_nothing_waits():
    torch.manual_seed(0)
    example = inputs(4, (13, 9), torch.float32)
    torch.manual_seed(0)
    there = inputs(4, (13, 9), torch.float32, 'cuda')
    torch.cuda.set_sync_debug_mode('error')
    try:
        found = image_and_gradients(class_specific_image, *there)
    finally:
        torch.cuda.set_sync_debug_mode('default')
    for ours, theirs in zip(found, image_and_gradients(class_specific_image, *example), strict=True):
        torch.testing.assert_close(ours.cpu(), theirs, rtol=1e-2, atol=1e-3)  # TF32
