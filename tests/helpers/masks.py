"""Exports of labelling tools in small: photos, and masks in colours or numbers."""

from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {'sky': (0, 0, 255), 'road': (128, 64, 128), 'car': (64, 0, 128), 'Void': (0, 0, 0)}
PALETTE = np.array(list(COLOURS.values()), np.uint8)


def save(path, picture, **options):
    """Save an array or a picture, making its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture if isinstance(picture, Image.Image) else Image.fromarray(picture)).save(path, **options)
    return path


def photo(size=(12, 16), seed=0):
    """Noise."""
    return np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)


def label(size=(12, 16), seed=0, classes=4):
    """Blocks of 4x4 pixels."""
    dice = np.random.default_rng(seed)
    return dice.integers(0, classes, (size[0] // 4, size[1] // 4), np.uint8).repeat(4, 0).repeat(4, 1)


def colour_masks(root: Path, names=('a', 'b', 'c'), table=True) -> Path:
    """A folder of photos and masks in the colours of ``COLOURS``."""
    for seed, name in enumerate(names):
        save(root / f'images/{name}.jpg', photo(seed=seed))
        save(root / f'masks/{name}.png', PALETTE[label(seed=seed)])
    if table:
        (root / 'classes.txt').write_text(''.join(f'{name} {r} {g} {b}\n' for name, (r, g, b) in COLOURS.items()))
    return root


def indexed(numbers, palette) -> Image.Image:
    """A picture of numbers with a palette."""
    image = Image.fromarray(numbers)
    image.putpalette([int(value) for colour in palette for value in colour])
    return image
