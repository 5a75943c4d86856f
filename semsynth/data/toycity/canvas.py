"""What a scene is drawn with: a camera, a light, a picture at twice the final size, and planes to paint on it.

Every machine shall draw the same bytes: what decides a pixel is plain double arithmetic (+ - * /), cut to whole
numbers before OpenCV draws it, and all polygons are convex ones (`cv2.fillPoly` differs between versions).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from semsynth.data.toycity.palette import Colour

SUPERSAMPLING = 2
NEAR = 3.0  # metres: the lower edge of the picture shows ground further away than this

# A circle as a polygon, without a sine that may round differently elsewhere.
CIRCLE = [(1.0, 0.0), (0.866, 0.5), (0.5, 0.866), (0.0, 1.0), (-0.5, 0.866), (-0.866, 0.5),
          (-1.0, 0.0), (-0.866, -0.5), (-0.5, -0.866), (0.0, -1.0), (0.5, -0.866), (0.866, -0.5)]

Ink = tuple[int, int, int, int]
World = tuple[float, float, float]
Rectangle = tuple[float, float, float, float]


class Tone(Protocol):
    """The ink of a colour, for one thing at one distance."""

    def __call__(self, colour: Colour, brightness: float = 1.0) -> Ink:
        """The ink."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera that looks along the street: x to the right, y up, z ahead, in metres."""

    focal: float  # pixels
    centre: float  # pixel column of the vanishing point
    horizon: float  # pixel row of the vanishing point
    x: float
    eye: float  # height above the ground

    def project(self, x, y, z):
        """Pixel column and row, not yet whole, of points of the world: numbers or arrays."""
        scale = self.focal / z
        return self.centre + scale * (x - self.x), self.horizon - scale * (y - self.eye)


@dataclass(frozen=True)
class Light:
    """Where the sun stands (-1 left, 1 right), whether it shines, and the colour that distance fades into."""

    sun: int
    sunny: bool
    haze: Colour

    def facing(self, side: int) -> float:
        """Brightness of a wall that looks to the left (-1), to the right (1) or at the camera (0)."""
        if not self.sunny:
            return 0.9 if side else 0.95
        return 0.92 if side == 0 else 1.06 if side == self.sun else 0.72


class Canvas:
    """Pixels `(2H, 2W, 4)`: red, green, blue and the number of the thing drawn there, an index into `idents`.

    An ident is a Cityscapes instance id: a class id, or class id * 1000 + number of the object.
    """

    def __init__(self, height: int, width: int, camera: Camera, light: Light):
        self.pixels = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING, 4), np.uint8)
        self.idents: list[int] = []
        self.camera = camera
        self.light = light

    def brush(self, ident: int, z: float) -> Tone:
        """Makes the inks for a thing `z` metres away."""
        if ident not in self.idents:
            self.idents.append(ident)
        number = self.idents.index(ident)
        fade = min(z / 150.0, 0.55)
        red, green, blue = (fade * channel for channel in self.light.haze)

        def tone(colour: Colour, brightness: float = 1.0) -> Ink:
            keep = brightness * (1.0 - fade)
            r, g, b = colour
            return int(r * keep + red), int(g * keep + green), int(b * keep + blue), number

        return tone

    def fill(self, points: Iterable[World], ink: Ink) -> None:
        """Fills a convex polygon of the world."""
        project = self.camera.project
        pixels = [(int(column), int(row)) for column, row in (project(*point) for point in points)]
        cv2.fillConvexPoly(self.pixels, np.array(pixels, np.int32), ink)

    def metre(self, z: float) -> float:
        """Pixels to a metre, `z` metres away."""
        return self.camera.focal / z

    def extent(self, x0: float, z0: float, x1: float, z1: float) -> float:
        """Width in pixels of what stands between two points of the ground, 0 if it is outside the picture."""
        columns = self.camera.project(x0, 0.0, z0)[0], self.camera.project(x1, 0.0, z1)[0]
        left, right = min(columns), max(columns)
        return right - left if right > 0 and left < self.pixels.shape[1] else 0.0


class Sheet:
    """A plane painted with rectangles, later ones over earlier ones; all are projected at once, by `draw`."""

    def __init__(self, canvas: Canvas, origin: World, along: World, up: World):
        self.canvas = canvas
        self.axes = (origin, along, up)
        self.rectangles: list[Rectangle] = []
        self.layers: list[tuple[Ink, int, int]] = []

    @classmethod
    def ground(cls, canvas: Canvas) -> Sheet:
        """The ground: rectangles are (x0, x1, z0, z1)."""
        return cls(canvas, (0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))

    @classmethod
    def front(cls, canvas: Canvas, x: float, z: float) -> Sheet:
        """A wall along the street from (x, z) on: rectangles are (metres from there, ..., y0, y1)."""
        return cls(canvas, (x, 0.0, z), (0.0, 0.0, 1.0), (0.0, 1.0, 0.0))

    @classmethod
    def across(cls, canvas: Canvas, x: float, z: float, side: int) -> Sheet:
        """A wall that looks at the camera, from (x, z) to the given side."""
        return cls(canvas, (x, 0.0, z), (float(side), 0.0, 0.0), (0.0, 1.0, 0.0))

    def add(self, ink: Ink, *rectangles: Rectangle) -> None:
        """Adds rectangles of one ink."""
        if rectangles:
            start = len(self.rectangles)
            self.rectangles.extend(rectangles)
            self.layers.append((ink, start, len(self.rectangles)))

    def draw(self) -> None:
        """Paints what was added."""
        places = np.array(self.rectangles)[:, [0, 1, 1, 0, 2, 2, 3, 3]]
        s, t = places[:, :4], places[:, 4:]
        x, y, z = (o + a * s + u * t for o, a, u in zip(*self.axes, strict=True))
        corners = np.empty((len(places), 4, 2), np.int32)
        corners[..., 0], corners[..., 1] = self.canvas.camera.project(x, y, z)
        pixels = self.canvas.pixels
        for ink, start, stop in self.layers:
            for rectangle in corners[start:stop]:
                cv2.fillConvexPoly(pixels, rectangle, ink)


class Board:
    """An upright plane that faces the camera at (x, z): places are (metres to the right, metres up)."""

    def __init__(self, canvas: Canvas, x: float, z: float):
        self.canvas = canvas
        self.scale = canvas.metre(z)
        self.column, self.row = canvas.camera.project(x, 0.0, z)

    def shows(self, reach: float) -> bool:
        """Whether something `reach` metres to both sides can be in the picture."""
        reach *= self.scale
        return -reach < self.column < self.canvas.pixels.shape[1] + reach

    def box(self, u0: float, u1: float, v0: float, v1: float, ink: Ink) -> None:
        """Fills a rectangle."""
        column, row, scale = self.column, self.row, self.scale
        first = (int(column + scale * u0), int(row - scale * v0))
        cv2.rectangle(self.canvas.pixels, first, (int(column + scale * u1), int(row - scale * v1)), ink, -1)

    def disc(self, u: float, v: float, radius: float, ink: Ink) -> None:
        """Fills a disc."""
        scale = self.scale
        centre = (int(self.column + scale * u), int(self.row - scale * v))
        cv2.circle(self.canvas.pixels, centre, int(scale * radius + 0.5), ink, -1)

    def fill(self, points: Iterable[tuple[float, float]], ink: Ink) -> None:
        """Fills a convex polygon."""
        column, row, scale = self.column, self.row, self.scale
        points = [(int(column + scale * u), int(row - scale * v)) for u, v in points]
        cv2.fillConvexPoly(self.canvas.pixels, np.array(points, np.int32), ink)
