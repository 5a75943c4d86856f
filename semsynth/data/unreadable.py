"""Why a picture cannot be read: one sentence that names the file, the true cause, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from semsynth.errors import DataError

LIMIT = 'SEMSYNTH_MAX_PIXELS'
"""Environment variable: the largest picture that is read, in pixels."""
SAVE_ANEW = ('save photos with 3 channels of 8 bits as PNG or JPEG, ids with one channel of 8 or 16 bits as PNG, '
             'image-like inputs of any other kind as .npy')
LEAVE_OUT = 'leave its scene out'
REPLACE = f'replace it, or {LEAVE_OUT}'
OTHER = 'use another file'
AGAIN = f'copy or download it again, or {LEAVE_OUT}'
# What begins a file, what it then is, and what to do about it.
_BEGINNINGS = (
    (rb'$', 'is empty (0 bytes)', AGAIN),
    (rb'version https://git-lfs', 'is a pointer of Git LFS, not the picture itself', 'run `git lfs pull`'),
    (rb'(?i)\s*<(!doctype html|html)', 'is a web page, as a download that failed leaves it', AGAIN),
    (rb'(?i)\s*<(\?xml|svg)', 'is XML or SVG, not pixels', SAVE_ANEW),
    (rb'....ftyp(hei[cxms]|hev[cx]|mif1|msf1)', 'is HEIC', 'save it as PNG or JPEG'),
    (rb'....ftypavi[fs]', 'is AVIF, which this Pillow cannot read', 'save it as PNG or JPEG'),
    (rb'(\xff\x0a|\0\0\0\x0cJXL )', 'is JPEG XL', 'save it as PNG or JPEG'),
    (rb'%PDF', 'is a PDF', 'save it as PNG or JPEG'),
    (rb'PK\x03\x04', 'is a zip archive', 'unpack it'),
    (rb'\x93NUMPY', 'is an array of NumPy', 'name it .npy where image-like inputs are read, else save it as PNG'),
    (rb'\x76\x2f\x31\x01', 'is OpenEXR', SAVE_ANEW),
    (rb'(?s).{128}DICM', 'is DICOM', SAVE_ANEW),
)
_WIDTH, _BITS, _CHANNELS, _FORMAT = 256, 258, 277, 339  # tags of TIFF
_SUBFILE, _SMALLER, _MASK = 254, 1, 4
"""TIFF's tag that says what a page is, and two of its bits."""
_KINDS = {1: 'bit unsigned integers', 2: 'bit signed integers', 3: 'bit floats'}
"""Of numbers in TIFF, by its tag SampleFormat."""


@contextmanager
def decoding(path: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a ``DataError`` that names the file and the cause."""
    try:
        yield
    except DataError:
        raise
    except Exception as error:  # decoders raise all sorts: OSError, SyntaxError, ValueError, struct.error
        raise DataError(f'{path} {_cause(path, error)}.') from (None if isinstance(error, OSError) else error)


@contextmanager
def of_no_data_set() -> Iterator[None]:
    """Give the advice on an unreadable file that fits one opened by itself: there is no scene to leave out."""
    try:
        yield
    except DataError as error:
        if LEAVE_OUT not in str(error):
            raise
        advice = str(error).replace(REPLACE, OTHER).replace(LEAVE_OUT, OTHER)
        raise DataError(advice) from error.__cause__


def pages_of(image: Image.Image) -> int:
    """How many pictures a file holds. A TIFF's smaller copies and masks of its picture, as maps have them, don't
    count; nor do the previews in a camera's JPEG."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return getattr(image, 'n_frames', 1) if image.format in ('PNG', 'WEBP', 'AVIF', 'GIF') else 1
    count = 0
    for page in range(image.n_frames):
        image.seek(page)
        count += not image.tag_v2.get(_SUBFILE, 0) & (_SMALLER | _MASK)
    image.seek(0)
    return count


def _cause(path: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        if Path(path).is_symlink():
            return f'is a link to {Path(path).readlink()}, which does not exist: restore that file, or remove the link'
        return f'does not exist: restore it, or {LEAVE_OUT}'
    if isinstance(error, PermissionError):
        return f'may not be read by the user who runs this: allow it with `chmod u+r {path}`, or {REPLACE}'
    if isinstance(error, Image.DecompressionBombError):
        pixels, = re.findall(r'\((\d+) pixels\)', str(error))
        return (f'has {pixels} pixels, more than are read by default, as such a file may be made to fill the memory: '
                f'where you trust it, set the environment variable {LIMIT}={pixels}, else make it smaller')
    if isinstance(error, OSError) and error.errno:
        return f'cannot be read from its disk ({error.strerror}): {AGAIN}'
    if isinstance(error, UnidentifiedImageError) and Path(path).is_file() and (known := _identified(path)):
        return known
    reason = 'of no kind that is known' if isinstance(error, UnidentifiedImageError) else error
    return f'cannot be read, it is truncated or no image ({reason}): {REPLACE}'


def _identified(path: str) -> str | None:
    with Path(path).open('rb') as file:
        start = file.read(200)
    if start.startswith(tuple(TiffImagePlugin.PREFIXES)):
        return _kind_of_tiff(path)
    return next((f'{what}: {remedy}' for beginning, what, remedy in _BEGINNINGS if re.match(beginning, start)), None)


def _kind_of_tiff(path: str) -> str | None:
    try:
        with Path(path).open('rb') as file:
            head = file.read(8)
            directory = TiffImagePlugin.ImageFileDirectory_v2(head + (file.read(8) if 43 in head[2:4] else b''))
            file.seek(directory.next)
            directory.load(file)
            tags = dict(directory)
    except Exception:  # decoders raise all sorts
        return None
    if _WIDTH not in tags:  # torn before its header, which the caller says
        return None
    bits, channels = tags.get(_BITS, (1,)), tags.get(_CHANNELS, 1)
    kind = _KINDS.get(tags.get(_FORMAT, (1,))[0], 'bit numbers of another kind')
    return (f'is a TIFF of {channels} channel{"s" * (channels > 1)} of {bits[0]} {kind}, which is not read: '
            f'{SAVE_ANEW}')
