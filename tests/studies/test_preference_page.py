"""The page of a preference study in a real browser."""

import io
import json
import time

import numpy as np
import pytest
from PIL import Image

from helpers.ranks import PATIENCE
from semsynth.studies.preference import make_study
from semsynth.studies.preference.votes import read_votes

pytestmark = pytest.mark.slow
COLOURS = dict(ours=(255, 0, 0), theirs=(0, 0, 255))
SCREEN = '''let now = 0;    // of 60 Hz, however slow the machine is; with each frame comes a key
window.requestAnimationFrame = (draw) => setTimeout(() => {
    now += 1000 / 60;
    if (!stage.classList.contains('blank')) Object.assign(window, { began: window.began ?? now, ended: now });
    document.dispatchEvent(new KeyboardEvent('keydown', { key: '1' }));
    draw(now);
});'''


@pytest.fixture
def make(tmp_path):
    """A study of one participant, and its page: red images against blue ones."""
    for method, colour in COLOURS.items():
        (tmp_path / method).mkdir()
        for number in range(4):
            Image.new('RGB', (32, 16), colour).save(tmp_path / method / f'{number}.png')

    def run(**settings):
        study, _ = make_study({method: tmp_path / method for method in COLOURS}, tmp_path / 'study', judgments=1,
                              **settings)
        return study, tmp_path / 'study/pages/participant_001.html'

    return run


def shows(page):
    """Colours in the middle of both images, as they are on the screen."""
    screen = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert('RGB'))
    boxes = page.evaluate('[...document.querySelectorAll(".choice .frame")].map(each => each.getBoundingClientRect()'
                          ').map(box => [box.y + box.height / 2, box.x + box.width / 2])')
    return [tuple(screen[int(y), int(x)].tolist()) for y, x in boxes]


def test_clicks_and_keys_become_a_file_of_votes(make, new_page, tmp_path):
    study, address = make()
    trials = list(study.trials.values())
    page = new_page()
    page.goto(address.as_uri())
    page.evaluate("localStorage.setItem('probe', 1)")
    page.goto(address.as_uri())
    if page.evaluate("localStorage.getItem('probe')") is None:
        pytest.skip('this browser keeps nothing of pages in files')
    page.keyboard.press('1')  # nothing to choose yet
    page.click('#go')
    for place, choose in enumerate([lambda: page.click('[data-choice="2"]'), lambda: page.keyboard.press('1'),
                                    lambda: page.keyboard.press('ArrowRight')]):
        page.wait_for_function('ready')
        assert page.inner_text('#count') == f'{place + 1} of 4'
        assert shows(page) == [COLOURS[method] for method in trials[place].methods]
        choose()
        page.evaluate('ready || choose(1)')  # before the next pair is there a choice does not count
    page.wait_for_timeout(1000)  # Chromium loses what a page stored that is left at once, on a busy machine
    end = time.monotonic() + PATIENCE / 10
    while page.inner_text('#go') != 'Go on, with 1 left' and time.monotonic() < end:
        page.goto(address.as_uri())  # nothing is lost, though a page may come before what the last one stored
    assert page.inner_text('#go') == 'Go on, with 1 left'
    page.keyboard.press('Enter')
    page.wait_for_function('ready')
    assert page.inner_text('#count') == '4 of 4'
    page.keyboard.press('ArrowLeft')
    page.wait_for_selector('#end .save')
    with page.expect_download() as download:
        page.click('#end .save')
    assert download.value.suggested_filename == f'votes_001_{study.id}.json'
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert list(read_votes(study, [path]).items()) == list(zip(study.trials, [2, 1, 2, 1], strict=True))


def test_a_short_time(make, new_page):
    _, address = make(times=[0.5])
    page = new_page()
    page.add_init_script(SCREEN)
    page.goto(address.as_uri())
    page.click('#go')
    page.wait_for_function('ready', polling=50)  # by frames it would take the page's own
    assert page.evaluate('Object.keys(votes).length') == 0  # the keys were too early
    assert page.evaluate('ended - began') == pytest.approx(500)
    gray = shows(page)
    assert gray[0] == gray[1] and gray[0] not in COLOURS.values()
    page.keyboard.press('2')
    assert page.evaluate('Object.values(votes)') == [2]


@pytest.mark.parametrize(('size', 'stacked'), [((390, 844), True), ((844, 390), False)])
def test_a_phone(make, new_page, size, stacked):
    _, address = make()
    page = new_page(*size, is_mobile=True, has_touch=True)
    page.add_init_script('Storage.prototype.setItem = () => { throw new Error("no room"); }')
    page.goto(address.as_uri())
    assert page.is_visible('#unkept')
    page.tap('#go')
    page.wait_for_function('ready')
    (top, left), (lower, right) = page.evaluate('[...document.querySelectorAll(".choice .frame")].map(each => '
                                                '(box => [box.y, box.x])(each.getBoundingClientRect()))')
    assert (lower > top, right > left) == (stacked, not stacked)
    page_size = page.evaluate('[document.documentElement.scrollWidth, document.documentElement.scrollHeight]')
    assert tuple(page_size) == size  # nothing to scroll
    page.tap('[data-choice="1"]')
    page.wait_for_function('ready')
    assert page.inner_text('#count') == '2 of 4'


def test_a_missing_image(make, new_page):
    _, path = make()
    shown = json.loads(path.read_text().split('id="data">')[1].split('</script>')[0])['trials'][0]['pictures'][1]
    (path.parent / f'pictures/{shown}.png').unlink()
    page = new_page()
    page.goto(path.as_uri())
    page.click('#go')
    page.wait_for_selector('#broken', state='visible')
    assert page.inner_text('#missing') == f'{shown}.png'
