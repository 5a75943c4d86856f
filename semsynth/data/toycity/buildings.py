"""Houses along the street."""

from __future__ import annotations

from dataclasses import dataclass

from semsynth.data.toycity.canvas import Canvas, Rectangle, Sheet
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import AWNINGS, BUILDING, DOORS, FACADES, GLASS, ROOFS, Colour, mix, shade

STOREY = 3.0
WING = 9.0
FINEST = 4.0  # pixels of the canvas from window to window, below which they would only flicker
PANE = (168, 190, 208)


@dataclass(frozen=True)
class Building:
    """A house on one side of the street, from `z0` to `z1`, `x` the signed distance of its front from the middle."""

    x: float
    z0: float
    z1: float
    corner: bool  # whether nothing stands before the wall that looks at the camera
    storeys: int
    colour: Colour
    roof: Colour
    pitched: bool
    shop: bool
    bay: float  # metres from window to window
    trim: Colour
    awning: Colour
    door: Colour
    salt: int

    @classmethod
    def sample(cls, dice: Dice, x: float, z0: float, z1: float, corner: bool, low: bool) -> Building:
        """A house of random looks at a place; `low` for detached houses."""
        storeys = dice.whole(1, 2) if low else dice.pick((2, 2, 3, 3, 4))
        colour = shade(dice.pick(FACADES), dice.real(0.9, 1.06))
        return cls(x, z0, z1, corner, storeys, colour, roof=dice.pick(ROOFS), pitched=low or dice.chance(0.3),
                   shop=not low and dice.chance(0.45), bay=dice.real(1.9, 2.6),
                   trim=mix(colour, (246, 242, 232), dice.real(0.45, 0.8)), awning=dice.pick(AWNINGS),
                   door=dice.pick(DOORS), salt=dice.whole(0, 999))

    @property
    def depth(self) -> float:
        """Painted by its far end, before all that stands on the pavement."""
        return self.z1

    @property
    def side(self) -> int:
        """-1 on the left of the street, 1 on the right."""
        return 1 if self.x > 0 else -1

    @property
    def height(self) -> float:
        """Height of the eaves."""
        return self.storeys * STOREY + 0.7

    def shadow(self, sun: int) -> list[list[tuple[float, float]]]:
        """On the street, where the house stands between it and the sun."""
        if self.side != sun:
            return []
        reach = self.x - sun * min(self.height * 0.45, 5.0)
        return [[(self.x, self.z0), (reach, self.z0 + 1.2), (reach, self.z1 + 1.2), (self.x, self.z1)]]

    def paint(self, canvas: Canvas) -> None:
        """The roof, the wall towards the camera, the front towards the street."""
        back = self.x + self.side * WING
        if not canvas.extent(back, self.z0, self.x, self.z1):
            return
        tone = canvas.brush(BUILDING, self.z0)
        front = canvas.light.facing(-self.side)
        facing = canvas.light.facing(0)
        if self.pitched:
            middle, top = (self.x + back) / 2, self.height + 5.0
            canvas.fill([(self.x, self.height, self.z0), (self.x, self.height, self.z1), (middle, top, self.z1),
                         (middle, top, self.z0)], tone(self.roof, front))
            canvas.fill([(self.x, self.height, self.z0), (middle, top, self.z0), (back, self.height, self.z0)],
                        tone(self.colour, facing))
        wall = Sheet.across(canvas, self.x, self.z0, self.side)
        if self.corner:
            self._wall(wall, tone, WING, facing)
            if canvas.metre(self.z0) * self.bay > FINEST:
                self._windows(wall, tone, WING, facing, lowest=0)
        else:
            wall.add(tone(self.colour, facing), (0.0, WING, 0.0, self.height))
        wall.draw()
        width, length = canvas.extent(self.x, self.z0, self.x, self.z1), self.z1 - self.z0
        if width:
            wall = Sheet.front(canvas, self.x, self.z0)
            self._wall(wall, tone, length, front)
            if width / length * self.bay > FINEST:
                self._windows(wall, tone, length, front, lowest=1 if self.shop else 0)
                self._ground_floor(wall, tone, length, front)
            wall.draw()

    def _wall(self, wall: Sheet, tone, length: float, light: float) -> None:
        wall.add(tone(self.colour, light), (0.0, length, 0.0, self.height))
        wall.add(tone(self.colour, 0.8 * light), (0.0, length, 0.0, 0.5), (0.0, 0.15, 0.5, self.height))
        eaves = tone(self.colour, 0.78 * light) if self.pitched else tone(self.trim, light)
        wall.add(eaves, (0.0, length, self.height - 0.4, self.height))

    def _windows(self, wall: Sheet, tone, length: float, light: float, lowest: int) -> None:
        columns = int((length - 0.6) / self.bay)
        if columns < 1:
            return
        bands = [(0.0, length, storey * STOREY - 0.06, storey * STOREY + 0.12) for storey in range(1, self.storeys)]
        wall.add(tone(self.colour, 0.88 * light), *bands)
        margin = (length - columns * self.bay) / 2 + 0.22 * self.bay
        wide = 0.56 * self.bay
        panes: list[list[Rectangle]] = [[], [], []]
        frames, curtains, bars = [], [], []
        for storey in range(lowest, self.storeys):
            low = storey * STOREY + 1.0
            high = low + 1.55
            for column in range(columns):
                left = margin + column * self.bay
                kind = (column * 7 + storey * 13 + self.salt) % 5 % 3
                frames.append((left - 0.14, left + wide + 0.14, low - 0.2, high + 0.12))
                panes[kind].append((left, left + wide, low, high))
                bars.append((left + 0.44 * wide, left + 0.56 * wide, low, high))
                if kind == 1:
                    curtains.append((left, left + wide, low + 1.0, high))
        wall.add(tone(self.trim, light), *frames)
        for colour, rectangles in zip(GLASS, panes, strict=True):
            wall.add(tone(colour, light), *rectangles)
        wall.add(tone(PANE, light), *curtains)
        if wall.canvas.metre(self.z0) > 14.0:
            wall.add(tone(self.trim, light), *bars)

    def _ground_floor(self, wall: Sheet, tone, length: float, light: float) -> None:
        trim = tone(self.trim, light)
        if self.shop:
            wall.add(tone(GLASS[0], light), (0.5, length - 0.5, 0.5, 2.3))
            count = int((length - 1.0) / 1.8)
            wall.add(trim, *[(0.5 + 1.8 * number, 0.66 + 1.8 * number, 0.5, 2.3) for number in range(count)])
            wall.add(tone(self.awning, light), (0.3, length - 0.3, 2.2, 2.85))
            count = int((length - 0.8) / 0.9)
            wall.add(trim, *[(0.3 + 0.9 * number, 0.7 + 0.9 * number, 2.2, 2.85) for number in range(count)])
        middle = length * (0.3 + 0.4 * (self.salt % 2))
        wall.add(trim, (middle - 0.7, middle + 0.7, 0.0, 2.35))
        wall.add(tone(self.door, light), (middle - 0.5, middle + 0.5, 0.0, 2.15))
        wall.add(tone(GLASS[1], light), (middle - 0.3, middle + 0.3, 1.35, 1.95))
