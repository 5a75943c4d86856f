"""Sky, road, pavement, grass and the shadows that lie on them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from semsynth.data.toycity.canvas import CIRCLE, NEAR, Canvas, Sheet
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.palette import ASPHALT, GRASS, PAVING, ROAD, SIDEWALK, SKY, TERRAIN, WHITE, Colour, mix

FAR = 160.0
WIDE = 90.0
KERB = 0.28
SIDE_PAVEMENT = 2.4
Ground = list[tuple[float, float]]


@dataclass(frozen=True)
class Street:
    """The ground plan: half the road's width, the pavements' width, a side road from z to z, which sides are grass."""

    half: float
    pavement: float
    junction: tuple[float, float] | None
    grass: dict[int, bool]
    dash: float

    @classmethod
    def sample(cls, dice: Dice) -> Street:
        """A random street."""
        start = dice.real(14.0, 26.0)
        junction = (start, start + dice.real(6.5, 8.0)) if dice.chance(0.45) else None
        park = dice.pick((0, 0, -1, 1))
        return cls(dice.real(4.1, 4.9), dice.real(2.8, 4.2), junction, {-1: park == -1, 1: park == 1},
                   dash=2.2 if dice.chance(0.75) else 4.0)

    @property
    def frontage(self) -> float:
        """Distance of the house fronts from the middle of the road."""
        return self.half + self.pavement

    def crosses(self, z0: float, z1: float) -> bool:
        """Whether the side road, with its pavements, lies between two distances."""
        if not self.junction:
            return False
        return z1 > self.junction[0] - SIDE_PAVEMENT and z0 < self.junction[1] + SIDE_PAVEMENT


def paint_sky(canvas: Canvas, dice: Dice, top: Colour, bottom: Colour) -> None:
    """A gradient with clouds."""
    height, width = canvas.pixels.shape[:2]
    horizon = int(canvas.camera.horizon) + 2
    tone = canvas.brush(SKY, 0.0)
    share = np.minimum(np.arange(height) * 256 // horizon, 256)[:, None]
    rows = (np.array(tone(top)) * (256 - share) + np.array(tone(bottom)) * share) // 256
    # A pixel at a time instead of a byte: several times faster.
    canvas.pixels.view(np.uint32)[..., 0] = rows.astype(np.uint8).view(np.uint32)
    for _ in range(dice.whole(2, 4)):
        column, row = dice.real(0.0, width), dice.real(0.08, 0.6) * horizon
        radius = dice.real(0.05, 0.085) * horizon
        puffs = [(column + radius * dice.real(0.6, 0.9) * place, row - dice.real(0.0, 0.6) * radius,
                  radius * dice.real(0.8, 1.2) * (1.0 - 0.15 * abs(place))) for place in range(-4, 5)]
        for drop, white in ((0.35, 0.4), (0.0, 0.8)):
            ink = tone(mix(bottom, (252, 252, 252), white))
            for x, y, r in puffs:
                cv2.circle(canvas.pixels, (int(x), int(y + drop * radius)), int(r + 0.5), ink, -1)


def paint_ground(canvas: Canvas, dice: Dice, street: Street) -> None:
    """Grass or paving to both sides, then the road with its kerbs, wear and marks."""
    sheet = Sheet.ground(canvas)
    asphalt = dice.pick(ASPHALT)
    _paving(sheet, dice, street)
    road = canvas.brush(ROAD, 8.0)
    half = street.half
    sheet.add(road(asphalt), (-half, half, NEAR, FAR))
    if street.junction:
        sheet.add(road(asphalt), (-WIDE, WIDE, *street.junction))
    sheet.add(road(asphalt, 0.8), (-half, 0.22 - half, NEAR, FAR), (half - 0.22, half, NEAR, FAR))
    tracks = [lane * half + track for lane in (-0.45, 0.45) for track in (-0.75, 0.75)]
    sheet.add(road(asphalt, 0.93), *[(x - 0.22, x + 0.22, NEAR, 60.0) for x in tracks])
    for brightness in (0.86, 1.1, 0.9):
        x, z = dice.real(-0.8, 0.6) * half, dice.real(5.0, 16.0)
        sheet.add(road(asphalt, brightness), (x, x + dice.real(0.7, 1.6), z, z + dice.real(0.8, 2.4)))
    _marks(sheet, street)
    sheet.draw()
    x, z = dice.real(-0.5, 0.5) * half, dice.real(6.0, 11.0)
    for radius, brightness in ((0.42, 0.62), (0.28, 0.82)):
        canvas.fill([(x + radius * c, 0.0, z + radius * s) for c, s in CIRCLE], road(asphalt, brightness))


def _paving(sheet: Sheet, dice: Dice, street: Street) -> None:
    paving, grass = dice.pick(PAVING), dice.pick(GRASS)
    pavement, terrain = sheet.canvas.brush(SIDEWALK, 8.0), sheet.canvas.brush(TERRAIN, 8.0)
    sheet.add(pavement(paving), (-WIDE, WIDE, NEAR, FAR))
    edge = street.half + KERB
    lengthwise = [edge + share * (street.pavement - KERB) for share in (0.34, 0.68)]
    joints = [(4.0 + 1.1 * number) for number in range(18)]
    for side in (-1, 1):
        joint = pavement(paving, 0.85)
        sheet.add(joint, *[(side * x, side * x + 0.05, NEAR, 40.0) for x in lengthwise])
        sheet.add(joint, *[(side * edge, side * street.frontage, z, z + 0.05 + z * 0.008) for z in joints])
        if street.grass[side]:
            sheet.add(terrain(grass), (side * street.frontage, side * WIDE, NEAR, FAR))
        for number in range(12):
            z = dice.real(7.0, 30.0)
            x, wide = side * (street.frontage + dice.real(0.25, 1.4) * z), dice.real(0.6, 2.4)
            if street.grass[side]:
                sheet.add(terrain(grass, 1.12 if number % 2 else 0.88), (x, x + wide, z, z * 1.05))
    kerb = pavement(paving, 1.18)
    if street.junction:
        start, end = street.junction
        sheet.add(pavement(paving), (-WIDE, WIDE, start - SIDE_PAVEMENT, end + SIDE_PAVEMENT))
        sheet.add(kerb, (-WIDE, WIDE, start - KERB, end + KERB))
    sheet.add(kerb, (-edge, edge, NEAR, FAR))


def _marks(sheet: Sheet, street: Street) -> None:
    paint = sheet.canvas.brush(ROAD, 8.0)(WHITE, 0.96)
    start, end = street.junction or (FAR, FAR)
    dashes = [NEAR + 4.0 * number for number in range(17)]
    sheet.add(paint, *[(-0.1, 0.1, z, z + street.dash) for z in dashes if not start - 8.0 < z < end + 0.5])
    edge = street.half - 0.38
    sheet.add(paint, *[(x - 0.07, x + 0.07, NEAR, min(start - 5.0, 70.0)) for x in (-edge, edge)])
    if street.junction:
        stripes = [0.5 - street.half + number for number in range(int(2 * street.half - 0.6))]
        sheet.add(paint, *[(x, x + 0.5, start - 4.2, start - 1.4) for x in stripes])
        sheet.add(paint, (0.1, edge, start - 5.1, start - 4.7))


def cast_shadows(canvas: Canvas, polygons: list[Ground]) -> None:
    """Darkens the ground inside convex polygons of (x, z)."""
    mask = np.zeros(canvas.pixels.shape[:2], np.uint8)
    x, z = np.array([point for polygon in polygons for point in polygon]).T
    points = np.stack(canvas.camera.project(x, 0.0, np.maximum(z, NEAR)), 1).astype(np.int32)
    start = 0
    for polygon in polygons:
        cv2.fillConvexPoly(mask, points[start : start + len(polygon)], 1)
        start += len(polygon)
    table = np.repeat(np.arange(256)[:, None], 4, 1)
    table[:, :3] = table[:, :3] * (150 if canvas.light.sunny else 200) // 256
    below = canvas.pixels[int(canvas.camera.horizon):]
    below[:] = cv2.copyTo(cv2.LUT(below, table.astype(np.uint8)[None]), mask[int(canvas.camera.horizon):], below)
