"""Files of a data set: found by stem, read whole or refused with one sentence that names them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import mmcv
import numpy as np
from mmengine.fileio import list_dir_or_file
from PIL import Image

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.tif', '.tiff')
MAKE_EDGES = 'python tools/prepare/edges.py CONFIG'
_ORIENTATION, _SAMPLE_FORMAT = 274, 339  # tags of EXIF and TIFF


class DataError(ValueError):
    """Something is wrong with the data, not with the code: one sentence says what, where, and what to do."""


def first_few(names: Sequence, limit: int = 3) -> str:
    """``a, b, c and 9 more``."""
    listed = ', '.join(str(name) for name in names[:limit])
    return listed if len(names) <= limit else f'{listed} and {len(names) - limit} more'


def find_by_stem(folder: str | Path, suffixes: tuple[str, ...]) -> dict[str, list[str]]:
    """The files of a folder and its subfolders, by relative path without suffix, sorted.

    Args:
        folder: where to look; a folder that does not exist holds no files.
        suffixes: endings that count, in lower case; what precedes them is the stem.

    Returns:
        The paths under each stem: more than one where files differ only in their suffix.
    """
    found: dict[str, list[str]] = {}
    if not Path(folder).is_dir():
        return found
    for name in sorted(list_dir_or_file(folder, list_dir=False, recursive=True)):
        suffix = next((suffix for suffix in suffixes if name.lower().endswith(suffix.lower())), None)
        if suffix is not None:
            stem = Path(name[:-len(suffix)]).as_posix()
            found.setdefault(stem, []).append(str(Path(folder, name)))
    return found


def read_photo(path: str) -> np.ndarray:
    """A photo as ``(H, W, 3)`` uint8 BGR, as mmcv's transforms expect it, turned upright by its EXIF entry.

    Raises:
        DataError: the file is absent, truncated or no image, or a gray one of more than 8 bits, which Pillow would cut
            at 255.
    """
    with decoding(path):
        with Image.open(path) as image:
            if image.mode[0] in 'IF':
                raise DataError(f'{path} is a gray photo of more than 8 bits (its mode is {image.mode}), but photos '
                                'have 8 bits a channel: convert it.')
        return mmcv.imread(path, flag='color', channel_order='bgr', backend='pillow')


def read_ids(path: str, file: BinaryIO | None = None) -> np.ndarray:
    """A map of ids, ``(H, W)``, in an integer type that keeps all bits of the file (8, 16 or 32).

    Args:
        path: the file, or the name of ``file`` for error messages.
        file: what to read instead, where it is no file on disk.

    Raises:
        DataError: the file is absent, truncated, no image, a JPEG, or has no single channel of integers.
    """
    with decoding(path), Image.open(file or path) as image:
        if image.format in ('JPEG', 'MPO'):
            raise DataError(f'{path} is a JPEG, whose compression changes ids: make the map again as PNG '
                            '(converting this file does not bring the ids back).')
        if len(image.getbands()) != 1 or image.mode == 'F':
            raise DataError(f'{path} has the mode {image.mode}, but a map of ids has one channel of integers: '
                            'save the ids themselves, not their colours, as 8 or 16 bit PNG or 32 bit TIFF.')
        ids = np.asarray(image)
        if image.mode == '1':
            ids = ids.astype(np.uint8)
        if image.mode == 'I' and image.format == 'TIFF' and image.tag_v2.get(_SAMPLE_FORMAT, (1,))[0] == 1:
            ids = ids.view(np.uint32)  # Pillow reads unsigned 32 bit as signed
        return ids


def read_edges(path: str, size: tuple[int, int]) -> np.ndarray:
    """An edge map, ``(H, W)`` uint8, white edges on black, soft or hard.

    Args:
        path: of a picture with one channel of 8 bits.
        size: height and width of the photo whose edges they are.

    Raises:
        DataError: the file is absent, truncated, no image, not gray, or of another size.
    """
    with decoding(path), Image.open(path) as image:
        if image.mode not in ('1', 'L'):
            raise DataError(f'{path} has the mode {image.mode}, but an edge map is gray with 8 bits, white edges on '
                            'black: convert it.')
        edges = np.array(image.convert('L'))
    if edges.shape != size:
        raise DataError(f'{path} is {edges.shape[1]}x{edges.shape[0]} pixels, but its photo, where edge maps are '
                        f'loaded, is {size[1]}x{size[0]}: edges=dict(full_size=True) is for edge maps of photos as '
                        'they are on disk, full_size=False for those of photos as they are resized; set it '
                        f'accordingly, or remove the edge maps and run `{MAKE_EDGES}` again.')
    return edges


def read_size(path: str) -> tuple[int, int]:
    """Height and width as read from the file's header, upright.

    Raises:
        DataError: the file is absent or no image.
    """
    with decoding(path), Image.open(path) as image:
        width, height = image.size
        return (width, height) if image.getexif().get(_ORIENTATION, 1) >= 5 else (height, width)


@contextmanager
def decoding(path: str) -> Iterator[None]:
    """Turn whatever a decoder raises into a :class:`DataError` that names the file."""
    try:
        yield
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f'{path} does not exist: restore it, or remove its scene from the data set.') from None
    except Exception as error:  # decoders raise all sorts: OSError, SyntaxError, ValueError, struct.error
        raise DataError(f'{path} cannot be read, it is truncated or no image ({error}): replace it, or remove its '
                        'scene from the data set.') from error
