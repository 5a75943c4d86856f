"""Pictures of styles: patches of real instances, and a sheet of all clusters."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from semsynth.styles.bank import StyleBank

SIZE, GAP, MARGIN, SMALLEST = 64, 4, 0.15, 16
TEXT, TITLE = 12, 15
SHOWN = 4
"""Patches of a cluster, in two rows."""


def cut_patch(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A patch around an instance: the instance outlined, its surroundings faded.

    Of one in several pieces the largest is shown, of one longer than the image's short side the middle.

    Args:
        image: ``(H, W, 3)`` uint8 RGB.
        mask: ``(H, W)`` bool, where the instance is; somewhere.

    Returns:
        ``(64, 64, 3)`` uint8 RGB.
    """
    _, _, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    left, top, width, height, _ = boxes[1 + boxes[1:, cv2.CC_STAT_AREA].argmax()]
    side = min(max(SMALLEST, int(max(width, height) * (1 + 2 * MARGIN))), *mask.shape)
    window = tuple(_around(start + length // 2, side, limit)
                   for start, length, limit in zip((top, left), (height, width), mask.shape, strict=True))
    patch = cv2.resize(image[window], (SIZE, SIZE), interpolation=cv2.INTER_AREA if side > SIZE else cv2.INTER_CUBIC)
    inside = cv2.resize(mask[window].astype(np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_NEAREST)
    outline = cv2.dilate(inside, np.ones((3, 3), np.uint8)) > inside
    patch = np.where(inside[..., None], patch, 255 - (255 - patch) // 3)
    return np.where(outline[..., None], 0, patch).astype(np.uint8)


def _around(middle: int, side: int, limit: int) -> slice:
    """``side`` pixels around the middle, shifted to lie in ``0..limit``."""
    start = min(max(0, middle - side // 2), limit - side)
    return slice(start, start + side)


def style_sheet(bank: StyleBank, patches: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """A row a class, in it a cell a cluster, with real instances of it.

    Args:
        bank: the clusters, with their members.
        patches: for each centre, up to four patches as of ``cut_patch``.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    font, bold = ImageFont.load_default(size=TEXT), ImageFont.load_default(size=TITLE)
    _, members = bank.clustered
    owners, sizes = bank.owners.tolist(), members.bincount(minlength=len(bank.centres)).tolist()
    rows = {owner: [number for number, of in enumerate(owners) if of == owner] for owner in sorted(set(owners))}
    titles = {owner: (bank.name(owner), f'instances: {sum(sizes[number] for number in rows[owner])}') for owner in rows}
    left = 3 * GAP + int(max(max(bold.getlength(name), font.getlength(count)) for name, count in titles.values()))
    cell = SHOWN // 2 * (SIZE + 1) + 2 * GAP
    heights = [TEXT + 2 * GAP + (SIZE + 1) * -(-max(len(patches[number]) for number in numbers) // (SHOWN // 2))
               for numbers in rows.values()]
    absent = [name for index, name in enumerate(bank.classes) if index not in rows]
    size = left + max(map(len, rows.values())) * cell, GAP + sum(heights) + (6 * GAP if absent else 0)
    sheet = Image.new('RGB', size, 'white')
    draw = ImageDraw.Draw(sheet)
    for row, (owner, numbers) in enumerate(rows.items()):
        top = GAP + sum(heights[:row])
        draw.line((0, top - GAP // 2, sheet.width, top - GAP // 2), 'silver')
        for text, below, style in zip(titles[owner], (GAP, GAP + TITLE + 2), (bold, font), strict=True):
            draw.text((GAP, top + below), text, 'black', style)
        for column, number in enumerate(numbers):
            corner = left + column * cell
            draw.text((corner, top), f'{column}: {sizes[number]}', 'dimgray', font)
            for place, patch in enumerate(patches[number]):
                down, across = divmod(place, SHOWN // 2)
                sheet.paste(Image.fromarray(patch), (corner + across * (SIZE + 1),
                                                     top + TEXT + GAP + down * (SIZE + 1)))
    if absent:
        draw.text((GAP, sheet.height - 5 * GAP), f'No instance: {", ".join(absent)}', 'dimgray', font)
    return np.asarray(sheet)
