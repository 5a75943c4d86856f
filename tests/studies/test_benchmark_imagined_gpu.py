from importlib.util import find_spec

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from helpers.narrow import SIZE, narrow
from semsynth.ops import instance_mean
from semsynth.studies.benchmark.imagined_gpu import DEVICE, imagined_gpu
from semsynth.studies.benchmark.step import build, draw_batch


def ignore(call):
    pass


class Square(torch.autograd.Function):
    """With an argument that is no tensor before one that is."""

    @staticmethod
    def forward(ctx, factor, x):
        ctx.save_for_backward(x)
        ctx.factor = factor
        return factor * x * x, x.new_ones(1)

    @staticmethod
    def backward(ctx, upstream, unused):
        assert unused == 0
        return None, 2 * ctx.factor * ctx.saved_tensors[0] * upstream


def loss_of(network, x):
    """Branches that meet, a Function in Python, an unused output, checkpointing, a weight that is used twice."""
    first, second = network[0](x).chunk(2, dim=1)
    y = checkpoint(network[1], first * torch.sigmoid(second), use_reentrant=False)
    y = network[1](F.relu(y, inplace=True)) + first
    return Square.apply(3.0, y)[0].mean() + network[0].weight.square().sum()


def test_values_and_gradients_are_those_of_the_cpu():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8)))
    x, state = torch.randn(2, 3, 6, 5), {key: value.clone() for key, value in network.state_dict().items()}
    expected = loss_of(network, x)
    expected.backward()
    gradients = [each.grad.clone() for each in network.parameters()]
    network.load_state_dict(state)
    network.zero_grad()
    with imagined_gpu(ignore):
        network.to(DEVICE)
        assert all(each.is_cuda and each.device == DEVICE for each in network.state_dict().values())
        loss = loss_of(network, x.to(DEVICE))
        for _ in range(2):
            loss.backward()
        assert loss.is_cuda and loss.item() == expected.item()
        ours = [each.grad.cpu() for each in network.parameters()]
        assert len(instance_mean(torch.ones(1, 1, 2, 2, device=DEVICE), torch.ones(1, 2, 2, device=DEVICE).long())) == 1
    torch.testing.assert_close(ours, [2 * gradient for gradient in gradients])


def test_precision_is_that_of_a_gpu():
    x = torch.ones(1, 4, 4, 4)
    for device, expected in ('cpu', torch.bfloat16), (DEVICE, torch.float32):
        with imagined_gpu(ignore), torch.autocast(torch.device(device).type, torch.bfloat16):
            y = F.conv2d(x.to(device), torch.ones(4, 4, 1, 1, device=device))
            assert y.dtype == torch.bfloat16 and F.interpolate(y, scale_factor=2).dtype == expected


@pytest.mark.parametrize('name', [
    'pix2pixhd/pix2pixhd_global_cityscapes_512x1024', pytest.param('ecgan/ecgan_toycity', marks=pytest.mark.slow)])
def test_a_step_is_that_of_the_cpu(name):
    def train(device):
        model, players = build(narrow(f'configs/{name}.py', 'nowhere'), 'float32', str(device))
        torch.manual_seed(1)
        losses = model.train_step(draw_batch(model, (SIZE, SIZE), 1), players)
        return torch.stack([loss.cpu() for loss in losses.values()])

    expected = train('cpu')
    with imagined_gpu(ignore):
        torch.testing.assert_close(train(DEVICE), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not find_spec('triton'), reason='no Triton')
def test_triton_kernels_are_not_run():
    import triton

    @triton.jit
    def double(x, y):
        triton.language.store(y, 2 * triton.language.load(x))

    calls = []
    with imagined_gpu(calls.append):
        x = torch.ones(1, device=DEVICE)
        y = torch.empty_like(x)
        calls.clear()
        double[(1,)](x, y)
        assert [call.operation for call in calls] == ['double'] and y.item() == 0


def test_nothing_is_left_behind():
    with imagined_gpu(ignore):
        assert torch.cuda.is_available()
        x = torch.ones(1, device=DEVICE)
    assert not torch.__future__.get_overwrite_module_params_on_conversion()
    with pytest.raises(RuntimeError, match='outside of imagined_gpu'):
        x + 1
    weight = torch.ones(2, requires_grad=True)
    weight.sum().backward()
    assert weight.grad.tolist() == [1, 1]


def test_attention_is_one_operation_each_way():
    calls, heads = [], torch.randn(3, 1, 2, 5, 8)
    expected = F.scaled_dot_product_attention(*heads)
    with imagined_gpu(calls.append):
        query, key, value = (each.to(DEVICE).requires_grad_() for each in heads)
        calls.clear()
        out = F.scaled_dot_product_attention(query, key, value)
        assert all(call.operation.is_view or 'attention' in str(call.operation) for call in calls)
        out.sum().backward()
        assert sum('attention' in str(call.operation) for call in calls) == 2
        torch.testing.assert_close(out.cpu(), expected)
