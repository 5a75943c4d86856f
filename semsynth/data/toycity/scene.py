"""A street scene: the finished photo and its label maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from semsynth.data.toycity.canvas import SUPERSAMPLING, Camera, Canvas, Light
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.ground import Street, cast_shadows, paint_ground, paint_sky
from semsynth.data.toycity.palette import VEGETATION
from semsynth.data.toycity.plan import furnish

# Sky at the zenith and at the horizon, and the photo's tint in 256ths.
WEATHER = {
    'clear': ((84, 142, 212), (196, 218, 236), (256, 256, 256)),
    'evening': ((112, 146, 200), (240, 214, 180), (266, 252, 234)),
    'overcast': ((158, 172, 190), (208, 214, 220), (244, 248, 256)),
}
SMALLEST = 16
GRAIN = 5
LEAF_GRAIN = 12


class Scene(NamedTuple):
    """A photo `(H, W, 3)` uint8 RGB, its Cityscapes ids `(H, W)` uint8 and instance ids `(H, W)` uint16."""

    image: np.ndarray
    label: np.ndarray
    instance: np.ndarray


def render_scene(height: int, width: int, seed: int | Sequence[int]) -> Scene:
    """One street scene; the same arguments give the same bytes, other sizes the same street.

    Args:
        height: Of the photo, at least 16 pixels.
        width: Of the photo, at least 16 pixels.
        seed: A whole number from 0 up, or several.

    Returns:
        The photo, the label map in Cityscapes ids, and the instance map: the class id for stuff, class id * 1000 +
        number for cars and persons.

    Raises:
        ValueError: Height or width below 16.
    """
    if min(height, width) < SMALLEST:
        raise ValueError(f'a scene of {height}x{width} is too small: both sides must be at least {SMALLEST} pixels.')
    dice = Dice(seed)
    weather = dice.pick(('clear', 'clear', 'evening', 'overcast'))
    top, bottom, tint = WEATHER[weather]
    light = Light(sun=dice.pick((-1, 1)), sunny=weather != 'overcast', haze=bottom)
    street = Street.sample(dice)
    things = sorted(furnish(dice, street), key=lambda thing: -thing.depth)
    canvas = Canvas(height, width, _camera(dice, height, width), light)
    paint_sky(canvas, dice, top, bottom)
    paint_ground(canvas, dice, street)
    sun = light.sun if light.sunny else 0
    cast_shadows(canvas, [polygon for thing in things for polygon in thing.shadow(sun)])
    for thing in things:
        thing.paint(canvas)
    return _develop(canvas, dice, tint)


def _camera(dice: Dice, height: int, width: int) -> Camera:
    rows, columns = height * SUPERSAMPLING, width * SUPERSAMPLING
    return Camera(focal=rows * dice.real(1.35, 1.6), centre=columns * dice.real(0.36, 0.64),
                  horizon=rows * dice.real(0.4, 0.47), x=dice.real(-1.0, 2.0), eye=dice.real(2.0, 2.6))


def _develop(canvas: Canvas, dice: Dice, tint: tuple[int, int, int]) -> Scene:
    """Halves the canvas, then exposure, tint and grain, all in whole numbers."""
    height, width = (side // SUPERSAMPLING for side in canvas.pixels.shape[:2])
    idents = np.array(canvas.idents, np.uint16)
    instance = idents[canvas.pixels[1::SUPERSAMPLING, 1::SUPERSAMPLING, 3]]
    label = np.where(instance >= 1000, instance // 1000, instance).astype(np.uint8)
    image = cv2.resize(canvas.pixels, (width, height), interpolation=cv2.INTER_AREA)[..., :3]
    exposed = np.array(tint) * dice.whole(236, 272)
    levels = np.minimum(np.arange(256)[:, None] * exposed // 65536, 255).astype(np.uint8)
    strength = np.full(256, GRAIN, np.int16)
    strength[VEGETATION] = LEAF_GRAIN
    grain = dice.noise(height, width) * cv2.LUT(label, strength) // 128
    image = cv2.add(cv2.LUT(image, levels[None]), cv2.merge([grain] * 3), dtype=cv2.CV_8U)
    return Scene(image, label, instance)
