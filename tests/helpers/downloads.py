"""What tests know of the small downloads that tests/data/prepare/conftest.py makes."""

import cv2

COUNTS = dict(ade20k=dict(training=3, validation=2), coco_stuff=dict(train=3, val=2), helen=dict(train=2, test=3),
              nyu=dict(train=2, test=1))
"""Scenes of each data set's splits."""


def encoded(picture, suffix='.png'):
    """The bytes of a picture's file."""
    return cv2.imencode(suffix, picture)[1].tobytes()


def rectangle(left, top, right, bottom):
    """An outline, as COCO has it."""
    return [left, top, right, top, right, bottom, left, bottom]
