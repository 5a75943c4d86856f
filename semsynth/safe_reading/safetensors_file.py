"""Weights in safetensors files: numbers under names, and nothing that could run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from torch import Tensor


class Stored(NamedTuple):
    """What a file says of a tensor before it is read.

    Args:
        shape: of the tensor.
        is_float: whether its numbers are floating-point.
    """

    shape: tuple[int, ...]
    is_float: bool


def read_safetensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a file by name, on the CPU.

    Raises:
        ValueError: it is torn, or no safetensors file.
    """
    try:
        return load_file(path)
    except (SafetensorError, OSError, KeyError) as error:  # KeyError: numbers of a kind that torch does not have
        raise _unreadable(path, error) from error


def tensors_in(path: str | Path) -> dict[str, Stored]:
    """What the head of a file says of its tensors; the library compares it with the file's length.

    Raises:
        ValueError: it is torn, or no safetensors file.
    """
    try:
        with safe_open(path, 'pt') as file:
            heads = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118  it is no dict
            return {name: Stored(tuple(head.get_shape()), head.get_dtype() in ('F64', 'F32', 'F16', 'BF16'))
                    for name, head in heads.items()}
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: Exception) -> ValueError:
    return ValueError(f'{path} is torn or no safetensors file ({error!s:.200}); copy or download it again.')
