"""Cityscapes ids and the colours (RGB) that the classes of a scene are painted in."""

from __future__ import annotations

Colour = tuple[int, int, int]

ROAD = 7
SIDEWALK = 8
BUILDING = 11
FENCE = 13
POLE = 17
TRAFFIC_LIGHT = 19
TRAFFIC_SIGN = 20
VEGETATION = 21
TERRAIN = 22
SKY = 23
PERSON = 24
CAR = 26

ASPHALT: list[Colour] = [(84, 84, 90), (92, 90, 92), (78, 80, 88)]
PAVING: list[Colour] = [(176, 164, 154), (168, 166, 164), (186, 172, 156)]
GRASS: list[Colour] = [(112, 140, 62), (124, 146, 70)]
FACADES: list[Colour] = [
    (196, 112, 78), (216, 176, 122), (206, 200, 186), (164, 128, 108), (150, 160, 176), (224, 196, 160), (176, 90, 76),
]
ROOFS: list[Colour] = [(142, 70, 54), (96, 84, 86), (120, 88, 70)]
GLASS: list[Colour] = [(70, 88, 112), (96, 122, 150), (52, 62, 82)]
DOORS: list[Colour] = [(92, 58, 40), (58, 82, 70), (66, 70, 104)]
AWNINGS: list[Colour] = [(190, 62, 56), (62, 116, 92), (226, 180, 72), (70, 96, 156)]
LEAVES: list[Colour] = [(66, 112, 46), (82, 118, 44), (58, 104, 60)]
BARK: Colour = (98, 74, 54)
FENCES: list[Colour] = [(164, 112, 66), (182, 128, 78), (224, 214, 190)]
STEEL: Colour = (92, 100, 112)
CARS: list[Colour] = [
    (196, 44, 42), (44, 88, 174), (226, 226, 226), (52, 54, 60), (232, 186, 48), (148, 154, 162), (62, 126, 92),
]
CLOTHES: list[Colour] = [
    (204, 58, 54), (54, 96, 178), (232, 196, 74), (238, 236, 230), (84, 142, 90), (222, 128, 58), (122, 84, 150),
]
TROUSERS: list[Colour] = [(44, 52, 80), (58, 56, 56), (108, 92, 74)]
SKINS: list[Colour] = [(236, 190, 156), (206, 152, 114), (134, 92, 68)]
HAIRS: list[Colour] = [(62, 44, 32), (34, 32, 34), (172, 128, 70)]
WHITE: Colour = (238, 238, 232)
BLACK: Colour = (34, 34, 38)


def shade(colour: Colour, factor: float) -> Colour:
    """The colour times a factor, cut off at 255."""
    red, green, blue = (min(255, int(channel * factor)) for channel in colour)
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The way from the first colour to the second, `share` in [0, 1]."""
    red, green, blue = (int(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue
