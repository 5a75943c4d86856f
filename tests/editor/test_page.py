"""The editor's page in a real browser."""

import socket
import time
import urllib.request

import numpy as np
import pytest
import torch
from PIL import Image

from helpers.chromium import BINARY, Chromium
from helpers.narrow import narrow
from helpers.ranks import PATIENCE
from semsynth.apis.inferencer import Inferencer
from semsynth.editor.page import check_servable, serve_editor
from semsynth.styles import StyleBank

gradio = pytest.importorskip('gradio', reason="Gradio is not installed: pip install -e '.[edit]'")
launch = pytest.importorskip('semsynth.editor.page.gradio_page').launch
in_browser = pytest.mark.skipif(BINARY is None, reason='there is no Chromium')
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
    page = serve_editor(inferencer, inferencer.find([toycity / 'gtFine/val'], instances_optional=True))
    yield page
    page.close()


class Page:
    """What a user does on the page, and sees."""

    def __init__(self, browser, address):
        self.browser = browser
        browser.open(address)
        browser.wait('/ms/.test(document.querySelector(".latency")?.textContent)')

    def at(self, x, y, pane='.layout'):
        """Where on the screen a pixel is."""
        left, top, width, height = self.browser.box(f'{pane} .overlay')
        return left + (x + .5) / 64 * width, top + (y + .5) / 64 * height

    def settle(self):
        """Wait until all that was done shows."""
        self.browser.wait('!document.querySelector(".busy")')

    def text(self, selector):
        return self.browser.evaluate(f'document.querySelector("{selector}").innerText')

    def picture(self, pane):
        return self.browser.evaluate(f'document.querySelector("{pane} .picture").toDataURL()')

    def pixel(self, x, y):
        return tuple(self.browser.evaluate(f'[...document.querySelector(".layout .picture").getContext("2d")'
                                           f'.getImageData({x}, {y}, 1, 1).data]'))[:3]

    def choose(self, selector, value):
        self.browser.evaluate(f'(each => {{ each.value = {value!r}; each.dispatchEvent(new Event("change")); }})'
                              f'(document.querySelector("{selector}"))')


def test_the_server_answers_this_machine_alone(served):
    assert served.local_url.startswith('http://127.0.0.1:') and not served.share_url
    page = urllib.request.urlopen(served.local_url, timeout=PATIENCE).read().decode()
    assert 'semsynth editor' in page and 'fonts.googleapis' not in page


def test_a_port_in_use(served):
    with gradio.Blocks(analytics_enabled=False) as page:
        pass
    with pytest.raises(ValueError, match=r'The page cannot be served: .*port'):
        launch(page, int(served.local_url.rstrip('/').rpartition(':')[2]))


@pytest.mark.slow
@in_browser
def test_a_full_edit(served, tmp_path):
    with Chromium((1400, 900), downloads=tmp_path) as browser:
        page = Page(browser, served.local_url)
        first = page.picture('.layout'), page.picture('.image')
        assert browser.evaluate('document.querySelector(".object .some").hidden')

        # A click selects; the class's styles are there to choose from.
        x, y = browser.evaluate('''(() => {
            const canvas = document.querySelector(".layout .picture"), { width, height } = canvas;
            const data = canvas.getContext("2d").getImageData(0, 0, width, height).data;
            for (let i = data.length / 4 - 1; i >= 0; i--) {
                if (data[4 * i] === 0 && data[4 * i + 1] === 0 && data[4 * i + 2] === 142)
                    return [i % width, Math.floor(i / width)];
            }})()''')
        browser.stroke(page.at(x, y))
        assert page.text('.what').startswith('car 26')
        number = browser.evaluate('[...document.querySelectorAll(".clusters button")].map(each => '
                                  'each.classList.contains("on"))').index(False)
        browser.click(f'[data-cluster="{number}"]')
        page.settle()
        assert page.picture('.layout') == first[0] and page.picture('.image') != first[1]
        browser.press('z', control=True)
        page.settle()
        assert page.picture('.image') == first[1]

        # Another class, and back.
        page.choose('.kind select', '7')
        page.settle()
        assert page.pixel(x, y) == (107, 142, 35)
        browser.click('.undo')
        page.settle()
        assert page.picture('.layout') == first[0]

        # A stroke on the layout changes both pictures, undo restores them, redo repeats it.
        browser.click('[data-kind="9"]')
        browser.stroke(page.at(5, 60), page.at(20, 50), page.at(60, 60))
        page.settle()
        assert page.pixel(20, 50) == (70, 130, 180)
        painted = page.picture('.layout'), page.picture('.image')
        assert painted[0] != first[0] and painted[1] != first[1]
        assert 'ms after the edit' in page.text('.latency')
        browser.press('z', control=True)
        page.settle()
        assert (page.picture('.layout'), page.picture('.image')) == first
        browser.press('y', control=True)
        page.settle()
        assert (page.picture('.layout'), page.picture('.image')) == painted

        # A polygon makes a car; dragged, it moves; it is removed.
        browser.click('[data-tool="polygon"]')
        browser.click('[data-kind="11"]')
        for corner in ((4, 4), (16, 4), (16, 16), (4, 16)):
            browser.stroke(page.at(*corner))
        browser.press('Enter')
        page.settle()
        assert page.pixel(10, 10) == (0, 0, 142) and page.text('.what').startswith('car 26')
        browser.press('v')
        browser.stroke(page.at(10, 10), page.at(20, 20), page.at(40, 22))
        page.settle()
        assert page.pixel(10, 10) != (0, 0, 142) and page.pixel(40, 22) == (0, 0, 142)
        browser.press('Delete')
        page.settle()
        assert page.pixel(40, 22) != (0, 0, 142)

        # Several actions at once keep their order.
        browser.evaluate('[...document.querySelectorAll("[data-part]")].forEach((each) => each.click())')
        page.settle()
        names = {'toycity_000000_000000_gtFine_labelIds.png', 'toycity_000000_000000_gtFine_instanceIds.png',
                 'toycity_000000_000000.png', 'toycity_000000_000000.npz'}
        end = time.monotonic() + PATIENCE
        while {path.name for path in tmp_path.iterdir()} != names and time.monotonic() < end:
            time.sleep(0.05)
        assert {path.name for path in tmp_path.iterdir()} == names
        assert Image.open(tmp_path / 'toycity_000000_000000.png').size == (64, 64)

        loaded = browser.evaluate('performance.getEntriesByType("resource").map((each) => each.name)')
        assert [name for name in loaded if not name.startswith((served.local_url, 'data:', 'blob:'))] == []
        assert browser.problems == []


@pytest.mark.slow
@in_browser
def test_tabs_have_editors_of_their_own(served):
    with Chromium((420, 900)) as one, Chromium((1400, 900)) as two:
        here, there = Page(one, served.local_url), Page(two, served.local_url)
        before = there.picture('.layout')
        here.browser.click('[data-kind="9"]')
        here.browser.stroke(here.at(5, 60), here.at(60, 60))
        here.settle()
        assert here.picture('.layout') != before
        there.browser.click('.redo')
        assert there.picture('.layout') == before and there.browser.evaluate('document.querySelector(".undo").disabled')
        assert one.evaluate('document.documentElement.scrollWidth') <= 420  # nothing is cut off


@pytest.mark.slow
@in_browser
def test_pasting_from_another_layout(served):
    with Chromium((1400, 900)) as browser:
        page = Page(browser, served.local_url)
        before = page.picture('.layout')
        page.choose('.other select', browser.evaluate('document.querySelector(".other select").options[2].value'))
        page.settle()
        browser.stroke(page.at(32, 60, '.other'))
        page.settle()
        assert page.picture('.layout') != before and not browser.evaluate('document.querySelector(".undo").disabled')
        assert browser.problems == []


@pytest.mark.parametrize('port', [0, -1, 70000, 'x'])
def test_impossible_ports(port):
    with pytest.raises(ValueError, match=f'port={port!r}, expected a whole number from 1 to 65535 or None'):
        check_servable(port)


def test_a_port_that_is_taken():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f'port={port} cannot be used .*: name another one, or none'):
            check_servable(port)
    check_servable(port)
