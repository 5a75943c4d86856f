"""Rows of tables for pixels, and their sums back, against loops."""

import pytest
import torch

from semsynth.layers.tables import spread, sums

INDEX = torch.tensor([[[0, 2, 2], [1, 0, 2]], [[3, 3, 3], [0, 1, 3]]])


@pytest.mark.parametrize('last', [False, True])
@pytest.mark.parametrize('own', [False, True], ids=['one table', 'a table for each image'])
def test_each_pixel_has_its_row(own, last):
    table = torch.randn(2, 4, 5) if own else torch.randn(4, 5)
    found = spread(table, INDEX, last)
    assert found.shape == (2, 5, 2, 3)
    for b, y, x in torch.cartesian_prod(*map(torch.arange, INDEX.shape)):
        assert torch.equal(found[b, :, y, x], (table[b] if own else table)[INDEX[b, y, x]])
    assert found.is_contiguous(memory_format=torch.channels_last) == last


@pytest.mark.parametrize('order', [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize('own', [False, True])
def test_gradients_of_both_orders(own, order):
    table = torch.randn(*(2,) * own, 4, 3, dtype=torch.float64, requires_grad=True)
    values = torch.randn(2, 3, 2, 3, dtype=torch.float64).to(memory_format=order).requires_grad_()
    for last in (False, True):
        assert torch.autograd.gradcheck(lambda table, last=last: spread(table, INDEX, last), table)
        assert torch.autograd.gradgradcheck(lambda table, last=last: spread(table, INDEX, last).square(), table)
    assert torch.autograd.gradcheck(lambda values: sums(values, INDEX, 4), values)


def test_sums_equal_a_loop_and_are_exact_in_bfloat16():
    index = torch.randint(4, (2, 64, 65))
    values = torch.randn(2, 3, 64, 65)
    expected = torch.stack([torch.stack([values[b, :, index[b] == row].sum(1) for row in range(5)]) for b in range(2)])
    torch.testing.assert_close(sums(values, index, 5), expected, atol=1e-4, rtol=1e-4)
    ones = torch.ones(1, 1, 64, 65, dtype=torch.bfloat16)  # added up in bfloat16 they would stay at 256
    assert abs(sums(ones, index[:1] * 0, 1).item() - 64 * 65) <= 16


@pytest.mark.parametrize('index', [INDEX, INDEX.repeat_interleave(2, 2).repeat_interleave(3, 1)[:, ::3, ::2]],
                         ids=['as it is', 'of a larger map'])
def test_what_a_gpu_does_gives_the_same(index, monkeypatch):
    """A matrix of ones and zeros: the CPU can multiply by it too."""
    values, rows = torch.randn(2, 3, 2, 3), []
    for device in ('cpu', 'another'):
        with monkeypatch.context() as patch:
            patch.setattr('semsynth.layers.tables.ADDING', (device,))
            table = torch.ones(4, 3, requires_grad=True)
            (spread(table, index) * values).sum().backward()
            own = torch.ones(2, 4, 3, requires_grad=True)
            (spread(own, index) * values).sum().backward()
            rows.append((table.grad, own.grad))
    for first, second in zip(*rows, strict=True):
        torch.testing.assert_close(first, second)
