from collections import Counter

import pytest
import torch
from torch.autograd import gradcheck

from semsynth.ops.absolute import weighted_l1
from semsynth.studies.benchmark.imagined_gpu import DEVICE, imagined_gpu

SHAPES, WEIGHTS = [(2, 3, 5, 4), (2, 7), (1,)], [0.5, 2.0, 10.0]


def make(dtype):
    outputs = [torch.randn(shape, dtype=torch.float64).to(dtype).requires_grad_() for shape in SHAPES]
    targets = [torch.randn(shape, dtype=torch.float64).to(dtype).requires_grad_() for shape in SHAPES]
    return outputs, targets


def plain(outputs, targets):
    return sum(weight * (output.double() - target.double()).abs().mean()
               for weight, output, target in zip(WEIGHTS, outputs, targets, strict=True))


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16, torch.float64])
def test_values_and_gradients(dtype):
    outputs, targets = make(dtype)
    with torch.no_grad():
        targets[0][0] = outputs[0][0]  # where they are equal, the gradient is 0
    loss = weighted_l1(outputs, targets, WEIGHTS)
    assert loss.dtype == torch.promote_types(dtype, torch.float32)
    expected = plain(outputs, targets)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-6, atol=0)
    (3 * loss).backward()
    gradients = [output.grad for output in outputs]
    expected = torch.autograd.grad(3 * expected, outputs)
    torch.testing.assert_close(gradients, list(expected), rtol=1e-6 if dtype != torch.bfloat16 else 1e-2, atol=0)
    assert all(target.grad is None for target in targets)


def test_gradients_of_one_output():
    outputs, targets = make(torch.float64)
    assert gradcheck(lambda first: weighted_l1([first, *outputs[1:]], targets, WEIGHTS), outputs[0])


def test_many_entries_lose_no_digits():
    output = torch.full((1 << 22,), 0.1, requires_grad=True)
    assert weighted_l1([output], [torch.zeros_like(output)], [1.0]).item() == pytest.approx(0.1, rel=1e-6)


@pytest.mark.parametrize(('dtype', 'count'), [(torch.float32, 5 + 3), (torch.bfloat16, 6 + 4)])
def test_a_gpu_is_asked_for_a_handful_however_many_pairs_there_are(dtype, count):
    calls = []
    with imagined_gpu(calls.append):
        outputs, targets = ([torch.ones(2, dtype=dtype, device=DEVICE, requires_grad=True) for _ in range(9)]
                            for _ in range(2))
        calls.clear()
        weighted_l1(outputs, targets, [1.0] * 9).backward()
    names = Counter(call.operation.overloadpacket.__name__ for call in calls if not call.operation.is_view)
    assert sum(number for name, number in names.items() if name not in ('empty_like', 'ones_like', 'detach')) == count


def test_the_graph_behind_a_target_is_left_alone():
    x = torch.randn(3, requires_grad=True)
    target = x * x
    weighted_l1([torch.randn(3, requires_grad=True)], [target], [1.0]).backward()
    (gradient,) = torch.autograd.grad(target.sum(), x)
    torch.testing.assert_close(gradient, 2 * x.detach())
