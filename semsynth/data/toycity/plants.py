"""Trees and bushes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from semsynth.data.toycity.canvas import CIRCLE, Board, Canvas
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import BARK, LEAVES, VEGETATION, Colour, shade

# Lobes of a crown (right, up, size), in its radius.
ROUND = [(0.0, 0.0, 0.72), (-0.5, -0.15, 0.5), (0.5, -0.15, 0.5), (-0.28, 0.42, 0.52), (0.3, 0.4, 0.52),
         (0.0, 0.62, 0.4), (-0.6, 0.2, 0.36), (0.6, 0.2, 0.36), (0.0, -0.4, 0.5)]
TALL = [(0.0, -0.7, 0.46), (0.0, -0.3, 0.55), (-0.08, 0.2, 0.55), (0.08, 0.65, 0.5), (0.0, 1.1, 0.42), (0.0, 1.5, 0.3),
        (0.0, 1.8, 0.18)]
VARIANTS = 12
Lobes = list[tuple[float, float, float]]


@cache
def crown(tall: bool, variant: int) -> tuple[Lobes, Lobes]:
    """The lobes and the blotches of a crown."""
    dice = Dice((tall, variant))
    lobes = [(u + dice.real(-0.1, 0.1), v + dice.real(-0.1, 0.1), size) for u, v, size in (TALL if tall else ROUND)]
    blotches = []
    for _ in range(14):
        u, v, size = dice.pick(lobes)
        blotches.append((u + dice.real(-0.6, 0.6) * size, v + dice.real(-0.6, 0.6) * size, 0.11))
    return lobes, blotches


@dataclass(frozen=True)
class Tree:
    """A trunk and a crown; `trunk` 0 makes a bush."""

    x: float
    z: float
    radius: float
    trunk: float
    colour: Colour
    tall: bool
    variant: int

    @classmethod
    def sample(cls, dice: Dice, x: float, z: float, radius: float = 1.1, trunk: float = 1.7) -> Tree:
        """A tree of random looks at a place, at least as large as given."""
        radius *= dice.real(1.0, 1.6)
        trunk *= dice.real(1.0, 1.35)
        colour = shade(dice.pick(LEAVES), dice.real(0.92, 1.1))
        return cls(x, z, radius, trunk, colour, trunk > 0 and dice.chance(0.2), dice.whole(0, VARIANTS - 1))

    @property
    def depth(self) -> float:
        """Painted in the order of its distance."""
        return self.z

    def shadow(self, sun: int) -> list[list[tuple[float, float]]]:
        """An ellipse on the ground, away from the sun."""
        x = self.x - sun * (0.5 + 0.5 * self.trunk)
        return [[(x + self.radius * 1.2 * c, self.z + self.radius * 0.8 * s) for c, s in CIRCLE]]

    def paint(self, canvas: Canvas) -> None:
        """Trunk, dark lobes, lit lobes towards the sun, blotches."""
        board, r, sun = Board(canvas, self.x, self.z), self.radius, canvas.light.sun
        if not board.shows(1.2 * r):
            return
        tone = canvas.brush(VEGETATION, self.z)
        middle = self.trunk + (0.95 if self.tall else 0.75) * r
        if self.trunk:
            half = 0.09 * r + 0.04
            board.box(-half, half, 0.0, middle, tone(BARK))
            board.box(0.0, -sun * half, 0.0, middle, tone(BARK, 0.7))
        lobes, blotches = crown(self.tall, self.variant)
        dark = tone(self.colour, 0.68)
        for u, v, size in lobes:
            board.disc(u * r, middle + v * r, size * r, dark)
        for u, v, size in lobes:
            lit = tone(self.colour, 0.98 + 0.12 * sun * u)
            board.disc((u + 0.12 * sun) * r, middle + (v + 0.14) * r, size * 0.66 * r, lit)
        if r * board.scale < 8.0:
            return
        bright, dim = tone(self.colour, 1.24), tone(self.colour, 0.76)
        for number, (u, v, size) in enumerate(blotches):
            board.disc(u * r, middle + v * r, size * r, bright if number % 2 and u * sun > -0.2 else dim)
