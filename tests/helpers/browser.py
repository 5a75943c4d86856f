"""A headless Chromium of the system, driven by Playwright."""

import shutil

import pytest

from helpers.ranks import PATIENCE

BINARY = next(filter(None, map(shutil.which, ('chromium', 'chromium-browser', 'google-chrome'))), None)


@pytest.fixture(scope='module')
def chromium():
    """The browser; skips where there is none, or no Playwright."""
    if BINARY is None:
        pytest.skip('there is no Chromium')
    api = pytest.importorskip('playwright.sync_api', reason="Playwright is not installed: pip install 'semsynth[test]'")
    with api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BINARY, args=['--no-sandbox', '--disable-gpu'])
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium):
    """Make pages, each as in a browser of its own: ``new_page(width=1280, height=800, **context)``.

    At the end no script on them has failed.
    """
    contexts, problems = [], []

    def make(width=1280, height=800, **options):
        context = chromium.new_context(viewport=dict(width=width, height=height), **options)
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE)
        page = context.new_page()
        page.on('pageerror', lambda error: problems.append(error))
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []


def drag(page, *places):
    """Press the mouse at a place on the screen, move it to the others, and let go; a click, where there is one."""
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place)
    page.mouse.up()
