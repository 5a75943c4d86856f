"""Which implementation of the similarity loss serves a device, and a line in the log that says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec

import torch
from mmengine.logging import print_log
from torch import Tensor

from semsynth.ops.similarity import by_class, tiled

PRECISIONS = ('auto', 'float32', 'tf32')
"""'tf32' is what older configs call 'auto'."""
LEAST_PIXELS = 128
"""Below this one tile in float32 holds all pairs, and a kernel's smallest one is mostly padding."""


def check_precision(name: str, precision: str) -> None:
    """Raise a ValueError that begins with the name where there is no such precision."""
    if precision not in PRECISIONS:
        raise ValueError(f'{name}: precision={precision!r}, expected one of {", ".join(PRECISIONS)}.')


def evaluation(probs: Tensor, precision: str) -> Callable:
    """The implementation for probabilities ``(B, N, M)``, by their device and type, their size, and the precision."""
    if probs.device.type == 'cpu':
        return by_class.evaluate
    if not has_reduced_products(probs, probs.shape[2], precision):
        return tiled.evaluate
    from semsynth.ops.similarity import fused  # only where there is Triton
    return fused.evaluate


def has_reduced_products(probs: Tensor, pixels: int, precision: str) -> bool:
    """Whether products have TF32's 10 bits of mantissa; on a GPU the log says it, once.

    Args:
        probs: ``(B, N, ...)``; half precision counts as float32, which it is widened to.
        pixels: how many are compared with each other.
        precision: as for ``similarity_loss``.
    """
    if probs.device.type != 'cuda' or probs.dtype == torch.float64 or pixels < LEAST_PIXELS:
        return False
    if precision == 'float32':
        say_once("Similarity loss: tiles in float32; precision='auto' of the loss takes fused kernels, in TF32, where "
                 'they fit.')
        return False
    if found := obstacle(probs.device, probs.shape[1]):
        say_once(f'Similarity loss: tiles in float32, because {found}.')
        return False
    say_once("Similarity loss: fused kernels, whose products have TF32's 10 bits of mantissa; slower tiles in float32 "
             "are precision='float32'.")
    return True


@cache
def obstacle(device: torch.device, classes: int) -> str:
    """Why the fused kernels cannot serve that GPU and number of classes, or ''."""
    if torch.version.hip or torch.cuda.get_device_capability(device) < (8, 0):
        return 'the fused kernels are for NVIDIA GPUs of compute capability 8.0 and later'
    if not find_spec('triton'):
        return 'the fused kernels need Triton (pip install triton)'
    try:
        from semsynth.ops.similarity import fused
        fused.probe(device)
    except Exception as error:  # a missing C compiler, a driver that is too old: whatever Triton raises
        return f'Triton does not work here ({type(error).__name__}: {error})'
    if classes > fused.MAX_CLASSES:
        return f'the fused kernels take at most {fused.MAX_CLASSES} classes, and there are {classes}'
    has = torch.cuda.get_device_properties(device).shared_memory_per_block_optin  # type: ignore[attr-defined]  # not in its types
    if has < fused.SHARED_MEMORY:
        return f'the fused kernels need {fused.SHARED_MEMORY} bytes of shared memory, and this GPU has {has}'
    return ''


@cache
def say_once(words: str) -> None:
    """A line in the log, the first time."""
    print_log(words, logger='current')
