"""numpy's arrays and numbers in pickles, without numpy's own unpickling, which follows pointers that a file forges."""

from __future__ import annotations

import math
from pickle import UnpicklingError
from typing import Literal

import numpy as np

KINDS = frozenset(('b1', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'f2', 'f4', 'f8', 'c8', 'c16'))
"""Types of plain numbers, as pickles name them."""


class Kind:
    """Stands for ``numpy.dtype``: a type of plain numbers, never of objects, of records or of text.

    Args:
        code: one of ``KINDS``; numpy's other arguments mean nothing for these.
    """

    def __init__(self, code: str, *_):
        if not isinstance(code, str) or code not in KINDS:
            raise UnpicklingError(f'it holds numbers of the type {code!r:.40}')
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple) -> None:
        """Take the byte order, all that a plain type may say of itself."""
        match state:
            case (3, '<' | '>' | '=' | '|' as order, None, None, None, -1, -1, 0):
                self.dtype = self.dtype.newbyteorder(order)
            case _:
                raise UnpicklingError('it holds a type of numbers that is none')


class Array:
    """Stands for an array while a pickle is read: ``array`` is the real one.

    Raises:
        UnpicklingError: it does not hold plain numbers, or not as many as its shape says.
    """

    array: np.ndarray

    def __setstate__(self, state: tuple) -> None:
        """Make the array of what a pickle has of it: version, shape, type, order, and bytes (of Python 2, text)."""
        match state:
            case (1, tuple(shape), Kind() as kind, bool() | 0 | 1 as fortran, bytes() | str() as data):
                self.array = _array(shape, kind, data, 'F' if fortran else 'C')
            case _:
                raise UnpicklingError('it holds an array of something else than plain numbers')


def reconstruct(kind: type, shape: tuple, code: bytes | str) -> Array:
    """Stands for numpy's function of that name: the array before its state."""
    if not isinstance(kind, type) or not issubclass(kind, Array):
        raise UnpicklingError('it holds an array of another class than numpy\'s')
    return kind()


def scalar(kind: Kind, data: bytes | str) -> np.generic:
    """Stands for numpy's function of that name: one number."""
    if not isinstance(kind, Kind) or not isinstance(data, bytes | str):
        raise UnpicklingError('it holds a number of something else than bytes')
    return _array((1,), kind, data, 'C')[0]


def _array(shape: tuple, kind: Kind, data: bytes | str, order: Literal['C', 'F']) -> np.ndarray:
    data = data.encode('latin1') if isinstance(data, str) else data
    if not all(type(length) is int and length >= 0 for length in shape):
        raise UnpicklingError(f'it holds an array of the shape {shape!r:.40}')
    if math.prod(shape) * kind.dtype.itemsize != len(data):
        raise UnpicklingError(f'it holds an array of {len(data)} bytes that says it has the shape {shape!r:.40}')
    return np.ndarray(shape, kind.dtype, data, order=order).copy(order='K')


STAND_INS = {'numpy.ndarray': Array, 'numpy.dtype': Kind} | {
    f'numpy.{core}.multiarray.{name}': function  # numpy 1 wrote them under their old address
    for core in ('core', '_core') for name, function in (('_reconstruct', reconstruct), ('scalar', scalar))}
"""What pickles of arrays and numbers name, and what stands for it."""
