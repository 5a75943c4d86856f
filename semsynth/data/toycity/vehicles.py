"""Cars on the road."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from semsynth.data.toycity.canvas import Canvas
from semsynth.data.toycity.car_models import HALF, LENGTHS, Face, car_faces, car_points
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import CAR, CARS, Colour

# A heading turns (forward, right) of the car to (x, z): forward's x and z; right is (z, -x).
HEADINGS = {'away': (0, 1), 'toward': (0, -1), 'left': (-1, 0), 'right': (1, 0)}


@dataclass(frozen=True)
class Car:
    """A car whose middle stands at (x, z)."""

    x: float
    z: float
    heading: str
    kind: str
    colour: Colour
    ident: int

    @classmethod
    def sample(cls, dice: Dice, x: float, z: float, heading: str, number: int) -> Car:
        """A car of random looks at a place."""
        return cls(x, z, heading, dice.pick(('saloon', 'hatch', 'hatch', 'van')), dice.pick(CARS), CAR * 1000 + number)

    @property
    def reach(self) -> tuple[float, float]:
        """Half its extent in x and in z."""
        half = LENGTHS[self.kind] / 2
        return (HALF, half) if self.heading in ('away', 'toward') else (half, HALF)

    @property
    def depth(self) -> float:
        """Painted by its near end: it hides what stands beside it further out."""
        return self.z - self.reach[1]

    def shadow(self, sun: int) -> list[list[tuple[float, float]]]:
        """Under the car, and beside it away from the sun."""
        wide, long = self.reach
        left, right = self.x - wide - 0.1 - 0.8 * max(sun, 0), self.x + wide + 0.1 + 0.8 * max(-sun, 0)
        near, far = self.z - long - 0.25, self.z + long + 0.1
        return [[(left, near), (right, near), (right, far), (left, far)]]

    def paint(self, canvas: Canvas) -> None:
        """The faces that look at the camera, the far ones first."""
        wide, _ = self.reach
        if not canvas.extent(self.x - wide, self.depth, self.x + wide, self.depth):
            return
        tone = canvas.brush(self.ident, self.depth)
        faces = car_faces(self.kind)
        points = self._project(canvas)
        for face in sorted(faces, key=self._order):
            layers = face.layers
            # A face shows its outer side where the corners turn to the left in the picture.
            if cv2.contourArea(points[layers[0].place], oriented=True) >= 0.0:
                continue
            light = canvas.light.facing(face.flank * HEADINGS[self.heading][1])
            for layer in layers:
                ink = tone(layer.colour or self.colour, layer.brightness * (1.0 if layer.colour else light))
                cv2.fillConvexPoly(canvas.pixels, points[layer.place], ink)

    def _project(self, canvas: Canvas) -> np.ndarray:
        forward, right, up = car_points(self.kind)
        forward = forward - LENGTHS[self.kind] / 2
        turn_x, turn_z = HEADINGS[self.heading]
        x = self.x + forward * turn_x + right * turn_z
        z = self.z + forward * turn_z - right * turn_x
        return np.stack(canvas.camera.project(x, up, z), 1).astype(np.int32)

    def _order(self, face: Face) -> tuple[int, float]:
        """Tyres first, flanks last, what lies between from far to near."""
        return face.rank, -face.middle * HEADINGS[self.heading][1]
