"""Arrays in files: plain numbers and text, measured before there is memory for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy

LARGEST = 2**30
"""Bytes that an npz file may unpack to: the layout of a picture at Pillow's limit has 0.8 of it."""
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read_npy(file: IO[bytes], size: int) -> np.ndarray:
    """Read an array; nothing in the file can run code, or takes more memory than the file is long.

    Args:
        file: at its beginning.
        size: its bytes, of which the array must need all.

    Raises:
        ValueError: it holds no array, one of something else than numbers, truth values or text, or another number of
            them than it says.
    """
    shape, fortran, dtype = read_npy_header(file)
    if dtype.kind not in 'biufcU' or dtype.shape:
        what = 'Python objects' if dtype.hasobject else dtype
        raise ValueError(f'it holds {what}, where numbers were expected')
    length, left = math.prod(shape) * dtype.itemsize, size - file.tell()
    if length != left:
        raise ValueError(f'it says that it holds {shape} of {dtype}, {length} bytes, but there are {left}')
    buffer = bytearray(length)
    content, array = memoryview(buffer), np.ndarray(shape, dtype, buffer, order='F' if fortran else 'C')
    while content:
        count = file.readinto(content)  # type: ignore[attr-defined]  # every binary file has it
        if not count:
            raise ValueError(f'it ends {len(content)} bytes too soon')
        content = content[count:]
    return array


def read_npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether columns come first, and type of an array in a file.

    Raises:
        ValueError: it holds no array.
    """
    try:
        version = npy.read_magic(file)
        if version not in _HEADERS:
            raise ValueError(f'format {version} instead of {" or ".join(map(str, _HEADERS))}')
        shape, fortran, dtype = _HEADERS[version](file)
    except BadZipFile:
        raise
    except Exception as error:  # numpy reads it with Python's own parser, which raises all sorts
        raise ValueError(f'it has no header of an array ({error})') from None
    if not all(length >= 0 for length in shape):
        raise ValueError(f'it says that it holds {shape}')
    return shape, fortran, dtype


def read_npz(path: str | Path) -> dict[str, np.ndarray]:
    """Read all arrays of an npz file by name.

    Raises:
        ValueError: as of ``read_npy``; or the file would unpack to more than ``LARGEST`` bytes.
        Exception: of zipfile and zlib, where it is torn.
    """
    with ZipFile(path) as archive:
        members = archive.infolist()
        check_members(members, Path(path).stat().st_size)
        arrays = {}
        for member in members:
            with archive.open(member) as file:
                arrays[member.filename.removesuffix('.npy')] = read_npy(file, member.file_size)
        return arrays


@contextmanager
def open_only_npy(path: str | Path) -> Iterator[tuple[IO[bytes], int]]:
    """Open an npy file, or the only one in an npz file; gives it and its size.

    Raises:
        ValueError: the npz file has not one array, or would unpack to more than ``LARGEST`` bytes.
    """
    if str(path).lower().endswith('.npy'):
        with Path(path).open('rb') as file:
            yield file, Path(path).stat().st_size
        return
    with ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != 1:
            raise ValueError(f'it holds {len(members)} arrays, expected one')
        check_members(members, Path(path).stat().st_size)
        with archive.open(members[0]) as file:
            yield file, members[0].file_size


def check_members(members: list[ZipInfo], size: int) -> None:
    """Refuse an npz file whose arrays are packed in an unknown way, overlap, or unpack to more than ``LARGEST``."""
    unpacked = sum(member.file_size for member in members)
    if unpacked > LARGEST:
        raise ValueError(f'it would unpack to {unpacked / 2**30:.1f} GiB, more than {LARGEST / 2**30:.0f}')
    if any(member.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for member in members) or (
            sum(member.compress_size for member in members) > size):
        raise ValueError('it is packed in another way than numpy packs')
