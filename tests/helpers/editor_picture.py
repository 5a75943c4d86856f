"""Makes the picture of the editor in docs/editor.md: PYTHONPATH=.:tests python -m helpers.editor_picture MODEL OUT."""

import sys

from playwright.sync_api import sync_playwright

from helpers.browser import BINARY
from helpers.editor_page import EditorPage
from semsynth import Inferencer
from semsynth.editor.page import serve_editor

CAR = 'car'


def main(model: str, out: str) -> None:
    """Serve a published model's editor, give the largest car another style, and save what the browser shows."""
    inferencer = Inferencer(model)
    server = serve_editor(inferencer, inferencer.find(inferencer.samples, instances_optional=True))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BINARY, args=['--no-sandbox'])
        editor = EditorPage(browser.new_page(viewport=dict(width=1280, height=800)), server.url)
        editor.select(editor.state('state.setup.classes').index(CAR))
        styles = editor.page.locator('.clusters button[aria-pressed=false]')
        if styles.count():
            styles.first.click()
        editor.settle()
        editor.image()  # the pointer is elsewhere
        editor.page.screenshot(path=out)
        browser.close()
    server.close()


if __name__ == '__main__':
    main(*sys.argv[1:])
