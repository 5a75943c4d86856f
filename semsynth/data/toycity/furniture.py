"""Lamp posts, traffic signs and traffic lights."""

from __future__ import annotations

from dataclasses import dataclass

from semsynth.data.toycity.canvas import CIRCLE, Board, Canvas
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import BLACK, POLE, STEEL, TRAFFIC_LIGHT, TRAFFIC_SIGN, WHITE, Colour

RED = (206, 36, 38)
BLUE = (34, 84, 178)
YELLOW = (244, 200, 52)
LAMPS = ((244, 48, 40), (250, 186, 40), (50, 214, 110))
SIZE = 0.56
TRIANGLE = [(-1.0, -0.8), (1.0, -0.8), (0.0, 1.0)]
SQUARE = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
DIAMOND = [(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)]
BAR = [(-0.7, -0.22), (0.7, -0.22), (0.7, 0.22), (-0.7, 0.22)]
ARROW_STEM = [(-0.15, -0.65), (0.15, -0.65), (0.15, 0.1), (-0.15, 0.1)]
ARROW_HEAD = [(-0.5, 0.0), (0.5, 0.0), (0.0, 0.7)]
LETTER_STEM = [(-0.36, -0.6), (-0.08, -0.6), (-0.08, 0.6), (-0.36, 0.6)]
LETTER_BOWL = [(-0.1, -0.1), (0.42, -0.1), (0.42, 0.6), (-0.1, 0.6)]
LETTER_HOLE = [(-0.08, 0.14), (0.16, 0.14), (0.16, 0.36), (-0.08, 0.36)]
DIGITS = [[(left, -0.34), (left + 0.32, -0.34), (left + 0.32, 0.36), (left, 0.36)] for left in (-0.4, 0.08)]
# Each sign as layers from the back: (convex polygon, scale, colour).
SIGNS: dict[str, list[tuple[list[tuple[float, float]], float, Colour]]] = {
    'ban': [(CIRCLE, 1.0, RED), (BAR, 1.0, WHITE)],
    'limit': [(CIRCLE, 1.0, RED), (CIRCLE, 0.72, WHITE), (DIGITS[0], 1.0, BLACK), (DIGITS[1], 1.0, BLACK)],
    'warning': [(TRIANGLE, 1.1, RED), (TRIANGLE, 0.62, WHITE)],
    'parking': [(SQUARE, 1.0, BLUE), (LETTER_STEM, 1.0, WHITE), (LETTER_BOWL, 1.0, WHITE), (LETTER_HOLE, 1.0, BLUE)],
    'priority': [(DIAMOND, 1.1, WHITE), (DIAMOND, 0.8, YELLOW)],
    'arrow': [(CIRCLE, 1.0, BLUE), (ARROW_STEM, 1.0, WHITE), (ARROW_HEAD, 1.0, WHITE)],
}


@dataclass(frozen=True)
class Post:
    """A pole at (x, z) that carries a 'lamp', a 'light' (traffic light) or one of SIGNS."""

    x: float
    z: float
    kind: str
    height: float
    lit: int

    @classmethod
    def sample(cls, dice: Dice, x: float, z: float, kind: str) -> Post:
        """A post at a place; kind 'sign' takes any sign."""
        sign = dice.pick(tuple(SIGNS))
        height = {'lamp': 5.4, 'light': 3.3}.get(kind, 2.7) + dice.real(-0.25, 0.25)
        return cls(x, z, sign if kind == 'sign' else kind, height, dice.whole(0, 2))

    @property
    def depth(self) -> float:
        """Painted in the order of its distance."""
        return self.z

    def shadow(self, sun: int) -> list[list[tuple[float, float]]]:
        """A thin strip away from the sun."""
        tip, z = self.x - sun * 0.8 * self.height, self.z
        return [[(self.x, z - 0.1), (tip, z + 0.4), (tip, z + 0.6), (self.x, z + 0.1)]] if sun else []

    def paint(self, canvas: Canvas) -> None:
        """The pole, then what it carries."""
        board = Board(canvas, self.x, self.z)
        if not board.shows(2.0):
            return
        tone = canvas.brush(POLE, self.z)
        # Never thinner than two pixels of the final picture, or the photo would not show what the label says.
        half = max(0.1, 2.0 / board.scale)
        board.box(-half, half, 0.0, self.height, tone(STEEL))
        board.box(0.0, -canvas.light.sun * half, 0.0, self.height, tone(STEEL, 0.72))
        board.box(-1.6 * half, 1.6 * half, 0.0, 0.3, tone(STEEL, 0.7))
        if self.kind == 'lamp':
            self._lamp(board, tone, half)
        elif self.kind == 'light':
            self._traffic_light(board, canvas.brush(TRAFFIC_LIGHT, self.z))
        else:
            self._sign(board, canvas.brush(TRAFFIC_SIGN, self.z))

    def _lamp(self, board: Board, tone, half: float) -> None:
        tip, top = -1.5 if self.x > 0 else 1.5, self.height
        board.box(0.0, tip, top - 2 * half, top, tone(STEEL))
        board.box(tip - 0.45, tip + 0.45, top - 0.28, top, tone(STEEL, 0.6))
        board.box(tip - 0.36, tip + 0.36, top - 0.28, top - 0.14, tone((250, 240, 196)))

    def _traffic_light(self, board: Board, tone) -> None:
        top = self.height + 0.2
        board.box(-0.4, 0.4, top - 1.75, top, tone((40, 46, 44)))
        for number, colour in enumerate(LAMPS):
            board.disc(0.0, top - 0.32 - 0.55 * number, 0.22, tone(colour, 1.0 if number == self.lit else 0.3))

    def _sign(self, board: Board, tone) -> None:
        for polygon, scale, colour in SIGNS[self.kind]:
            board.fill([(u * scale * SIZE, self.height + v * scale * SIZE) for u, v in polygon], tone(colour))
