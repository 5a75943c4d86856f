"""Label maps in colour, and pictures side by side."""

from __future__ import annotations

import colorsys
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from semsynth.label_spaces import NO_CLASS
from semsynth.writing import write_png

GAP = 4
NARROWEST = 256
"""Pictures of less width are enlarged by a whole factor in a grid."""
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def default_palette(num_classes: int) -> list[tuple[int, int, int]]:
    """Well separated RGB colours, one a class: hues in steps of the golden ratio."""
    colours = [colorsys.hsv_to_rgb((index * 0.618034) % 1, 0.65, 0.55 + 0.4 * (index % 2))
               for index in range(num_classes)]
    return [(round(255 * red), round(255 * green), round(255 * blue)) for red, green, blue in colours]


_CITYSCAPES: dict[str, tuple[int, int, int]] = {
    'road': (128, 64, 128), 'sidewalk': (244, 35, 232), 'building': (70, 70, 70), 'wall': (102, 102, 156),
    'fence': (190, 153, 153), 'pole': (153, 153, 153), 'traffic light': (250, 170, 30), 'traffic sign': (220, 220, 0),
    'vegetation': (107, 142, 35), 'terrain': (152, 251, 152), 'sky': (70, 130, 180), 'person': (220, 20, 60),
    'rider': (255, 0, 0), 'car': (0, 0, 142), 'truck': (0, 0, 70), 'bus': (0, 60, 100), 'train': (0, 80, 100),
    'motorcycle': (0, 0, 230), 'bicycle': (119, 11, 32)}
_SYNONYMS = {
    'street': 'road', 'pavement': 'sidewalk', 'house': 'building', 'sign': 'traffic sign', 'tree': 'vegetation',
    'trees': 'vegetation', 'grass': 'terrain', 'pedestrian': 'person', 'people': 'person', 'motorbike': 'motorcycle',
    'bike': 'bicycle'}
KNOWN_COLOURS = _CITYSCAPES | {name: _CITYSCAPES[other] for name, other in _SYNONYMS.items()} | {
    'background': (0, 0, 0)}
"""By name, Cityscapes' colour of a class that many data sets have, which people know from its pictures."""
_APART = 30
"""By how much one channel at least of any other class's colour differs from those."""


def palette_of(classes: Sequence[str]) -> list[tuple[int, int, int]]:
    """Well separated RGB colours of classes: Cityscapes' for names that it has, else ``default_palette``'s by index."""
    count = len(classes)
    candidates = default_palette(10 * count + 100)
    found: dict[int, tuple[int, int, int]] = {}
    for index, name in enumerate(classes):
        known = KNOWN_COLOURS.get(name.lower().replace('_', ' ').replace('-', ' ').strip())
        if known and known not in found.values():
            found[index] = known
    fixed, taken, spare = list(found.values()), set(found.values()), iter(candidates[count:])
    for index in range(count):
        if index not in found:
            colour = candidates[index]
            while colour in taken or any(_distance(colour, other) < _APART for other in fixed):
                if (another := next(spare, None)) is None:  # so many classes cannot all be told apart
                    break
                colour = another
            found[index] = colour
            taken.add(colour)
    return [found[index] for index in range(count)]


def _distance(one: Sequence[int], other: Sequence[int]) -> int:
    return max(abs(here - there) for here, there in zip(one, other, strict=True))


def colour_labels(label: Tensor | np.ndarray, palette: Sequence[Sequence[int]] | None = None) -> np.ndarray:
    """A label map in colour.

    Args:
        label: ``(H, W)`` class indices; those beyond the palette (255 for none) are black.
        palette: RGB of each class; colours of our own by default.

    Returns:
        ``(H, W, 3)`` uint8.
    """
    label = np.asarray(label)
    palette = default_palette(int(label[label < NO_CLASS].max(initial=0)) + 1) if palette is None else palette
    table = np.zeros((max(256, len(palette), int(label.max(initial=0)) + 1), 3), dtype=np.uint8)
    table[:len(palette)] = np.asarray(palette, dtype=np.uint8)
    return table[label]


def picture_grid(rows: Sequence[Sequence[Tensor | np.ndarray | None]], captions: Sequence[str],
                 palette: Sequence[Sequence[int]] | None = None, classes: Sequence[str] | None = None) -> np.ndarray:
    """Pictures in rows and columns, with a caption above each column, and the classes' colours below.

    Args:
        rows: each a list of pictures: an image ``(3, H, W)`` uint8 RGB or ``(1, H, W)`` gray, a label map ``(H, W)``,
            or None for a gap. Sizes may differ; cells are as large as the largest picture, and if that is narrower than
            256 pixels, all are enlarged by one whole factor.
        captions: one a column, in as many lines as its width asks for; a word that is wider than that is cut.
        palette: RGB of each class of the label maps.
        classes: name of each class; those that occur are named below the pictures.

    Returns:
        ``(H', W', 3)`` uint8 RGB.

    Raises:
        ValueError: a row has not as many pictures as there are captions, or a picture has another shape.
    """
    for row in rows:
        if len(row) != len(captions):
            raise ValueError(f'picture_grid: a row has {len(row)} pictures, but there are {len(captions)} captions.')
    cells = [[None if picture is None else to_rgb(picture, palette) for picture in row] for row in rows]
    sizes = [cell.shape[:2] for row in cells for cell in row if cell is not None]
    height, width = (max(side) for side in zip(*sizes, strict=True)) if sizes else (0, 0)
    factor = math.ceil(NARROWEST / width) if width else 1
    height, width = height * factor, width * factor
    font = ImageFont.load_default(size=max(10, min(24, width // 10)))
    lines = [wrap_text(caption, width, font) for caption in captions]
    line_height = int(font.getbbox('Ag')[3]) + GAP
    top = max(map(len, lines), default=1) * line_height + GAP
    whole = GAP + len(captions) * (width + GAP)
    key = _legend(rows, palette, classes, whole, font) if classes else None
    bottom = top + len(rows) * (height + GAP)
    sheet = Image.new('RGB', (whole, bottom + (key.height if key else 0)), 'white')
    draw = ImageDraw.Draw(sheet)
    for column, caption in enumerate(lines):
        left = GAP + column * (width + GAP)
        for number, line in enumerate(caption):
            draw.text((left, GAP + number * line_height), line, fill='black', font=font)
        for place, row in enumerate(cells):
            if (cell := row[column]) is not None:
                enlarged = cell.repeat(factor, 0).repeat(factor, 1)
                sheet.paste(Image.fromarray(enlarged), (left, top + place * (height + GAP)))
    if key:
        sheet.paste(key, (0, bottom))
    return np.asarray(sheet)


def classes_in(labels: Iterable[Tensor | np.ndarray], num_classes: int) -> list[int]:
    """Indices below ``num_classes`` that occur in label maps ``(H, W)``, in their order."""
    occurring = [np.unique(np.asarray(label)) for label in labels]
    found = np.unique(np.concatenate(occurring)).tolist() if occurring else []
    return [index for index in found if index < num_classes]


def _legend(rows: Sequence[Sequence[Tensor | np.ndarray | None]], palette: Sequence[Sequence[int]] | None,
            classes: Sequence[str], width: int, font: Font) -> Image.Image | None:
    """Swatches and names of the classes that occur in the label maps, in lines of that width."""
    labels = [picture for row in rows for picture in row if picture is not None and picture.ndim == 2]
    shown = classes_in(labels, len(classes))
    if not shown:
        return None
    palette = default_palette(max(shown) + 1) if palette is None else palette
    side = int(font.getbbox('Ag')[3])
    places, left, line = [], GAP, 0
    for index in shown:
        name = cut_text(classes[index], width - side - 3 * GAP, font)
        needed = side + 5 * GAP + int(font.getlength(name))
        if left > GAP and left + needed > width:
            left, line = GAP, line + 1
        places.append((index, name, left, GAP + line * (side + 2 * GAP)))
        left += needed
    legend = Image.new('RGB', (width, (line + 1) * (side + 2 * GAP) + GAP), 'white')
    draw = ImageDraw.Draw(legend)
    for index, name, left, top in places:
        draw.rectangle((left, top, left + side, top + side), fill=tuple(palette[index]), outline='gray')
        draw.text((left + side + GAP, top), name, fill='black', font=font)
    return legend


def cut_text(text: str, width: float, font: Font) -> str:
    """A line of text with its end left out, and dots in its place, where it is wider than that many pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f'{text}...') > width:
        text = text[:-1]
    return f'{text}...'


def wrap_text(text: str, width: float, font: Font) -> list[str]:
    """Text in lines of at most that many pixels, broken at spaces; a word that is wider is cut."""
    lines: list[str] = []
    for word in text.split(' '):
        if lines and font.getlength(f'{lines[-1]} {word}') <= width:
            lines[-1] += f' {word}'
        else:
            lines.append(word)
    return [cut_text(line, width, font) for line in lines]


def save_images(result: dict, folder: str | Path) -> None:
    """Save one result of ``mode='predict'``: ``NAME.png``, gray where the image has one channel, and ``NAME_edge.png``
    where there is an edge map."""
    for output, suffix in dict(image='', edge='_edge').items():
        if output in result['outputs']:
            write_png(Path(folder, f'{result["name"]}{suffix}.png'), to_picture(result['outputs'][output]))


def to_rgb(picture: Tensor | np.ndarray, palette: Sequence[Sequence[int]] | None = None) -> np.ndarray:
    """A picture, as ``picture_grid`` takes it, as ``(H, W, 3)`` uint8 RGB; a ValueError for any other array."""
    picture = np.asarray(picture)
    if picture.ndim == 2:
        return colour_labels(picture, palette)
    if picture.ndim != 3 or picture.shape[0] not in (1, 3) or picture.dtype != np.uint8:
        raise ValueError(f'picture_grid takes images (3, H, W) or (1, H, W) uint8 and label maps (H, W), '
                         f'not {picture.shape} {picture.dtype}.')
    return to_picture(np.broadcast_to(picture, (3, *picture.shape[1:])))


def to_picture(image: Tensor | np.ndarray) -> np.ndarray:
    """``(3, H, W)`` to ``(H, W, 3)``, ``(1, H, W)`` to ``(H, W)``."""
    image = np.asarray(image)
    return image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))
