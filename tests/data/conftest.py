from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def write():
    """Save an array or bytes below a folder, making its parents."""
    def save(path: Path, content) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            path.write_bytes(content)
        elif path.suffix in ('.npy', '.npz'):
            (np.save if path.suffix == '.npy' else np.savez_compressed)(path, content)
        else:
            Image.fromarray(np.asarray(content)).save(path)
        return path
    return save


@pytest.fixture
def scenes(tmp_path, write):
    """A paired folder of 3 scenes, 6x10, with 4 classes and 16 bit instances; its root."""
    dice = np.random.default_rng(0)
    for i, name in enumerate(('a', 'sub/b', 'c')):
        suffix = ('.jpg', '.png', '.JPG')[i]
        write(tmp_path / f'images/train/{name}{suffix}', dice.integers(0, 256, (6, 10, 3), np.uint8))
        write(tmp_path / f'labels/train/{name}.png', dice.integers(0, 4, (6, 10), np.uint8))
        write(tmp_path / f'instances/train/{name}.png', dice.integers(30000, 60000, (6, 10), np.uint16))
    (tmp_path / 'images/train/.DS_Store').write_text('not a photo')
    return tmp_path


@pytest.fixture
def cityscapes(tmp_path, write):
    """Two scenes of 8x16 in the Cityscapes layout; its root."""
    dice = np.random.default_rng(1)
    for city, frame in (('ulm', '000001'), ('aachen', '000002')):
        stem = f'train/{city}/{city}_{frame}_000019'
        write(tmp_path / f'leftImg8bit/{stem}_leftImg8bit.png', dice.integers(0, 256, (8, 16, 3), np.uint8))
        ids = dice.integers(0, 34, (8, 16), np.uint8)
        ids[0, 0] = 255
        write(tmp_path / f'gtFine/{stem}_gtFine_labelIds.png', ids)
        write(tmp_path / f'gtFine/{stem}_gtFine_color.png', np.zeros((8, 16, 3), np.uint8))
        write(tmp_path / f'gtFine/{stem}_gtFine_instanceIds.png', dice.integers(0, 33008, (8, 16), np.uint16))
    return tmp_path


@pytest.fixture
def pipeline():
    return [dict(type='LoadPhoto'), dict(type='LoadLabel'), dict(type='PackScene')]


@pytest.fixture
def check(run_tool):
    """Run ``tools/check_dataset.py``; its status, and its output in one line."""
    def run(*arguments):
        code, out, _ = run_tool('check_dataset', *arguments)
        return code, ' '.join(out.split())
    return run
