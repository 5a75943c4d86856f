"""Compiles instance norm's kernels, for a GPU, on a CPU: python -m helpers.compile_norm prints JSON."""

import json
from itertools import product

from helpers.compile_instance import resources
from semsynth.layers import norm_kernels as kernels

MAPS = ('x', 'gamma', 'beta', 'y', 'upstream', 'to_x', 'to_gamma', 'to_beta')
TYPES = dict.fromkeys(MAPS, '*bf16') | dict(partial='*fp32', statistics='*fp32')


def compiled(kernel, last, **constants):
    """With maps of 64 channels or more in bfloat16."""
    across = kernels.CHANNELS if last else 1
    constants |= {'across': across, 'along': kernels.TILE // across, 'channel_stride' if last else 'pixel_stride': 1}
    types = {name: 'constexpr' if name in constants else TYPES.get(name, 'i32') for name in kernel.arg_names}
    return dict(resources(kernel, types, constants, kernels.WARPS), last=last, **constants)


if __name__ == '__main__':
    found = [compiled(kernels._measure, last) for last in (False, True)]
    for last, modulated, kernel in product((False, True), (False, True), (kernels._apply, kernels._gather,
                                                                          kernels._spread)):
        found.append(compiled(kernel, last, modulated=modulated, slope=0.2,
                              **(dict(eps=1e-5) if kernel is kernels._apply else {})))
    found += [compiled(kernels._apply, last, modulated=False, slope=1, eps=1e-5) for last in (False, True)]
    print(json.dumps(found))
