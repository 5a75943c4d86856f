import torch

from semsynth.ops.casting import cast_all


def test_values_and_gradients():
    weights = [torch.randn(3, 4, requires_grad=True), torch.randn(5, requires_grad=True), torch.randn(2)]
    cast = cast_all(weights, torch.bfloat16)
    assert all(map(torch.equal, cast, (weight.bfloat16() for weight in weights)))
    slope = torch.randn(3, 4)
    (cast[0].float() * slope).sum().backward()
    assert weights[0].grad.dtype == torch.float32 and torch.equal(weights[0].grad, slope.bfloat16().float())
    assert weights[1].grad is None  # not read: as without the others


def test_what_needs_no_cast_is_not_copied():
    weights = [torch.ones(2), torch.ones(3)]
    assert all(a is b for a, b in zip(cast_all(weights, torch.float32), weights, strict=True))
    assert not any(each.requires_grad for each in cast_all(weights, torch.bfloat16))
