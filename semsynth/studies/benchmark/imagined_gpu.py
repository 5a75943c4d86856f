"""A GPU that is only imagined: what a program does on one is seen on a machine without."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from itertools import compress
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from unittest import mock

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.autograd.function import BackwardCFunction
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

DEVICE = torch.device('cuda', 0)
ANSWERS = dict(
    is_available=True, is_bf16_supported=True, is_current_stream_capturing=False, device_count=1, current_device=0,
    get_device_capability=(9, 0), get_device_properties=SimpleNamespace(
        name='imagined', major=9, minor=0, total_memory=80 << 30, multi_processor_count=132,
        shared_memory_per_block_optin=227 << 10),
    _lazy_init=None, _exchange_device=0, _maybe_exchange_device=0)
"""What functions of ``torch.cuda`` answer: as on an H100."""


class Call(NamedTuple):
    """An operation on the imagined GPU.

    Args:
        operation: torch's operation, or the name of a Triton kernel.
        arguments, keywords: what it was given.
        result: what it returned.
        node: in a backward pass, the node of the graph that is computed.
    """

    operation: OpOverload | str
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    result: Any
    node: Any


@contextmanager
def imagined_gpu(record: Callable[[Call], None]) -> Iterator[None]:
    """A context with a GPU ``cuda:0`` that computes on the CPU.

    Its tensors have their values, and say that they are on the GPU, so that torch's autocast and optimisers, and our
    own code, take the path that they take there. Backward passes walk the graph in Python, because torch's engine would
    ask the driver. Triton kernels are not run: what they are to write stays 0.

    Args:
        record: called with every operation that is asked of the GPU.
    """
    gpu = _ImaginedGPU(record)
    with ExitStack() as stack:
        for name, answer in ANSWERS.items():
            stack.enter_context(mock.patch(f'torch.cuda.{name}', return_value=answer))
        stack.enter_context(mock.patch('torch.Tensor.backward', lambda root, *_, **__: gpu.backward(root)))
        stack.enter_context(mock.patch('torch.autograd.function.FunctionCtx.set_materialize_grads', _remember))
        stack.enter_context(mock.patch('torch.nn.functional.scaled_dot_product_attention', _attend))
        for module in 'torch.optim.optimizer', 'torch.utils._foreach_utils':  # fused and foreach ones take known types
            stack.enter_context(mock.patch(f'{module}._foreach_supported_types', [Tensor, torch.nn.Parameter, _OnGPU]))
        if find_spec('triton'):
            for kind in 'jit.JITFunction', 'interpreter.InterpretedFunction':
                stack.enter_context(mock.patch(f'triton.runtime.{kind}.run',
                                               lambda kernel, *given, **_: gpu.run_kernel(kernel, given)))
        stack.enter_context(torch.backends.cudnn.flags(enabled=False))  # its own batch norm runs on no CPU
        stack.callback(torch.__future__.set_overwrite_module_params_on_conversion,
                       torch.__future__.get_overwrite_module_params_on_conversion())
        torch.__future__.set_overwrite_module_params_on_conversion(True)
        torch._C._ensureCUDADeviceGuardSet()
        stack.enter_context(gpu)
        yield


def _attend(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0,
            is_causal: bool = False, *, scale: float | None = None) -> Tensor:
    """Attention by one fused operation, as on a GPU, which torch does not choose for tensors that it does not know."""
    return torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(
        query, key, value, dropout_p, is_causal, attn_mask=attn_mask, scale=scale)[0]


def _remember(context: Any, value: bool) -> None:
    """As ``set_materialize_grads``, whose value cannot be read."""
    context.materialize_grads = context.fills_in = value


class _OnGPU(Tensor):
    """A tensor that says that it is on the GPU; ``held`` shares its memory, and says that this is the CPU's."""

    held: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, held: Tensor) -> _OnGPU:
        tensor = Tensor._make_subclass(cls, held, False, dispatch_device=True, device_for_backend_keys=DEVICE)
        tensor.held = held
        return tensor

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):  # type: ignore[override]
        if func is torch.ops.prim.device.default:
            return DEVICE
        raise RuntimeError(f'{func} was called outside of imagined_gpu.')

    def tolist(self) -> Any:
        """As of torch, which leaves out subclasses."""
        return self.cpu().tolist()


class _ImaginedGPU(TorchDispatchMode):
    """Runs on the CPU what is asked of the GPU."""

    def __init__(self, record: Callable[[Call], None]):
        super().__init__()
        self.record, self.node = record, cast(Any, None)

    def __torch_dispatch__(self, operation: OpOverload, types, arguments=(), keywords=None):
        if operation is torch.ops.prim.device.default:
            return DEVICE
        keywords = dict(keywords or {})
        ours = {id(tensor.held): tensor for tensor in tree_leaves((arguments, keywords)) if isinstance(tensor, _OnGPU)}
        comes_from, goes_to = bool(ours), bool(ours)
        if keywords.get('device') is not None:
            goes_to = torch.device(keywords['device']).type == DEVICE.type
            keywords['device'] = torch.device('cpu')
        held, held_keywords = tree_map_only(_OnGPU, lambda tensor: tensor.held, (arguments, keywords))
        result = operation(*held, **held_keywords)
        if not comes_from and not goes_to:
            return result
        if goes_to:
            if operation.overloadpacket.__name__.startswith(('empty', 'new_empty')):
                result.zero_()  # the Triton kernel that is to fill it does not run
            # what works in place returns the very tensor that it was given
            result = tree_map_only(Tensor, lambda tensor: ours[id(tensor)] if id(tensor) in ours else _OnGPU(tensor),
                                   result)
        self.record(Call(operation, arguments, keywords, result, self.node))
        return result

    def run_kernel(self, kernel: Any, arguments: Sequence[object]) -> None:
        """A Triton kernel that is asked for."""
        self.record(Call(kernel.fn.__name__, arguments, {}, None, self.node))

    @torch.no_grad()
    def backward(self, root: Tensor) -> None:
        """As ``root.backward()``: the latest node first, each when all its gradients have arrived."""
        awaited = _count_edges(root.grad_fn)
        arrived: dict[Any, dict[int, Tensor]] = {root.grad_fn: {root.output_nr: torch.ones_like(root)}}
        ready: list[Any] = [root.grad_fn]
        while ready:
            self.node = node = max(ready, key=lambda each: each._sequence_nr())
            ready.remove(node)
            for (next_one, place), gradient in _compute(node, arrived.pop(node, {})):
                if gradient is not None:
                    self.node = next_one
                    _arrive(arrived.setdefault(next_one, {}), place, gradient, next_one)
                awaited[next_one] -= 1
                if not awaited[next_one]:
                    ready.append(next_one)
        self.node = None


def _count_edges(root: Any) -> dict[Any, int]:
    """The number of edges that lead to each node."""
    counts, unseen = {root: 0}, [root]
    while unseen:
        for node, _ in unseen.pop().next_functions:
            if node is not None and node not in counts:
                counts[node] = 0
                unseen.append(node)
            if node is not None:
                counts[node] += 1
    return counts


def _compute(node: Any, arrived: dict[int, Tensor]) -> list[tuple[tuple[Any, int], Tensor | None]]:
    """A node's edges, and the gradient that goes along each."""
    edges = [edge for edge in node.next_functions if edge[0] is not None]
    if not arrived:
        return [(edge, None) for edge in edges]
    if type(node).__name__ == 'AccumulateGrad':  # a leaf; torch has no other name for the class
        parameter, gradient = node.variable, arrived[0]
        parameter.grad = gradient if parameter.grad is None else parameter.grad.add_(gradient)
        return []
    inputs = [arrived.get(place) for place in range(max(*arrived, len(node._input_metadata) - 1) + 1)]
    in_python = isinstance(node, BackwardCFunction)
    if in_python:
        fills_in = vars(node).get('fills_in', True)
        inputs = [torch.zeros(about.shape, dtype=about.dtype, device=DEVICE) if value is None and fills_in else value
                  for value, about in zip(inputs, node._input_metadata, strict=True)]
    results = node.apply(*inputs) if in_python else node(*inputs)
    results = results if isinstance(results, tuple) else (results,)
    # a Function in Python returns one for each argument, though it were no tensor
    wanted = node.needs_input_grad if in_python else [edge in edges for edge in node.next_functions]
    return list(zip(edges, compress(results, wanted), strict=True))


def _arrive(there: dict[int, Tensor], place: int, gradient: Tensor, node: Any) -> None:
    """Add a gradient to those that have arrived at a node, in the precision and shape that it is to have."""
    if node._input_metadata:  # else a leaf
        about = node._input_metadata[place]
        gradient = gradient.to(about.dtype)
        if gradient.shape != torch.Size(about.shape):
            gradient = gradient.sum_to_size(about.shape)
    there[place] = there[place] + gradient if place in there else gradient


BACKWARD = inspect.unwrap(_ImaginedGPU.backward).__code__
"""The code of backward passes: what is above it on the stack runs within one."""
