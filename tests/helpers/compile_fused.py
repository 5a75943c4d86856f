"""Compiles the similarity loss's kernels, for a GPU, on a CPU: python -m helpers.compile_fused CLASSES prints JSON."""

import json
import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from semsynth.ops.similarity import fused

TYPES = dict(factors='*fp16', borders='*i32', pending='*i32', label='*i64', words='i32', size='i32', classes='i32')


def compiled(kernel, **constants):
    """Shared memory of a kernel, and how often it has tensor cores multiply, and copies what comes next."""
    types = {name: 'constexpr' if name in constants else TYPES.get(name, '*fp32') for name in kernel.arg_names}
    aligned = {(number,): [['tt.divisibility', 16]] for number, kind in enumerate(types.values()) if kind[0] == '*'}
    made = triton.compile(ASTSource(kernel, types, constants, aligned), target=GPUTarget('cuda', 90, 32),
                          options=dict(num_warps=fused.WARPS))
    text = made.asm['ptx']
    return dict(shared=made.metadata.shared, products=text.count('wgmma.mma_async'), copies=text.count('cp.async.c'))


classes = int(sys.argv[1])
rows, columns, width = fused.tiles(classes)
shape = dict(gradient=True, rows=rows, columns=columns, width=width)
print(json.dumps([
    compiled(fused._alike, stride=fused.stride(classes), scale=fused.SCALE, least=fused.LEAST, **shape),
    compiled(fused._pending, log_floor=-144.0, slope_floor=1e-12, **shape)]))
