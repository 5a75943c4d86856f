"""Compiles our kernels of pairs, for a GPU, on a CPU.

``python -m helpers.compile_fused CLASSES CAPABILITY`` is for the similarity loss, and ``contrast`` in place of
CLASSES for the contrast; both print JSON. CAPABILITY is 90 for H100.
"""

import json
import sys

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from semsynth.ops import contrast_kernels, fused_contrast
from semsynth.ops.similarity import fused, kernels
from semsynth.ops.similarity.steep import steep

TYPES = dict(x='*fp16', kinds='*i32', counted='*i32', factors='*fp16', pending='*i32', label='*i64',
             valid_pixels='*i64', words='i32', size='i32', classes='i32')


def compiled(kernel, warps, registers=None, stages=3, **constants):
    """Shared memory of a kernel, and how often it has tensor cores multiply, and copies what comes next."""
    types = {name: 'constexpr' if name in constants else TYPES.get(name, '*fp32') for name in kernel.arg_names}
    aligned = {(number,): [['tt.divisibility', 16]] for number, kind in enumerate(types.values()) if kind[0] == '*'}
    made = triton.compile(ASTSource(kernel, types, constants, aligned), target=GPUTarget('cuda', int(sys.argv[2]), 32),
                          options=dict(num_warps=warps, num_stages=stages, maxnreg=registers))
    text = made.asm['ptx']
    return dict(shared=made.metadata.shared, products=text.count('wgmma.mma_async') + text.count('mma.sync'),
                copies=text.count('cp.async.c'))


def of_similarity(classes):
    rows, columns, warps, stages, registers = fused.tile_for(classes, int(sys.argv[2]) // 10)
    wide, narrow = fused.pieces(classes)
    shape = dict(stride=fused.stride(classes), gradient=True, rows=rows, columns=columns, wide=wide, narrow=narrow)
    return [compiled(kernels.quick, warps, registers, stages, scale=fused.SCALE, least=fused.LEAST, **shape),
            compiled(steep, 8, log_floor=-144.0, slope_floor=1e-12, rounding=1e-5, height=fused.HEIGHT,
                     chunk=columns // 2, **shape)]


def of_contrast():
    shape = dict(warps=fused_contrast.WARPS, rows=fused_contrast.ROWS, columns=fused_contrast.COLUMNS, width=64)
    return [compiled(contrast_kernels.negatives, **shape),
            compiled(contrast_kernels.positives, **shape, scale=fused_contrast.SCALE, gradient=True),
            compiled(contrast_kernels.repulsion, **shape, registers=128)]


print(json.dumps(of_contrast() if sys.argv[1] == 'contrast' else of_similarity(int(sys.argv[1]))))
