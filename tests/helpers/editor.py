"""What tests ask an editor, and its page's server."""

import json

import numpy as np

ROAD, SKY, PERSON, CAR = 0, 9, 10, 11


def first(editor, class_index):
    return next(found.id for found in editor.objects() if found.class_index == class_index)


def state(editor):
    return editor.label.tobytes(), editor.instance.tobytes(), dict(editor.scene.styles), editor.image.tobytes()


def unpacked(state):
    """A state of the page's API, with the object's id and the class of each pixel."""
    length = int.from_bytes(state[:4], 'little')
    entries = json.loads(state[4:4 + length])
    ends, places, kinds = np.frombuffer(state, '<u4', offset=4 + length).reshape(3, entries['runs'])
    lengths, size = np.diff(ends, prepend=0), (entries['height'], entries['width'])
    ids = np.array([found['id'] for found in entries['objects']])
    return entries | dict(instance=ids[places].repeat(lengths).reshape(size), label=kinds.repeat(lengths).reshape(size))
