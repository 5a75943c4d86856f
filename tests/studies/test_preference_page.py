"""The page of a preference study in a real browser."""

import json
import time

import numpy as np
import pytest
from PIL import Image

from helpers.chromium import BINARY, Chromium
from helpers.ranks import PATIENCE
from semsynth.studies.preference import make_study
from semsynth.studies.preference.votes import read_votes

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BINARY is None, reason='there is no Chromium')]
COLOURS = dict(ours=(255, 0, 0), theirs=(0, 0, 255))


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


def shows(browser, tmp_path):
    """Colours in the middle of both images, as they are on the screen."""
    browser.picture(tmp_path / 'screen.png')
    screen = np.asarray(Image.open(tmp_path / 'screen.png').convert('RGB'))
    boxes = browser.evaluate('[...document.querySelectorAll(".choice .frame")].map(each => each.getBoundingClientRect()'
                             ').map(box => [box.y + box.height / 2, box.x + box.width / 2])')
    return [tuple(screen[int(y), int(x)].tolist()) for y, x in boxes]


def test_clicks_and_keys_become_a_file_of_votes(make, tmp_path):
    study, page = make()
    trials = list(study.trials.values())
    with Chromium(downloads=tmp_path) as browser:
        browser.open(page)
        browser.press('1')  # nothing to choose yet
        browser.click('#go')
        for place, choose in enumerate([lambda: browser.click('[data-choice="2"]'), lambda: browser.press('1'),
                                        lambda: browser.press('ArrowRight')]):
            browser.wait('ready')
            assert browser.evaluate('at("count").textContent') == f'{place + 1} of 4'
            assert shows(browser, tmp_path) == [COLOURS[method] for method in trials[place].methods]
            choose()
            browser.evaluate('ready || choose(1)')  # before the next pair is there a choice does not count
        end = time.monotonic() + PATIENCE
        while browser.evaluate('at("go").textContent') != 'Go on, with 1 left' and time.monotonic() < end:
            browser.open(page)  # nothing is lost, though a page may come before what the last one stored
        assert browser.evaluate('at("go").textContent') == 'Go on, with 1 left'
        browser.press('Enter')
        browser.wait('ready')
        assert browser.evaluate('at("count").textContent') == '4 of 4'
        browser.press('ArrowLeft')
        browser.wait('!at("end").hidden')
        browser.click('#end .save')
        path = tmp_path / f'votes_001_{study.id}.json'
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert browser.problems == []
    assert list(read_votes(study, [path]).items()) == list(zip(study.trials, [2, 1, 2, 1], strict=True))


def test_a_short_time(make, tmp_path):
    _, page = make(times=[0.5])
    with Chromium() as browser:
        browser.open(page)
        browser.evaluate('''new MutationObserver(() => {
            const blank = stage.classList.contains('blank');
            if (!blank) window.began ??= performance.now();
            else if (window.began) window.lasted ??= performance.now() - window.began;
        }).observe(stage, { attributes: true })''')
        browser.click('#go')
        browser.wait('window.began')
        browser.press('1')  # too early
        browser.wait('ready')
        assert browser.evaluate('Object.keys(votes).length') == 0
        assert browser.evaluate('lasted') > 480  # a frame is 17 ms; a busy computer takes longer
        gray = shows(browser, tmp_path)
        assert gray[0] == gray[1] and gray[0] not in COLOURS.values()
        browser.press('2')
        assert browser.evaluate('Object.values(votes)') == [2]
        assert browser.problems == []


@pytest.mark.parametrize(('size', 'stacked'), [((390, 844), True), ((844, 390), False)])
def test_a_phone(make, tmp_path, size, stacked):
    _, page = make()
    with Chromium(size, mobile=True) as browser:
        browser.call('Page.addScriptToEvaluateOnNewDocument',
                     source='Storage.prototype.setItem = () => { throw new Error("no room"); }')
        browser.open(page)
        assert not browser.evaluate('at("unkept").hidden')
        browser.click('#go')
        browser.wait('ready')
        (top, left), (lower, right) = browser.evaluate('[...document.querySelectorAll(".choice .frame")].map(each => '
                                                       '(box => [box.y, box.x])(each.getBoundingClientRect()))')
        assert (lower > top, right > left) == (stacked, not stacked)
        page_size = browser.evaluate('[document.documentElement.scrollWidth, document.documentElement.scrollHeight]')
        assert tuple(page_size) == size  # nothing to scroll
        browser.click('[data-choice="1"]')
        browser.wait('ready')
        assert browser.evaluate('at("count").textContent') == '2 of 4'


def test_a_missing_image(make):
    _, page = make()
    shown = json.loads(page.read_text().split('id="data">')[1].split('</script>')[0])['trials'][0]['pictures'][1]
    (page.parent / f'pictures/{shown}.png').unlink()
    with Chromium() as browser:
        browser.open(page)
        browser.click('#go')
        browser.wait('!at("broken").hidden')
        assert browser.evaluate('at("missing").textContent') == f'{shown}.png'
