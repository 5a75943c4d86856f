"""Files that are whole or absent."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write a file under another name first and rename it, so that a file with its own name is whole.

    After a crash the file holds the old bytes or the new ones.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # one name per target: what a killed run left behind is overwritten by the next
    part = path.with_name(f'.{path.name}.part')
    with part.open('wb') as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)
    return path


def write_png(path: str | Path, picture: np.ndarray) -> Path:
    """Write a picture, ``(H, W, 3)`` uint8 RGB, as PNG; or ids, ``(H, W)`` uint8 or uint16."""
    return write_whole(path, encode_png(picture))


def encode_png(picture: np.ndarray) -> bytes:
    """The PNG file of what :func:`write_png` takes."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, 'PNG')
    return file.getvalue()
