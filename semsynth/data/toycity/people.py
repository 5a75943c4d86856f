"""People on foot."""

from __future__ import annotations

from dataclasses import dataclass

from semsynth.data.toycity.canvas import CIRCLE, Board, Canvas
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import BLACK, CLOTHES, HAIRS, PERSON, SKINS, TROUSERS, Colour

CAP = [(u, v) for u, v in CIRCLE if v >= 0.0]


@dataclass(frozen=True)
class Person:
    """Somebody who stands or walks at (x, z), facing the camera (0) or turned to a side (-1, 1)."""

    x: float
    z: float
    height: float
    turn: int
    stride: float
    shirt: Colour
    trousers: Colour
    skin: Colour
    hair: Colour
    skirt: bool
    bag: bool
    ident: int

    @classmethod
    def sample(cls, dice: Dice, x: float, z: float, number: int) -> Person:
        """Somebody of random looks at a place."""
        return cls(x, z, height=dice.real(1.9, 2.2), turn=dice.whole(-1, 1), stride=dice.real(0.04, 0.26),
                   shirt=dice.pick(CLOTHES), trousers=dice.pick(TROUSERS), skin=dice.pick(SKINS), hair=dice.pick(HAIRS),
                   skirt=dice.chance(0.25), bag=dice.chance(0.35), ident=PERSON * 1000 + number)

    @property
    def depth(self) -> float:
        """Painted in the order of its distance."""
        return self.z

    def shadow(self, sun: int) -> list[list[tuple[float, float]]]:
        """An ellipse at the feet, away from the sun."""
        return [[(self.x - sun * 0.4 + (0.3 + 0.4 * abs(sun)) * c, self.z + 0.22 * s) for c, s in CIRCLE]]

    def paint(self, canvas: Canvas) -> None:
        """Legs, arms, torso, head; all measures are shares of the height."""
        board = Board(canvas, self.x, self.z)
        if not board.shows(0.6):
            return
        board.scale *= self.height
        tone = canvas.brush(self.ident, self.z)
        wide = 0.13 if self.turn == 0 else 0.1
        stride = self.stride * (1.0 if self.turn else 0.35)
        self._legs(board, tone, stride)
        if self.skirt:
            board.fill([(-wide - 0.05, 0.3), (wide + 0.05, 0.3), (wide - 0.02, 0.52), (0.02 - wide, 0.52)],
                       tone(self.shirt, 0.8))
        for arm in (-1, 1):
            shoulder = arm * wide
            hand = shoulder + (-0.5 * stride * arm if self.turn else 0.035 * arm)
            board.fill([(shoulder - 0.04, 0.8), (shoulder + 0.04, 0.8), (hand + 0.035, 0.5), (hand - 0.035, 0.5)],
                       tone(self.shirt, 0.78))
            board.box(hand - 0.03, hand + 0.03, 0.45, 0.51, tone(self.skin))
        board.fill([(0.02 - wide, 0.46), (wide - 0.02, 0.46), (wide, 0.8), (wide - 0.05, 0.84), (0.05 - wide, 0.84),
                    (-wide, 0.8)], tone(self.shirt))
        board.box(0.0, -canvas.light.sun * (wide - 0.02), 0.47, 0.81, tone(self.shirt, 0.84))
        if self.bag:
            place = -0.13 * self.turn or 0.12
            board.box(place - 0.05, place + 0.05, 0.5, 0.68, tone(self.trousers, 1.3))
        self._head(board, tone)

    def _legs(self, board: Board, tone, stride: float) -> None:
        for leg, brightness in ((-1, 0.8), (1, 1.0)):
            hip, foot = leg * 0.055, leg * (0.05 + 0.4 * stride)
            board.fill([(hip - 0.055, 0.48), (hip + 0.055, 0.48), (foot + 0.045, 0.03), (foot - 0.045, 0.03)],
                       tone(self.trousers, brightness))
            toe = 0.03 * self.turn
            board.box(foot - 0.05 + min(toe, 0.0), foot + 0.05 + max(toe, 0.0), 0.0, 0.045, tone(BLACK))

    def _head(self, board: Board, tone) -> None:
        board.box(-0.03, 0.03, 0.82, 0.87, tone(self.skin, 0.85))
        board.disc(0.0, 0.915, 0.082, tone(self.skin))
        lean = -0.15 * self.turn
        hair = [(0.082 * (u + lean), 0.915 + 0.082 * (0.16 + v)) for u, v in CAP]
        board.fill(hair, tone(self.hair))
