"""The editor's page in Firefox, driven by its own Marionette."""

import base64
import io
import shutil
import time

import numpy as np
import pytest
from PIL import Image

from helpers.ranks import PATIENCE

marionette = pytest.importorskip('marionette_driver.marionette', reason='pip install marionette-driver')
BINARY = next(filter(None, map(shutil.which, ('firefox-esr', 'firefox'))), None)
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BINARY is None, reason='there is no Firefox')]
AT_REST = ('!document.querySelector(".starting, .busy") && '
           'document.querySelector("#model").textContent.startsWith("Model")')


class Firefox:
    """A window with the page."""

    def __init__(self, driver, address):
        self.driver = driver
        driver.navigate(address)
        self.wait(AT_REST)

    def value(self, expression):
        return self.driver.execute_script(f'return {expression}')

    def wait(self, expression):
        end = time.monotonic() + PATIENCE
        while not self.value(expression):
            if time.monotonic() > end:
                raise TimeoutError(f'still not: {expression}')
            time.sleep(0.1)

    def pictures(self):
        return [self.value(f'document.querySelector("#{pane} canvas").toDataURL()') for pane in ('layout', 'image')]

    def key(self, key):
        self.driver.actions.sequence('key', 'keyboard').send_keys(key).perform()

    def draw(self, *places):
        """Drag over the layout's canvas, along places given as parts of its width and height."""
        left, top, width, height = self.value(
            '(({ x, y, width, height }) => [x, y, width, height])'
            '(document.querySelector("#layout canvas").getBoundingClientRect())')
        points = [(round(left + x * width), round(top + y * height)) for x, y in places]
        mouse = self.driver.actions.sequence('pointer', 'mouse', {'pointerType': 'mouse'})
        mouse.pointer_move(*points[0]).pointer_down(0)
        for point in points[1:]:
            mouse.pointer_move(*point, duration=50)
        mouse.pointer_up(0).pointer_move(1, 1).perform()

    def screen(self, width, height):
        """What a window of a size shows, and how wide the page is."""
        extra = self.value('[outerWidth - innerWidth, outerHeight - innerHeight]')
        self.driver.set_window_rect(width=width + extra[0], height=height + extra[1])
        self.wait(f'innerWidth <= {max(width, 500)}')  # Firefox has no narrower windows
        picture = Image.open(io.BytesIO(base64.b64decode(self.driver.screenshot(full=False))))
        return np.asarray(picture.convert('RGB')), self.value('[document.documentElement.scrollWidth, innerWidth]')


@pytest.fixture(scope='module')
def driver(tmp_path_factory):
    folder = tmp_path_factory.mktemp('firefox')
    driver = marionette.Marionette(bin=BINARY, headless=True, startup_timeout=PATIENCE, workspace=str(folder),
                                   gecko_log=str(folder / 'gecko.log'))
    driver.start_session()
    yield driver
    driver.quit(in_app=False)
    driver.cleanup()


def test_paint_and_undo(driver, served):
    page = Firefox(driver, served)
    first = page.pictures()
    page.key('b')
    page.draw((.4, .5), (.5, .6), (.6, .5))
    page.wait(f'{AT_REST} && !document.querySelector("#undo").disabled')
    after = page.pictures()
    assert after[0] != first[0] and after[1] != first[1]
    driver.execute_script('document.querySelector("#layouts").focus()')
    driver.actions.sequence('key', 'keyboard').key_down('\ue009').send_keys('z').key_up('\ue009').perform()
    page.wait(f'{AT_REST} && document.querySelector("#undo").disabled')
    page.wait('document.querySelector("#object .some").hidden')
    assert page.pictures() == first
    page.key('v')
    assert page.value('document.querySelector("[data-tool=select]").ariaPressed') == 'true'


def test_the_page_fits_windows(driver, served):
    page = Firefox(driver, served)
    for width in (1440, 1280, 700, 500):
        screen, (scrolled, inner) = page.screen(width, 800)
        assert scrolled <= inner and len(np.unique(screen.reshape(-1, 3), axis=0)) > 100  # it shows pictures
