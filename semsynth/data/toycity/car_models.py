"""The shapes of cars: faces with what is painted on them, in coordinates of the car.

A point is (forward from the rear, right of the middle, up) in metres. Corners of a face turn to the left when it is
seen from outside.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from semsynth.data.toycity.canvas import CIRCLE
from semsynth.data.toycity.palette import BLACK, Colour

HALF = 0.92
LENGTHS = {'saloon': 4.3, 'hatch': 3.8, 'van': 4.6}
# From the rear bumper over the roof to the front bumper: (share of the length, height). The stretches between two
# points are PARTS, each with its brightness.
PROFILES = {
    'saloon': [(0.0, 0.3), (0.0, 0.98), (0.17, 1.02), (0.28, 1.5), (0.58, 1.5), (0.74, 1.0), (0.98, 0.86), (1.0, 0.3)],
    'hatch': [(0.0, 0.3), (0.0, 1.02), (0.02, 1.04), (0.12, 1.56), (0.58, 1.56), (0.76, 1.04), (0.98, 0.9), (1.0, 0.3)],
    'van': [(0.0, 0.3), (0.0, 1.16), (0.01, 1.18), (0.05, 1.95), (0.68, 1.95), (0.84, 1.2), (0.98, 1.04), (1.0, 0.3)],
}
PARTS = {
    'rear': 0.94, 'boot': 1.08, 'rear window': 0.82, 'roof': 1.16, 'windscreen': 0.82, 'bonnet': 1.12, 'front': 0.94,
}
GLASS = (58, 72, 92)
REFLECTION = (126, 148, 170)
TAIL = (206, 34, 30)
HEADLAMP = (250, 240, 200)
PLATE = (236, 234, 222)
HUB = (168, 170, 174)

Point = tuple[float, float, float]


@dataclass(frozen=True)
class Layer:
    """A convex polygon in a colour, None for the car's own; its points stand in `car_points` from `start` on."""

    points: list[Point]
    colour: Colour | None
    brightness: float
    start: int = 0

    @property
    def place(self) -> slice:
        """Where its points stand in `car_points`."""
        return slice(self.start, self.start + len(self.points))


@dataclass(frozen=True)
class Face:
    """A side of the car: its outline, then what is painted on it."""

    layers: list[Layer]
    flank: int = 0  # -1 left, 1 right, 0 neither
    rank: int = 1  # those of lower rank are painted first

    @property
    def middle(self) -> float:
        """Of the outline, along the car."""
        points = self.layers[0].points
        return sum(point[0] for point in points) / len(points)


@cache
def car_faces(kind: str) -> list[Face]:
    """The faces of a kind of car; tyres seen from behind first, flanks last."""
    start = 0
    faces = []
    for face in _faces(kind):
        layers = []
        for layer in face.layers:
            layers.append(replace(layer, start=start))
            start += len(layer.points)
        faces.append(replace(face, layers=layers))
    return faces


@cache
def car_points(kind: str) -> np.ndarray:
    """Forward, right and up of all points of `car_faces`, `(3, N)`."""
    points = [point for face in car_faces(kind) for layer in face.layers for point in layer.points]
    return np.array(points).T.copy()


def _faces(kind: str) -> list[Face]:
    length = LENGTHS[kind]
    profile = [(u * length, w) for u, w in PROFILES[kind]]
    inset = [HALF * (0.82 if w > 1.3 else 1.0) for _, w in profile]
    faces = [_tyres(0.04 * length, -1), _tyres(0.96 * length, 1)]
    for place, (part, brightness) in enumerate(PARTS.items()):
        (u0, w0), (u1, w1) = profile[place : place + 2]
        a, b = inset[place : place + 2]
        outline = [(u0, -a, w0), (u0, a, w0), (u1, b, w1), (u1, -b, w1)]
        faces.append(Face([Layer(outline, None, brightness), *_fittings(part, outline)]))
    return faces + [_flank(profile, inset, flank) for flank in (-1, 1)]


def _tyres(u: float, turn: int) -> Face:
    corners = ((turn * 0.14, 0.0), (turn * -0.14, 0.0), (turn * -0.14, 0.4), (turn * 0.14, 0.4))
    return Face([Layer([(u, v + s, w) for s, w in corners], BLACK, 0.8) for v in (-0.74, 0.74)], rank=0)


def _fittings(part: str, outline: list[Point]) -> list[Layer]:
    def inner(left: float, right: float, low: float, high: float) -> list[Point]:
        axes = list(zip(*outline, strict=True))
        return [tuple((a + (b - a) * s) * (1 - t) + (d + (c - d) * s) * t for a, b, c, d in axes)
                for s, t in ((left, low), (right, low), (right, high), (left, high))]

    if part in ('rear window', 'windscreen'):
        return [Layer(inner(0.07, 0.93, 0.04, 0.9), GLASS, 1.0), Layer(inner(0.56, 0.84, 0.25, 0.86), REFLECTION, 1.0)]
    if part not in ('rear', 'front'):
        return []
    if part == 'front':
        # The front runs from the bonnet down: its first corners are the upper ones.
        return [Layer(inner(0.0, 1.0, 0.78, 1.0), None, 0.45), Layer(inner(0.28, 0.72, 0.14, 0.4), BLACK, 1.0),
                Layer(inner(0.36, 0.64, 0.52, 0.7), PLATE, 1.0), Layer(inner(0.03, 0.24, 0.1, 0.4), HEADLAMP, 1.0),
                Layer(inner(0.76, 0.97, 0.1, 0.4), HEADLAMP, 1.0)]
    return [Layer(inner(0.0, 1.0, 0.0, 0.22), None, 0.45), Layer(inner(0.28, 0.72, 0.86, 0.94), None, 0.7),
            Layer(inner(0.36, 0.64, 0.34, 0.52), PLATE, 1.0), Layer(inner(0.03, 0.24, 0.6, 0.9), TAIL, 1.0),
            Layer(inner(0.76, 0.97, 0.6, 0.9), TAIL, 1.0)]


def _flank(profile: list[tuple[float, float]], inset: list[float], flank: int) -> Face:
    length = profile[-1][0]
    side = flank * HALF
    body = [(u, side, w) for u, w in profile[:3] + profile[5:]][::-flank]
    cabin = [(u, flank * v, w) for (u, w), v in zip(profile[2:6], inset[2:6], strict=True)]

    def on_door(corners: list[tuple[float, float]]) -> list[Point]:
        return [(u, side, w) for u, w in corners]

    def box(u0: float, u1: float, w0: float, w1: float) -> list[tuple[float, float]]:
        return [(u0, w0), (u1, w0), (u1, w1), (u0, w1)]

    (u0, w0), (u1, w1), (u2, _), (u3, w3) = profile[2:6]
    sill, roof, top = max(w0, w3) + 0.03, w1 - 0.1, flank * inset[3]
    pillar = (u1 + u2) / 2
    sill_board = on_door(box(0.02 * length, 0.98 * length, 0.3, 0.44))
    layers = [Layer(body, None, 1.0), Layer(cabin, None, 1.0), Layer(sill_board, None, 0.55)]
    for left, right, top_left, top_right in ((u0 + 0.16, pillar - 0.08, u1 + 0.04, pillar - 0.08),
                                             (pillar + 0.08, u3 - 0.16, pillar + 0.08, u2 - 0.04)):
        window = [(left, side, sill), (right, side, sill), (top_right, top, roof), (top_left, top, roof)]
        layers.append(Layer(window, GLASS, 0.95))
    layers += [Layer(on_door(box(u, u + 0.05, 0.46, sill)), None, 0.7) for u in (pillar, u3 - 0.2)]
    for u in (0.2 * length, 0.8 * length):
        for radius, colour in ((0.37, BLACK), (0.19, HUB)):
            layers.append(Layer(on_door([(u + radius * c, 0.36 + radius * s) for c, s in CIRCLE]), colour, 1.0))
    return Face(layers, flank, rank=2)
