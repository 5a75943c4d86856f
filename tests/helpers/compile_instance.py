"""Compiles the kernels of instance means, for a GPU, on a CPU: python -m helpers.compile_instance prints JSON."""

import json
import re
import subprocess
import tempfile
from pathlib import Path

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from semsynth.ops import instance_kernels as kernels

TYPES = dict(ids='*i64', owners='*i32', places='*i32', values='*fp32', sums='*fp32', out='*fp32')


def compiled(kernel, **constants):
    """The resources of a kernel of instance means."""
    types = {name: 'constexpr' if name in constants else TYPES.get(name, 'i32') for name in kernel.arg_names}
    return resources(kernel, types, constants, kernels.WARPS)


def resources(kernel, types, constants, warps):
    """A kernel's name, its registers and the bytes that it spills, for each thread, and its shared memory."""
    aligned = {(number,): [['tt.divisibility', 16]] for number, kind in enumerate(types.values()) if kind[0] == '*'}
    made = triton.compile(ASTSource(kernel, types, constants, aligned), target=GPUTarget('cuda', 90, 32),
                          options=dict(num_warps=warps))
    tool = Path(triton.__file__).parent / 'backends/nvidia/bin/cuobjdump'
    with tempfile.NamedTemporaryFile(suffix='.cubin') as file:
        file.write(made.asm['cubin'])
        file.flush()
        text = subprocess.run([tool, '-res-usage', file.name], capture_output=True, text=True, check=True).stdout
    registers, stack = re.search(r'REG:(\d+) STACK:(\d+)', text).groups()
    return dict(kernel=kernel.__name__, registers=int(registers), spilled=int(stack), shared=made.metadata.shared)


if __name__ == '__main__':
    block = kernels.ROWS * kernels.COLUMNS
    print(json.dumps([
        compiled(kernels._find_places, block=block),
        compiled(kernels._add, rows=kernels.ROWS, columns=kernels.COLUMNS, chunk=kernels.CHANNELS, limit=kernels.LIMIT),
        compiled(kernels._divide, block=block, chunk=kernels.CHANNELS)]))
