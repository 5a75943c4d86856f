"""Devices, and the precision in which networks run: float32, or bfloat16 where the processor has units for it."""

from __future__ import annotations

import logging
import os
from contextlib import AbstractContextManager
from pathlib import Path

import torch
from mmengine.device import get_device
from mmengine.logging import print_log

from semsynth.errors import either

PRECISIONS = ('auto', 'float32', 'bfloat16')
"""``auto`` takes bfloat16 on CPUs whose units oneDNN will use, and float32 elsewhere; see ``resolve_precision``."""
CPUINFO = Path('/proc/cpuinfo')
"""The file in which Linux lists the processors' features."""
CPU_FLAGS = {'avx512_bf16', 'amx_bf16', 'bf16'}
"""What Linux calls the units for bfloat16 of x86 processors, of Intel's tiles, and of ARM's."""
WITHOUT_UNITS = {'SSE41', 'AVX', 'AVX2', 'AVX2_VNNI', 'AVX2_VNNI_2', 'AVX512_CORE', 'AVX512_CORE_VNNI'}
"""Values of ``ONEDNN_MAX_CPU_ISA`` that keep oneDNN from these units; any other one allows them."""
SLOW = ('precision=bfloat16, but this CPU has no units for bfloat16, or ONEDNN_MAX_CPU_ISA keeps them unused: it takes '
        '1.3 times (with AVX512) to 13 times (with AVX2) as long as --precision float32.')


def find_device(name: str | None = None) -> torch.device:
    """A device of this machine.

    Args:
        name: such as ``'cpu'``, ``'cuda'`` or ``'cuda:1'``; None takes the accelerator where there is one.

    Raises:
        ValueError: this machine has no such device; says which it has.
    """
    if name is None:
        return torch.device(get_device())
    there = ['cpu']
    if torch.accelerator.is_available() and (found := torch.accelerator.current_accelerator()):
        there += [f'{found.type}:{number}' for number in range(torch.accelerator.device_count())]
    if name not in there and name not in {device.partition(':')[0] for device in there}:
        none = ' and no GPU that torch finds' if there == ['cpu'] else ''
        raise ValueError(f'device={name}, but this machine has {", ".join(there)}{none}: name {either(there)}.')
    return torch.device(name)


def check_precision(precision: object) -> None:
    """Raise a ValueError for anything but one of ``PRECISIONS``."""
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r}, expected 'auto', 'float32' or 'bfloat16'.")


def resolve_precision(precision: str, device: str) -> str:
    """The precision in which networks run, ``'float32'`` or ``'bfloat16'``.

    ``'auto'`` is bfloat16 on a CPU whose units for it oneDNN will use, and float32 on any other CPU, where bfloat16 is
    imitated, and on GPUs, where it has not been measured to be the faster one in general. Nothing is timed here.

    Args:
        precision: one of ``PRECISIONS``.
        device: type of the device, ``'cpu'`` or ``'cuda'``.

    Raises:
        ValueError: there is no such precision.
    """
    check_precision(precision)
    if precision == 'auto':
        return 'bfloat16' if device == 'cpu' and has_bfloat16_units() else 'float32'
    return precision


def settle(precision: str, device: str) -> str:
    """Resolve a precision for networks that are about to run, and warn where it is a slow one."""
    resolved = resolve_precision(precision, device)
    if is_slow(resolved, device):
        print_log(SLOW, logger='current', level=logging.WARNING)
    return resolved


def is_slow(precision: str, device: str) -> bool:
    """Whether a resolved precision is one that the device has no units for."""
    return precision == 'bfloat16' and device == 'cpu' and not has_bfloat16_units()


def run_in(precision: str, device: str) -> AbstractContextManager:
    """The context in which networks run in a resolved precision on a type of device."""
    return torch.autocast(device, torch.bfloat16, enabled=precision == 'bfloat16')


def has_bfloat16_units() -> bool:
    """Whether this CPU has units for bfloat16 that torch's convolutions, which are oneDNN's, will use.

    oneDNN reads ``ONEDNN_MAX_CPU_ISA``, or ``DNNL_MAX_CPU_ISA`` where that is not set, and takes a value that it does
    not know for no limit. torch's own question, ``_is_mkldnn_bf16_supported``, is also answered yes where oneDNN
    imitates bfloat16 with AVX512.
    """
    limit = os.environ.get('ONEDNN_MAX_CPU_ISA') or os.environ.get('DNNL_MAX_CPU_ISA', '')
    return (torch.backends.mkldnn.is_available() and limit.upper() not in WITHOUT_UNITS
            and not CPU_FLAGS.isdisjoint(_cpu_flags()))


def _cpu_flags() -> set[str]:
    """The features of the first processor that Linux lists; none on other systems."""
    try:
        lines = CPUINFO.read_text(encoding='utf-8').splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith(('flags', 'Features'))), set())
