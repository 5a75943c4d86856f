"""Pictures of styles: patches of real instances, and a sheet of all clusters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from semsynth.styles import StyleBank

SIZE, GAP, MARGIN = 64, 4, 0.15
SHOWN = 4
"""Patches of a cluster, in two rows."""


def cut_patch(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """An instance with a little of its surroundings, which are faded.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` bool, where the instance is; somewhere.

    Returns:
        ``(64, 64, 3)`` uint8 RGB; a patch that is no square has white bars.
    """
    faded = np.where(mask[..., None], image, 255 - (255 - image) // 4).astype(np.uint8)
    box = [(where.min(), where.max() + 1) for where in mask.nonzero()]
    side = int(max(end - start for start, end in box) * (1 + 2 * MARGIN)) + 2
    window = tuple(slice(max(0, (start + end - side) // 2), max(0, (start + end - side) // 2) + side)
                   for start, end in box)
    patch = Image.fromarray(faded[window])
    scale = SIZE / max(patch.size)
    patch = patch.resize([max(1, round(length * scale)) for length in patch.size], Image.Resampling.BICUBIC)
    square = Image.new('RGB', (SIZE, SIZE), 'white')
    square.paste(patch, ((SIZE - patch.width) // 2, (SIZE - patch.height) // 2))
    return np.asarray(square)


def style_sheet(bank: StyleBank, patches: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """A row a class, in it a cell a cluster, with real instances of it.

    Args:
        bank: the clusters, with their members.
        patches: for each centre, up to four patches as of :func:`cut_patch`.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    font, bold = ImageFont.load_default(size=12), ImageFont.load_default(size=15)
    owners, sizes = bank.owners.tolist(), bank.members.bincount(minlength=len(bank.centres)).tolist()
    present = sorted(set(owners))
    cell, line = SHOWN // 2 * (SIZE + 1) + 2 * GAP, 2 * (SIZE + 1) + 2 * GAP + font.size
    left = GAP + 2 * GAP + int(max(bold.getlength(bank.name(owner)) for owner in present))
    absent = [name for index, name in enumerate(bank.classes) if index not in present]
    width = left + max(map(owners.count, present)) * cell
    sheet = Image.new('RGB', (width, GAP + len(present) * line + (line // 4 if absent else 0)), 'white')
    draw = ImageDraw.Draw(sheet)
    for row, owner in enumerate(present):
        top = GAP + row * line
        draw.line((0, top - GAP // 2, width, top - GAP // 2), 'silver')
        numbers = [number for number, of in enumerate(owners) if of == owner]
        draw.text((GAP, top + GAP), bank.name(owner), 'black', bold)
        draw.text((GAP, top + GAP + 20), f'{sum(sizes[number] for number in numbers)} instances', 'dimgray', font)
        for column, number in enumerate(numbers):
            corner = left + column * cell
            draw.text((corner, top), f'{column}: {sizes[number]}', 'dimgray', font)
            for place, patch in enumerate(patches[number]):
                across, down = place % (SHOWN // 2), place // (SHOWN // 2)
                sheet.paste(Image.fromarray(patch), (corner + across * (SIZE + 1),
                                                     top + font.size + GAP + down * (SIZE + 1)))
    if absent:
        draw.text((GAP, sheet.height - line // 4 + GAP), f'No instance: {", ".join(absent)}', 'dimgray', font)
    return np.asarray(sheet)
