"""Image-like inputs of 7x5 pixels, of every kind of number."""

import numpy as np

DICE = np.random.default_rng(0)
GRAY, RGB = DICE.integers(0, 256, (7, 5), np.uint8), DICE.integers(0, 256, (7, 5, 3), np.uint8)
DEPTH, MANY = DICE.integers(0, 65536, (7, 5), np.uint16), DICE.integers(0, 256, (7, 5, 24), np.uint8)
FLOATS = DICE.uniform(-1, 1, (7, 5, 2))
