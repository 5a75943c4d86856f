"""The editor's page in a real browser."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.browser import drag
from helpers.narrow import narrow
from semsynth.apis.inferencer import Inferencer
from semsynth.editor.page import serve_editor
from semsynth.styles import StyleBank

pytest.importorskip('starlette', reason="Starlette is not installed: pip install 'semsynth[edit]'")
pytestmark = pytest.mark.slow
CAR = 11


@pytest.fixture(scope='module')
def served(toycity, tmp_path_factory):
    """The page of a model with styles."""
    torch.manual_seed(0)
    config = narrow('configs/pix2pixhd/pix2pixhd_styles_toycity.py', toycity)
    path = tmp_path_factory.mktemp('styles') / 'styles.npz'
    StyleBank(torch.tensor([[1., 1, 1], [-1, -1, -1], [0, 0, 0]]), torch.tensor([CAR, CAR, 0]),
              ('?',) * 12, np.zeros((3, 4, 4, 3), np.uint8)).save(path)
    inferencer = Inferencer(config, None, 'cpu', styles=path)
    server = serve_editor(inferencer, inferencer.find([toycity / 'gtFine/val'], instances_optional=True))
    yield server.url
    server.close()


class Workspace:
    """What a user does on the page, and sees."""

    def __init__(self, page, address):
        self.page = page
        page.goto(address)
        page.locator('.latency', has_text='ms').wait_for()
        self.settle()

    def at(self, x, y, pane='.layout'):
        """Where on the screen a pixel is."""
        self.page.locator(f'{pane} .overlay').scroll_into_view_if_needed()
        box = self.page.locator(f'{pane} .overlay').bounding_box()
        return box['x'] + (x + .5) / 64 * box['width'], box['y'] + (y + .5) / 64 * box['height']

    def paint(self, *pixels, pane='.layout'):
        drag(self.page, *(self.at(*pixel, pane) for pixel in pixels))

    def settle(self):
        """Wait until all that was done shows."""
        self.page.locator('.workspace:not(.busy)').wait_for()

    def press(self, key):
        self.page.keyboard.press(key)
        self.settle()

    def picture(self, pane):
        return self.page.evaluate('pane => document.querySelector(`${pane} .picture`).toDataURL()', pane)

    def pictures(self):
        return self.picture('.layout'), self.picture('.image')

    def pixel(self, x, y):
        return tuple(self.page.evaluate('([x, y]) => [...document.querySelector(".layout .picture").getContext("2d")'
                                        '.getImageData(x, y, 1, 1).data]', [x, y]))[:3]


def test_a_full_edit(served, new_page, tmp_path):
    page = new_page(1400, 900)
    loaded = []
    page.on('request', lambda request: loaded.append(request.url))
    work = Workspace(page, served)
    first = work.pictures()
    assert page.is_hidden('.object .some')

    # A click selects; the class's styles are there to choose from.
    x, y = page.evaluate('''() => {
        const canvas = document.querySelector(".layout .picture"), { width, height } = canvas;
        const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
        for (let i = data.length / 4 - 1; i >= 0; i--) {
            if (data[4 * i] === 0 && data[4 * i + 1] === 0 && data[4 * i + 2] === 142)
                return [i % width, Math.floor(i / width)];
        }}''')
    work.paint((x, y))
    assert page.inner_text('.what').startswith('car 26')
    page.locator('.clusters button:not(.on)').first.click()
    work.settle()
    assert work.picture('.layout') == first[0] and work.picture('.image') != first[1]
    work.press('Control+z')
    assert work.picture('.image') == first[1]

    # Another class, and back: what was selected is selected again.
    selected = page.inner_text('.what')
    page.select_option('.kind select', '7')
    work.settle()
    assert work.pixel(x, y) == (107, 142, 35)
    page.click('.undo')
    work.settle()
    assert work.picture('.layout') == first[0] and page.inner_text('.what') == selected

    # A stroke on the layout changes both pictures, undo restores them, redo repeats it.
    page.click('[data-kind="9"]')
    work.paint((5, 60), (20, 50), (60, 60))
    work.settle()
    assert work.pixel(20, 50) == (70, 130, 180)
    painted = work.pictures()
    assert painted[0] != first[0] and painted[1] != first[1]
    assert 'ms after the edit' in page.inner_text('.latency')
    work.press('Control+z')
    assert work.pictures() == first
    work.press('Control+y')
    assert work.pictures() == painted

    # A polygon makes a car; dragged, it moves; it is removed.
    page.click('[data-tool="polygon"]')
    page.click('[data-kind="11"]')
    for corner in ((4, 4), (16, 4), (16, 16), (4, 16)):
        work.paint(corner)
    work.press('Enter')
    assert work.pixel(10, 10) == (0, 0, 142) and page.inner_text('.what').startswith('car 26')
    work.press('v')
    work.paint((10, 10), (20, 20), (40, 22))
    work.settle()
    assert work.pixel(10, 10) != (0, 0, 142) and work.pixel(40, 22) == (0, 0, 142)
    work.press('Delete')
    assert work.pixel(40, 22) != (0, 0, 142)

    names = []
    for part in ('label', 'instance', 'image', 'project'):
        with page.expect_download() as download:
            page.click(f'[data-part="{part}"]')
        names.append(download.value.suggested_filename)
        download.value.save_as(tmp_path / names[-1])
    assert names == ['toycity_000000_000000_gtFine_labelIds.png', 'toycity_000000_000000_gtFine_instanceIds.png',
                     'toycity_000000_000000.png', 'toycity_000000_000000.npz']
    assert Image.open(tmp_path / 'toycity_000000_000000.png').size == (64, 64)
    assert [address for address in loaded if not re.match(f'{served}|data:|blob:', address)] == []


def test_files_are_opened_and_mistakes_are_told(served, new_page, toycity, tmp_path):
    page = new_page(1400, 900)
    work = Workspace(page, served)
    before = work.pictures()
    page.click('.files summary')
    (tmp_path / 'torn.png').write_bytes(b'PNG?')
    page.set_input_files('[name=label]', tmp_path / 'torn.png')
    page.click('.files form button')
    page.locator('.message.bad', has_text='torn.png').wait_for()
    assert work.pictures() == before and str(tmp_path) not in page.inner_text('.message')
    for kind in ('label', 'instance'):
        page.set_input_files(f'[name={kind}]', sorted(toycity.glob(f'gtFine/val/*/*_{kind}Ids.png'))[1])
    page.click('.files form button')
    page.locator('.message:not(.bad)').wait_for()
    work.settle()
    assert work.picture('.layout') != before[0]


def test_tabs_have_editors_of_their_own(served, new_page):
    here, there = Workspace(new_page(420, 900), served), Workspace(new_page(1400, 900), served)
    before = there.picture('.layout')
    here.page.click('[data-kind="9"]')
    here.paint((5, 60), (60, 60))
    here.settle()
    assert here.picture('.layout') != before
    there.page.click('.redo', force=True)
    assert there.picture('.layout') == before and there.page.is_disabled('.undo')
    assert here.page.evaluate('document.documentElement.scrollWidth') <= 420  # nothing is cut off


def test_pasting_from_another_layout(served, new_page):
    page = new_page(1400, 900)
    work = Workspace(page, served)
    before = work.picture('.layout')
    page.select_option('.other select', index=2)
    page.locator('.other .pane').wait_for()
    work.paint((32, 60), pane='.other')
    work.settle()
    assert work.picture('.layout') != before and page.is_enabled('.undo')
