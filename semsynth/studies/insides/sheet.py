"""A labelled sheet of panels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from semsynth.studies.insides.panels import Panel, Section
from semsynth.visualise import Font, cut_text

COLUMNS = 6
NARROWEST, WIDEST = 256, 512
"""Width of a cell: smaller pictures are enlarged by a whole factor, larger ones reduced."""
GAP, TITLE, HEADING, TEXT = 10, 22, 16, 14
"""Sizes beside the narrowest cells; they grow with the cells."""


def draw_sheet(title: str, sections: Sequence[Section], notes: Sequence[str] = ()) -> np.ndarray:
    """Sections side by side as far as they fit, six panels a row, in cells of one size.

    Args:
        title: above all.
        sections: with a panel each at least; all cells have the shape of the first one's first picture.
        notes: below the title.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    return np.asarray(_Sheet(title, sections, notes).image)


class _Sheet:
    def __init__(self, title: str, sections: Sequence[Section], notes: Sequence[str]):
        rows = _arrange(sections)
        self.width, self.height = _cell(sections[0].panels[0].picture)
        self.gap, self.heading, text, title_size = (
            round(size * self.width / NARROWEST) for size in (GAP, HEADING, TEXT, TITLE))
        self.line = text + self.gap // 2
        self.font = ImageFont.load_default(size=text)
        across, down = self.width + self.gap, self.heading + 2 * self.line + self.height + 3 * self.gap
        full = across * max(map(len, rows)) - self.gap
        lines = [line for note in notes for line in _wrap(note, full, self.font)]
        top = 3 * self.gap + title_size + len(lines) * self.line
        self.image = Image.new('RGB', (full + 2 * self.gap, top + len(rows) * down), 'white')
        self.draw = ImageDraw.Draw(self.image)
        self._write(self.gap, self.gap, title, full, 'black', ImageFont.load_default(size=title_size))
        for number, line in enumerate(lines):
            self._write(self.gap, 2 * self.gap + title_size + number * self.line, line, full)
        for number, row in enumerate(rows):
            for column, (heading, count, panel) in enumerate(row):
                left, place = self.gap + column * across, top + number * down
                if heading:
                    self._head(left, place, heading, count * across - self.gap)
                self._paste(left, place + self.heading + self.gap, panel)

    def _head(self, left: int, top: int, heading: str, width: int) -> None:
        self._write(left, top, heading, width, 'black', ImageFont.load_default(size=self.heading))
        below = top + self.heading + self.gap // 2
        self.draw.line((left, below, left + width, below), 'silver')

    def _paste(self, left: int, top: int, panel: Panel) -> None:
        self._write(left, top, panel.caption, self.width, 'black')
        if panel.scale:
            self._scale(left, top + self.line, *panel.scale)
        else:
            self._write(left, top + self.line, panel.detail, self.width)
        way = cv2.INTER_AREA if panel.picture.shape[1] > self.width else cv2.INTER_NEAREST
        picture = cv2.resize(panel.picture, (self.width, self.height), interpolation=way)
        self.image.paste(Image.fromarray(picture), (left, top + 2 * self.line))

    def _scale(self, left: int, top: int, colours: str, low: float, high: float) -> None:
        """The lowest value, a bar of the colours, the highest value."""
        digits = max(2, 1 - math.floor(math.log10((high - low) or 1)))  # enough to tell them apart
        ends = f'{low:.{digits}f}', f'{high:.{digits}f}'
        start, length = left + self.gap + int(self.font.getlength(ends[0])), self.width // 2
        ramp = matplotlib.colormaps[colours](np.linspace(0, 1, length), bytes=True)[None, :, :3]
        bar = np.repeat(ramp, self.line // 2, axis=0)
        self._write(left, top, ends[0], self.width)
        self.image.paste(Image.fromarray(bar), (start, top + self.gap // 3))
        self._write(start + length + self.gap, top, ends[1], self.width)

    def _write(self, left: int, top: int, text: str, width: int, colour: str = 'dimgray',
               font: Font | None = None) -> None:
        """A line, cut where it is too long."""
        font = font or self.font
        self.draw.text((left, top), cut_text(text, width, font), colour, font)


def _arrange(sections: Sequence[Section]) -> list[list[tuple[str, int, Panel]]]:
    """Rows of panels, each with the heading that begins above it, if any, and the number of panels below that."""
    rows: list[list[tuple[str, int, Panel]]] = [[]]
    for section in sections:
        if len(rows[-1]) + len(section.panels) > COLUMNS:
            rows.append([])
        for start in range(0, len(section.panels), COLUMNS):
            if start:
                rows.append([])
            part = section.panels[start:start + COLUMNS]
            first = f'{section.heading}, continued' if start else section.heading
            rows[-1] += [(first if place == 0 else '', len(part), panel) for place, panel in enumerate(part)]
    return [row for row in rows if row]


def _cell(picture: np.ndarray) -> tuple[int, int]:
    """Width and height of the cells."""
    height, width = picture.shape[:2]
    factor = -(-NARROWEST // width) if width < NARROWEST else min(1, WIDEST / width)
    return round(factor * width), max(1, round(factor * height))


def _wrap(text: str, width: int, font: Font) -> list[str]:
    """Lines of whole words."""
    lines = ['']
    for word in text.split():
        longer = f'{lines[-1]} {word}'.strip()
        if font.getlength(longer) > width and lines[-1]:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines
