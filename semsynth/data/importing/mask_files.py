"""Files of masks: colours or numbers, as they are stored; what occurs in many of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semsynth.data.importing.colours import pack, unpack
from semsynth.data.pictures import open_picture, read_ids, read_palette, upright
from semsynth.errors import DataError

VOID = 255
"""In maps of numbers: no class. In maps of objects that have a palette: no object."""
VOC_VOID = (224, 224, 192)
"""The colour of ``VOID`` in VOC's palette."""


@dataclass(frozen=True)
class Mask:
    """A mask as its file stores it: colours, or numbers.

    Args:
        path: the file.
        pixels: colours ``(H, W, 3)`` uint8 RGB, or numbers ``(H, W)``.
        palette: the colours of the numbers, ``(K, 3)`` uint8, or None.
        lossy: whether it is a JPEG, whose compression changes colours.
    """

    path: Path
    pixels: np.ndarray
    palette: np.ndarray | None = None
    lossy: bool = False

    def colours(self) -> np.ndarray:
        """Its colours ``(H, W, 3)``; numbers without a palette are gray."""
        if self.pixels.ndim == 3:
            return self.pixels
        return np.stack([self.pixels.astype(np.uint8)] * 3, -1) if self.palette is None else self.palette[self.pixels]

    def numbers(self) -> np.ndarray:
        """Its numbers ``(H, W)``; grays in three channels are such, too.

        Raises:
            DataError: it holds colours, or is a JPEG.
        """
        if self.pixels.ndim == 2:
            return self.pixels
        if self.lossy:
            raise DataError(f'{self.path} is a JPEG, whose compression changes numbers: name a file of classes with '
                            'their colours by --classes, such as "background 0 0 0" and "car 255 255 255", one a line; '
                            'or make the masks again as PNG.')
        red = self.pixels[..., 0]
        if not all((self.pixels[..., channel] == red).all() for channel in (1, 2)):
            raise _nameless(self)
        return red


def read_mask(path: Path) -> Mask:
    """Read a mask.

    Raises:
        DataError: the file cannot be read as a picture, or holds numbers that are no integers.
    """
    with open_picture(str(path)) as image:
        lossy = image.format in ('JPEG', 'MPO')
        if lossy or len(image.getbands()) > 2:
            return Mask(path, np.asarray(upright(image).convert('RGB')), lossy=lossy)
    colours, palette = read_palette(str(path)), None
    if colours is not None:
        palette = np.zeros((256, 3), np.uint8)
        palette[:len(colours)] = colours
    return Mask(path, read_ids(str(path)), palette)


def read_all(paths: Sequence[Path]) -> Iterator[Mask]:
    """Read masks, several at once."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(read_mask, paths)


def read_objects(path: Path) -> np.ndarray:
    """A map of objects: ``(H, W)`` int32, a number an object, 0 for none: what is black, or VOC's border, is none.

    Raises:
        DataError: as of ``read_mask``.
    """
    mask = read_mask(path)
    if mask.pixels.ndim == 3:
        codes = pack(mask.pixels)
        nothing = np.isin(codes, pack(np.array([(0, 0, 0), VOC_VOID], np.uint8)))
        numbers = np.unique(codes, return_inverse=True)[1].reshape(codes.shape) + 1
    else:
        numbers = mask.pixels
        nothing = (numbers == 0) | ((numbers == VOID) & (mask.palette is not None))
    return np.where(nothing, 0, numbers).astype(np.int32)


def _nameless(mask: Mask, shown: int = 12) -> DataError:
    """The error of colours of which nothing says what they mean, with the most frequent ones."""
    codes, counts = np.unique(pack(mask.colours()), return_counts=True)
    most = np.argsort(-counts)[:shown]
    listed = ', '.join(f'{" ".join(map(str, colour))} ({100 * count / counts.sum():.1f} %)' for colour, count in
                       zip(unpack(codes[most]).tolist(), counts[most].tolist(), strict=True))
    return DataError(
        f'{mask.path} holds colours, but nothing says which classes they are: write a file classes.txt, a class a '
        'line, its name and its colour as r g b, such as "road 128 64 128", and name it by --classes. This mask has '
        f'{len(codes)} colours: {listed}{", ..." if len(codes) > shown else ""}.')
