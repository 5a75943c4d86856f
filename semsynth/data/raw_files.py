"""Image-like inputs in files: pictures of 8 or 16 bits, and arrays of any number of channels."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL.TiffImagePlugin import TiffImageFile

from semsynth.data.pictures import PHOTO_SUFFIXES, open_picture, read_size, upright
from semsynth.data.unreadable import decoding
from semsynth.errors import DataError
from semsynth.safe_reading.arrays import open_only_npy, read_npy, read_npy_header

ARRAY_SUFFIXES = ('.npy', '.npz')
RAW_SUFFIXES = (*PHOTO_SUFFIXES, *ARRAY_SUFFIXES)
_SAMPLES = 277  # tag of TIFF
_PLAIN_MODES = ('1', 'L', 'LA', 'RGB', 'RGBA', 'F')


def read_raw(path: str, channels: int) -> np.ndarray:
    """An image-like input as ``(H, W, C)``: uint8 and uint16 as stored, floats as float32, booleans as 0 and 255.

    Pictures are turned upright by their EXIF entry, and those with a palette give its colours. Arrays are ``(H, W, C)``
    or, with one channel, ``(H, W)``; an npz file holds one.

    Args:
        path: picture, ``.npy`` or ``.npz``; pickled objects are refused.
        channels: C.

    Raises:
        DataError: the file cannot be read, has other channels or another type of numbers, or holds one that is not
            finite.
    """
    raw = _read_array(path) if path.lower().endswith(ARRAY_SUFFIXES) else _read_picture(path)
    if raw.ndim not in (2, 3):
        raise DataError(f'{path} has the shape {raw.shape}, expected (height, width, {channels}): save it anew.')
    raw = raw[..., None] if raw.ndim == 2 else raw
    if raw.shape[2] != channels:
        raise DataError(f'{path} has {raw.shape[2]} channels (its shape is {raw.shape}), but raw_channels={channels}: '
                        'set raw_channels to the number that all files have, or convert the file.')
    if raw.dtype == bool:
        return raw.astype(np.uint8) * 255
    if raw.dtype.kind == 'u' and raw.dtype.itemsize <= 2:
        return raw.astype(raw.dtype.newbyteorder('='))
    if raw.dtype.kind != 'f':
        raise DataError(f'{path} holds {raw.dtype}, expected 8 or 16 bit unsigned integers, which become -1..1, or '
                        'floats, which are read as they are: convert it.')
    if not np.isfinite(raw).all():
        raise DataError(f'{path} holds numbers that are not finite: replace them, say by 0.')
    return raw.astype(np.float32)


def read_raw_size(path: str) -> tuple[int, int]:
    """Height and width of an image-like input, from the file's header.

    Raises:
        DataError: the file is absent, no image and no array, or an array of less than two dimensions.
    """
    if not path.lower().endswith(ARRAY_SUFFIXES):
        return read_size(path)
    with _decoding_array(path), open_only_npy(path) as (file, _):
        shape = read_npy_header(file)[0]
    if len(shape) < 2:
        raise DataError(f'{path} has the shape {shape}, expected (height, width, channels): save it anew.')
    return shape[0], shape[1]


def _read_picture(path: str) -> np.ndarray:
    with open_picture(path) as image:
        bands = len(image.getbands())
        if bands > 1 and any(';16' in str(tile[3]) for tile in image.tile):
            raise DataError(f'{path} has 16 bits in {bands} channels, of which Pillow keeps 8: save it as .npy, '
                            '(height, width, channels) uint16.')
        if isinstance(image, TiffImageFile) and (stored := image.tag_v2.get(_SAMPLES, 1)) > bands:
            raise DataError(f'{path} has {stored} channels, of which Pillow keeps {bands}: save it as .npy, (height, '
                            'width, channels).')
        turned = upright(image)
        return np.asarray(turned if turned.mode in _PLAIN_MODES or turned.mode[0] == 'I' else turned.convert('RGB'))


def _read_array(path: str) -> np.ndarray:
    with _decoding_array(path), open_only_npy(path) as (file, size):
        return read_npy(file, size)


@contextmanager
def _decoding_array(path: str) -> Iterator[None]:
    with decoding(path):
        try:
            yield
        except ValueError as error:
            raise DataError(f'{path} cannot be read as an array, {error}: save an array of numbers, (height, width, '
                            'channels).') from None
