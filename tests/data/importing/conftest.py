"""Exports of labelling tools, written byte by byte."""

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write(tmp_path):
    """Writes a file below the export: what is no text is JSON."""
    def written(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path
    return written


@pytest.fixture
def photo(tmp_path):
    """Writes a photo below the export, 6x8 pixels unless another size (height, width) is wanted."""
    def written(name='a.png', size=(6, 8), **kwargs):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((*size, 3), np.uint8)).save(path, **kwargs)
        return path
    return written
