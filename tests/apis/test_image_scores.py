import csv
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from semsynth.apis.image_scores import RIGHT, UNJUDGED, WRONG, write_image_scores
from semsynth.evaluators.base import Judged

SCORES = {'name': 'lake/1', 'aAcc': 40.0, 'mIoU': 25.0, 'most_wrong': 'b', '0 a': 75.0, '1 b': None}


class Scoring:
    prefix = None
    images = [SCORES, {**SCORES, 'name': 'lake/2', 'aAcc': None}]
    worst = [Judged(SCORES, torch.tensor([[0, 1, 1], [1, 255, 2]]).byte(), torch.tensor([[0, 2, 0], [2, 2, 2]]).byte(),
                    torch.full((1, 4, 6), 9).byte(), None, ('a', 'b', 'c'), {0: 2, 1: 0})]


class Prefixed(Scoring):
    prefix = 'other'
    worst = []


class Silent(Scoring):
    images = []


def picture(folder, name):
    return np.asarray(Image.open(folder / 'worst_pictures' / name))


def test_the_table_and_the_page(tmp_path):
    palette = [(1, 2, 3), (4, 5, 6), (7, 8, 9)]
    written = write_image_scores(tmp_path / 'results_x.json', [Silent(), Scoring(), Prefixed()], 'x', palette)
    folder = tmp_path / 'results_x_images'
    assert written == [folder / 'images.csv', folder / 'worst.html']
    rows = list(csv.DictReader((folder / 'images.csv').read_text().splitlines()))
    assert [row['name'] for row in rows] == ['lake/1', 'lake/2']
    assert (rows[0]['aAcc'], rows[0]['1 b'], rows[1]['aAcc'], rows[0]['other/mIoU']) == ('40', '', '', '25')
    page = (folder / 'worst.html').read_text().replace('\N{NO-BREAK SPACE}', ' ')
    assert ('40.0 % of the pixels recognised, mIoU 25.0. Most unrecognised pixels: b, 3 of 3, most '
            'often taken for c.') in page
    assert page.count('<img') == 4  # there is no real photo
    errors = picture(folder, '000_errors.png')
    assert errors.tolist() == [[list(RIGHT), list(WRONG), list(WRONG)], [list(WRONG), list(UNJUDGED), list(RIGHT)]]
    layout = picture(folder, '000_layout.png')
    assert layout[0, :2].tolist() == [[7, 8, 9], [1, 2, 3]]  # the colours of the layout's classes 2 and 0
    assert layout[1, 1].tolist() == [0, 0, 0] and '#010203' in page


def test_who_scores_no_image_writes_nothing(tmp_path):
    assert write_image_scores(tmp_path / 'results_x.json', [Silent()], 'x') == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_page_fits_a_narrow_window(tmp_path, new_page):
    scoring = Scoring()
    scoring.worst = [replace(Scoring.worst[0], real=Scoring.worst[0].image)]  # five pictures
    write_image_scores(tmp_path / 'results_x.json', [scoring], 'x')
    page = new_page(400, 800)
    page.goto((tmp_path / 'results_x_images' / 'worst.html').as_uri())
    assert page.evaluate('document.documentElement.scrollWidth') == 400
    page.set_viewport_size(dict(width=1100, height=800))
    columns = "getComputedStyle(document.querySelector('.strip')).gridTemplateColumns.split(' ').length"
    assert page.evaluate(columns) == 5
    assert page.evaluate('[...document.images].every(image => image.naturalWidth > 0)')
