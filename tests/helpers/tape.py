"""A CUDA graph's stand-in on a CPU: it does the same operations on the same memory again, and nothing else."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Tape(TorchDispatchMode):
    """Notes every operation with the very tensors and numbers that it was called with.

    Numbers that the host knew are part of it, and so are the places of the tensors. As while a graph is captured, no
    number can be read from a tensor.
    """

    def __init__(self):
        super().__init__()
        self.calls, self.before, self.random = [], [], torch.get_rng_state()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        by_mask = func.overloadpacket in (torch.ops.aten.index, torch.ops.aten.index_put_) and any(
            each.dtype in (torch.bool, torch.uint8) for each in args[1] if each is not None)
        if by_mask or torch.Tag.data_dependent_output in func.tags or (
                torch.Tag.dynamic_output_shape in func.tags and func.overloadpacket is not torch.ops.aten.index):
            raise RuntimeError(f'{func}: operation not permitted when stream is capturing\nand another line')
        given = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False)) | kwargs
        for argument in func._schema.arguments:
            written = argument.alias_info is not None and argument.alias_info.is_write
            if written or argument.name.startswith('running_'):  # batch norm does not say that it writes these
                self.before += [(each, each.clone()) for each in tree_leaves(given.get(argument.name))
                                if isinstance(each, torch.Tensor)]
        result = func(*args, **kwargs)
        self.calls.append((func, args, kwargs, result))
        return result

    @torch.no_grad()
    def rewind(self):
        """Undo it: to capture is not to compute."""
        for tensor, value in reversed(self.before):
            tensor.copy_(value)
        self.before.clear()
        torch.set_rng_state(self.random)

    @torch.no_grad()
    def play(self):
        for func, args, kwargs, result in self.calls:
            again = func(*args, **kwargs)
            for old, new in zip(tree_leaves(result), tree_leaves(again), strict=True):
                if isinstance(old, torch.Tensor) and old.data_ptr() != new.data_ptr():
                    old.copy_(new)


class TapedGraph:
    """As ``semsynth.models.captured.CudaGraph``."""

    device = 'cpu'
    made = []

    def __init__(self):
        self.events = []
        self.made.append(self)

    def warm_up(self, function):
        self.events.append('warm up')
        return function()

    def capture(self, function):
        self.events.append('capture')
        self.tape = Tape()
        with self.tape:
            result = function()
        self.tape.rewind()
        return result

    def replay(self):
        self.events.append('replay')
        self.tape.play()
