"""What stands where in a street."""

from __future__ import annotations

from typing import Protocol

from semsynth.data.toycity.buildings import Building
from semsynth.data.toycity.canvas import Canvas
from semsynth.data.toycity.dice import Dice
from semsynth.data.toycity.fences import Fence
from semsynth.data.toycity.furniture import Post
from semsynth.data.toycity.ground import Ground, Street
from semsynth.data.toycity.people import Person
from semsynth.data.toycity.plants import Tree
from semsynth.data.toycity.vehicles import Car


class Thing(Protocol):
    """Something in a scene: painted after the things of greater depth."""

    @property
    def depth(self) -> float:
        """Metres from the camera."""

    def shadow(self, sun: int) -> list[Ground]:
        """Convex polygons of (x, z) on the ground; sun -1 left, 1 right, 0 behind clouds."""

    def paint(self, canvas: Canvas) -> None:
        """Draws it."""


def furnish(dice: Dice, street: Street) -> list[Thing]:
    """Everything that stands in the street."""
    return [*_frontage(dice, street), *_trees(dice, street), *_posts(dice, street), *_cars(dice, street),
            *_people(dice, street)]


def _frontage(dice: Dice, street: Street) -> list[Thing]:
    end = dice.real(55.0, 80.0)
    return [*_row(dice, street, -1, end), *_row(dice, street, 1, end), *_vista(dice, end)]


def _row(dice: Dice, street: Street, side: int, end: float) -> list[Thing]:
    """Houses, gaps with a fence and a tree; along a park a fence here and there."""
    things: list[Thing] = []
    z, corner, low = dice.real(3.0, 6.0), True, dice.chance(0.35)
    while z < end:
        x, length = side * (street.frontage + dice.real(0.0, 0.4)), dice.real(6.0, 11.0)
        if street.junction and street.crosses(z, z + length):
            before = street.junction[0] - 2.4 - z
            if before < 3.0:
                z, corner = street.junction[1] + 2.4, True
                continue
            length = before
        if street.grass[side]:
            if dice.chance(0.55):
                things.append(Fence.sample(dice, x, z, z + length))
        elif not corner and dice.chance(0.45 if low else 0.25):
            length *= 0.6
            things += [Fence.sample(dice, x, z, z + length), Tree.sample(dice, x + side * 2.0, z + length)]
            corner = True
        else:
            things.append(Building.sample(dice, x, z, z + length, corner, low))
            corner = False
        z += length
    return things


def _vista(dice: Dice, end: float) -> list[Thing]:
    """What closes the view: trees and houses across the street."""
    things: list[Thing] = []
    x = -48.0
    while x < 48.0:
        if dice.chance(0.55):
            things.append(Tree.sample(dice, x, end + 8.0, radius=3.2, trunk=1.6))
        else:
            things.append(Building.sample(dice, x, end + 10.0, end + 11.0, corner=False, low=dice.chance(0.5)))
        x += dice.real(5.0, 10.0)
    return things


def _trees(dice: Dice, street: Street) -> list[Thing]:
    things: list[Thing] = []
    for side in (-1, 1):
        if street.grass[side]:
            for _ in range(7):
                z = dice.real(9.0, 40.0)
                x, bush = side * (street.frontage + dice.real(0.12, 1.0) * z), dice.chance(0.25)
                if not street.crosses(z - 1.0, z + 1.0):
                    things.append(Tree.sample(dice, x, z, 0.6, 0.0) if bush else Tree.sample(dice, x, z))
        elif dice.chance(0.6):
            z, gap = dice.real(8.0, 14.0), dice.real(6.0, 9.0)
            while z < 45.0:
                if not street.crosses(z, z):
                    things.append(Tree.sample(dice, side * (street.half + 0.9), z))
                z += gap
    return things


def _posts(dice: Dice, street: Street) -> list[Thing]:
    things: list[Thing] = []
    for side in (-1, 1):
        edge = side * (street.half + 0.5)
        places = []
        if dice.chance(0.7):
            z, gap = dice.real(9.0, 20.0), dice.real(12.0, 16.0)
            places += [(edge, z + number * gap, 'lamp') for number in range(2)]
        for _ in range(dice.whole(1, 2)):
            places.append((edge + side * dice.real(0.0, 0.6), dice.real(8.0, 20.0), 'sign'))
        if not street.junction and dice.chance(0.3):
            places.append((edge, dice.real(9.0, 15.0), 'light'))
        things += [Post.sample(dice, *place) for place in places if not street.crosses(place[1], place[1])]
        if street.junction:
            things.append(Post.sample(dice, edge, street.junction[0] - 1.0, 'light'))
    return things


def _cars(dice: Dice, street: Street) -> list[Thing]:
    places = []
    for side, heading in ((-1, 'toward'), (1, 'away')):
        if dice.chance(0.7):
            z = dice.real(9.0, 17.0)
            for _ in range(dice.whole(2, 5)):
                if not street.crosses(z - 2.5, z + 6.0):
                    places.append((side * (street.half - 0.9), z, heading))
                z += dice.real(4.9, 5.6)
        if dice.chance(0.65):
            places.append((side * dice.real(1.05, 1.25), dice.real(10.0, 30.0), heading))
    if street.junction:
        for heading, lane in (('right', 1.9), ('left', 5.0)):
            if dice.chance(0.5):
                places.append((dice.pick((-1, 1)) * dice.real(4.5, 9.5), street.junction[0] + lane, heading))
    return [Car.sample(dice, *place, number) for number, place in enumerate(places)]


def _people(dice: Dice, street: Street) -> list[Thing]:
    groups = []
    for _ in range(dice.whole(2, 4)):
        x = dice.pick((-1, 1)) * (street.half + dice.real(0.7, street.pavement - 0.5))
        groups.append((x, max(6.0, 1.5 * abs(x)) + dice.real(0.0, 4.0)))
    if street.junction and dice.chance(0.6):
        groups.append((dice.real(-0.8, 0.6) * street.half, street.junction[0] - 2.8))
    places = [(x + 0.6 * number + dice.real(-0.1, 0.1), z + dice.real(0.0, 0.5))
              for x, z in groups for number in range(dice.whole(1, 3))]
    return [Person.sample(dice, *place, number) for number, place in enumerate(places)]
