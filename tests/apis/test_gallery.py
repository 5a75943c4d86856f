import re

import numpy as np
import pytest
from PIL import Image

from semsynth.apis.gallery import write_gallery


def test_the_page_shows_every_picture_and_score(tmp_path):
    picture = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    page = write_gallery(tmp_path / 'page', 'A <title>', {'a': {'label map': picture, 'image': 255 - picture}},
                         paragraphs=('Some text.',), scores={'ours': {'mIoU': 71.25, 'FD': 1.5}, 'real': {'mIoU': 90}})
    text = page.read_text()
    sources = re.findall(r'src="([^"]+)"', text)
    assert len(sources) == 2
    assert np.array_equal(np.asarray(Image.open(page.parent / sources[0])), picture)
    assert '71.25' in text and '90.00' in text and '&ndash;' in text and 'A &lt;title&gt;' in text
    assert not list(page.parent.glob('*.tmp'))


@pytest.mark.slow
def test_the_page_fits_a_narrow_window(tmp_path, new_page):
    picture = np.zeros((4, 4, 3), np.uint8)
    scores = {'ours': {f'metric {number}': 1.0 for number in range(12)}}
    path = write_gallery(tmp_path / 'page', '/a/long/path' * 20, {'sample' * 30: {'image': picture}}, scores=scores)
    page = new_page(400, 800)
    page.goto(path.as_uri())
    assert page.evaluate('document.documentElement.scrollWidth') == 400
