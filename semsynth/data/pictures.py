"""Pictures in files: opened in one place, turned upright, and read whole or refused with one sentence.

A file may say that its picture is to be shown turned (the orientation of EXIF, of PNG's eXIf, TIFF or XMP). It is
turned for every kind of file and for its size alike, so that photo, label map and edge map of a scene stay together.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image, ImageOps
from PIL.ImageFile import ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from semsynth.data.unreadable import LIMIT, decoding, pages_of
from semsynth.errors import DataError

PHOTO_SUFFIXES = ('.png', '.jpg', '.jpeg', '.jpe', '.jfif', '.webp', '.bmp', '.tif', '.tiff', '.ppm', '.jp2', '.avif')
MAP_SUFFIXES = ('.png', '.tif', '.tiff', '.bmp', '.jpg', '.jpeg', '.webp')
"""Of label and instance maps. JPEG and WebP are among them, so that whoever reads one can say what is wrong with it."""
MAKE_EDGES = 'semsynth prepare edges CONFIG'
SAVE_IDS = 'save the ids themselves in one channel, as 8 or 16 bit PNG or as 32 bit TIFF'
_ORIENTATION = 274
_WIDTH, _HEIGHT, _PHOTOMETRIC, _SAMPLE_FORMAT = 256, 257, 262, 339  # tags of TIFF
_STEPS = {'L;2': 85, 'L;4': 17}
"""How far apart Pillow spreads the samples of gray files of 2 and 4 bits, to fill 0..255."""


@contextmanager
def open_picture(path: str, file: BinaryIO | None = None) -> Iterator[ImageFile]:
    """Open a picture: its header is read, and ``upright`` brings its pixels.

    Args:
        path: the file, or the name of ``file`` for error messages.
        file: what to read instead, where it is no file on disk.

    Raises:
        DataError: here, or within the ``with`` where a decoder fails: the file is absent, torn, no picture, of a kind
            that is not read, holds several pictures, or has more pixels than are allowed.
    """
    with decoding(path):
        if limit := os.environ.get(LIMIT):
            if not limit.isdecimal():
                raise DataError(f'The environment variable {LIMIT} is {limit}: set it to a number of pixels.')
            Image.MAX_IMAGE_PIXELS = (int(limit) + 1) // 2  # Pillow refuses more than twice that
        # from a path Pillow would map a TIFF into memory, and it turns those wrongly
        with nullcontext(file) if file else Path(path).open('rb') as opened, Image.open(opened) as image:
            if (count := pages_of(image)) > 1:
                raise DataError(f'{path} holds {count} pictures, such as the pages of a TIFF: save the one that is '
                                'meant as a file of its own.')
            yield image


def upright(image: Image.Image) -> Image.Image:
    """Decode a picture of ``open_picture``, and turn it as its file says that it is shown."""
    image.load()
    if _orientation(image) != 1:
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _orientation(image: Image.Image) -> int:
    """The orientation of a picture, 1 to 8 as in EXIF; 1 is upright."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # notes that are torn make no picture worse
        return 1
    return found if found in range(1, 9) else 1


def read_size(path: str) -> tuple[int, int]:
    """Height and width, upright, as read from the file's header.

    Raises:
        DataError: as of ``open_picture``.
    """
    with open_picture(path) as image:
        width, height = image.size
        if isinstance(image, TiffImageFile):  # Pillow has turned the size already
            width, height = image.tag_v2[_WIDTH], image.tag_v2[_HEIGHT]
        if image.format == 'PNG' and not _has_notes(path):
            return height, width
        return (width, height) if _orientation(image) >= 5 else (height, width)


def read_orientation(path: str) -> int:
    """How a file says that its picture is to be turned, 1 to 8 as in EXIF; 1 is not at all.

    Raises:
        DataError: as of ``open_picture``.
    """
    with open_picture(path) as image:
        return _orientation(image)


def _has_notes(path: str) -> bool:
    """Whether a PNG may hold an orientation. It may stand at the file's end, and Pillow decodes the file to read it."""
    with Path(path).open('rb') as file:
        file.seek(8)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack('>I4s', head)
            if kind in (b'eXIf', b'tEXt', b'zTXt', b'iTXt'):
                return True
            file.seek(length + 4, os.SEEK_CUR)
    return False


def read_photo(path: str) -> np.ndarray:
    """A photo as ``(H, W, 3)`` uint8 BGR, as mmcv's transforms expect it.

    Gray photos and those with a palette or in CMYK become RGB; what lies under an alpha channel is shown, whatever the
    channel says; of 16 bits in three channels the upper 8 are kept.

    Raises:
        DataError: as of ``open_picture``; or the photo is a gray one of more than 8 bits, which Pillow would cut
            at 255, or in the colours LAB.
    """
    with open_picture(path) as image:
        if image.mode[0] in 'IF':
            raise DataError(f'{path} is a gray photo of more than 8 bits (its mode is {image.mode}), but photos '
                            'have 8 bits a channel: bring its numbers to 0..255 and save them with 8 bits.')
        if image.mode == 'LAB':
            raise DataError(f'{path} holds LAB colours, but photos are RGB: save it as RGB.')
        photo = upright(image)
        if 'transparency' in photo.info:
            photo = photo.convert('RGBA')
        return cv2.cvtColor(np.asarray(photo.convert('RGB')), cv2.COLOR_RGB2BGR)


def read_rgb(path: str | Path) -> np.ndarray:
    """A photo as of ``read_photo``, but RGB: ``(H, W, 3)`` uint8."""
    return np.ascontiguousarray(read_photo(str(path))[..., ::-1])


def read_ids(path: str, file: BinaryIO | None = None) -> np.ndarray:
    """A map of ids, ``(H, W)``, as its file stores them, in an integer type that keeps all bits (8, 16 or 32).

    Of files with a palette these are the indices, of gray ones of 1, 2 and 4 bits 0 and 1, 0..3 and 0..15.

    Args:
        path: the file, or the name of ``file`` for error messages.
        file: what to read instead, where it is no file on disk.

    Raises:
        DataError: as of ``open_picture``; or the file is a JPEG, has no single channel of integers, or is a TIFF
            that counts from white.
    """
    with open_picture(path, file) as image:
        if image.format in ('JPEG', 'MPO'):
            raise DataError(f'{path} is a JPEG, whose compression changes ids: make the map again as PNG '
                            '(converting this file does not bring the ids back).')
        if image.mode == 'F':
            raise DataError(f'{path} holds floats, but ids are integers: {SAVE_IDS}.')
        if len(image.getbands()) != 1:
            raise DataError(f'{path} has {_channels_in_words(image)}, but a map of ids has one channel: {SAVE_IDS}. Of '
                            'masks in colours `semsynth import` makes such maps.')
        tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
        if tags.get(_PHOTOMETRIC) == 0:
            raise DataError(f'{path} is a TIFF that counts from white (its photometric interpretation is WhiteIsZero), '
                            f'so that readers disagree on its ids: {SAVE_IDS}, where black is 0.')
        signed, step = tags.get(_SAMPLE_FORMAT, (1,))[0] == 2, _STEPS.get(_raw_mode(image).removesuffix('R'), 1)
        ids = np.asarray(upright(image))
        if ids.dtype == bool:
            return ids.astype(np.uint8)
        ids = ids.astype(ids.dtype.newbyteorder('='), copy=False)
        if ids.dtype == np.uint8 and signed:
            return ids.view(np.int8)  # Pillow reads signed 8 bits as unsigned
        if image.format == 'TIFF' and ids.dtype == np.int32 and not signed:
            return ids.view(np.uint32)  # and unsigned 32 bits as signed
        return ids if step == 1 else ids // step


def read_palette(path: str) -> list[tuple[int, int, int]] | None:
    """The colours of a picture with a palette, by index; None for other pictures.

    Raises:
        DataError: as of ``open_picture``.
    """
    with open_picture(path) as image:
        values = image.getpalette('RGB') if image.mode == 'P' else None
    return None if values is None else list(zip(values[::3], values[1::3], values[2::3], strict=True))


def read_edges(path: str, size: tuple[int, int]) -> np.ndarray:
    """An edge map, ``(H, W)`` uint8, white edges on black, soft or hard.

    Args:
        path: of a picture with one channel of at most 8 bits.
        size: height and width of the photo whose edges they are.

    Raises:
        DataError: as of ``open_picture``; or the file is not gray, or of another size.
    """
    with open_picture(path) as image:
        if image.mode not in ('1', 'L'):
            raise DataError(f'{path} has the mode {image.mode}, but an edge map is gray with 8 bits, white edges on '
                            'black: save it so.')
        edges = np.array(upright(image).convert('L'))
    if edges.shape != size:
        raise DataError(f'{path} is {edges.shape[0]}x{edges.shape[1]} pixels, but its photo, where edge maps are '
                        f'loaded, is {size[0]}x{size[1]}: edges=dict(full_size=True) is for edge maps of photos as '
                        'they are on disk, full_size=False for those of photos as they are resized; set it '
                        f'accordingly, or remove the edge maps and run `{MAKE_EDGES}` again.')
    return edges


def _raw_mode(image: ImageFile) -> str:
    """How a file stores its samples, in Pillow's words, such as ``'L;2'``; known before it is decoded."""
    arguments = image.tile[0].args if image.tile else ''
    return str(arguments if isinstance(arguments, str) else arguments[0] if arguments else '')


def _channels_in_words(image: Image.Image) -> str:
    """The kind of a picture in words, such as ``colours (its mode is RGB)``."""
    if image.mode in ('LA', 'PA', 'La'):
        return f'an alpha channel beside its ids (its mode is {image.mode})'
    red, green, blue = (np.asarray(band) for band in upright(image).convert('RGB').split())
    equal = np.array_equal(red, green) and np.array_equal(red, blue)
    return f'{"3 channels that are equal" if equal else "colours"} (its mode is {image.mode})'
