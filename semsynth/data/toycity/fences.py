"""Fences along the street."""

from __future__ import annotations

from dataclasses import dataclass

from semsynth.data.toycity.canvas import Canvas, Sheet
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import FENCE, FENCES, Colour


@dataclass(frozen=True)
class Fence:
    """A fence of slats from `z0` to `z1`, labelled as a whole, gaps included."""

    x: float
    z0: float
    z1: float
    colour: Colour
    height: float
    slat: float

    @classmethod
    def sample(cls, dice: Dice, x: float, z0: float, z1: float) -> Fence:
        """A fence of random looks at a place."""
        return cls(x, z0, z1, dice.pick(FENCES), dice.real(1.5, 2.0), dice.real(0.3, 0.4))

    @property
    def depth(self) -> float:
        """Painted by its far end, before all that stands on the pavement."""
        return self.z1

    def shadow(self, sun: int) -> list[list[tuple[float, float]]]:
        """A strip at its foot, away from the sun."""
        return [[(self.x, self.z0), (self.x - sun * 0.9, self.z0), (self.x - sun * 0.9, self.z1), (self.x, self.z1)]]

    def paint(self, canvas: Canvas) -> None:
        """The gaps, rails, slats and thick posts."""
        if not canvas.extent(self.x, self.z0, self.x, self.z1):
            return
        tone = canvas.brush(FENCE, self.z0)
        light = canvas.light.facing(-1 if self.x > 0 else 1)
        length = self.z1 - self.z0
        fence = Sheet.front(canvas, self.x, self.z0)
        fence.add(tone(self.colour, 0.5 * light), (0.0, length, 0.0, self.height))
        rails = [(0.0, length, y * self.height, y * self.height + 0.14) for y in (0.25, 0.72)]
        fence.add(tone(self.colour, 0.76 * light), *rails)
        for step, width, top, brightness in ((self.slat, 0.62, 0.95, 1.0), (self.slat * 7, 0.9, 1.0, 0.84)):
            places = [number * step for number in range(int(length / step))]
            slats = [(s, s + width * self.slat, 0.1, top * self.height) for s in places]
            fence.add(tone(self.colour, brightness * light), *slats)
        fence.draw()
