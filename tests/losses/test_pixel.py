import pytest
import torch
from torch.autograd import gradcheck

from semsynth.losses.pixel import L1Loss, l1


def test_l1_is_the_mean_absolute_difference_with_no_gradient_to_the_target():
    output = torch.tensor([[1., -2], [0, 3]], requires_grad=True)
    target = torch.zeros(2, 2, requires_grad=True)
    loss = l1(output, target)
    loss.backward()
    assert loss.item() == 1.5 and target.grad is None
    assert output.grad.tolist() == [[0.25, -0.25], [0, 0.25]]


def test_gradcheck():
    output = torch.randn(2, 3, 3, 5, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda x: l1(x, torch.zeros_like(x)), output)


def test_sums_over_the_views(make_step):
    one = torch.ones(2, 3, 3, 5)
    step = make_step(dict(coarse=0.5 * one, image=-one.bfloat16()), dict(image=one),
                     views=dict(coarse={}, image=dict(weight=2)))
    loss = L1Loss().for_generator(step)
    assert loss.dtype == torch.float32 and loss.item() == pytest.approx(0.5 + 2 * 2)
    assert L1Loss(views=dict(coarse=3)).for_generator(step).item() == pytest.approx(1.5)
