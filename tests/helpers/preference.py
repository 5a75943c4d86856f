"""Folders of results, and the files of participants."""

import json

import numpy as np
from PIL import Image

METHODS = ('ours', 'baseline', 'photos')
SCENES = ('city/a', 'city/b', 'city/c', 'd')
TIMES = [1 / 8, 1, None]


def save(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


def labels(folder, city, classes):
    """Label maps of twice the images' size: half of each is of the class, half is road."""
    numbers = {name: number for number, index in city.id_map.items() for name in [city.classes[index]]}
    for scene, name in zip(SCENES, classes, strict=True):
        ids = np.full((24, 40), numbers['road'], np.uint8)
        ids[:, 20:] = numbers[name]
        save(folder / f'{scene}_gtFine_labelIds.png', ids)
    return folder


def vote(study, participant, choose, folder):
    """A participant's file."""
    votes = {name: choose(trial) for name, trial in study.participants[participant].items()}
    path = folder / f'votes_{participant}.json'
    path.write_text(json.dumps(dict(study=study.id, participant=participant, votes=votes)))
    return path
